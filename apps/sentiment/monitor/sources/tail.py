"""Follows one file through growth, truncation and replacement."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from apps.sentiment.monitor.sources.base import Batch
from apps.sentiment.monitor.sources.lines import Lines, rows_of

_BYTES = 2**17
_MARK_BYTES = 256


class Tail:
    """The lines of a file after a position.

    The position knows the first bytes of its file: another file of the same name, or the same
    one emptied and filled again, is read from its start. A file that is renamed away while it is
    open is read to its end before the one that takes its name.

    Args:
        path: The file; may be missing for a while.
        position: What a batch of an earlier tail said, or None.
    """

    def __init__(self, path: Path, position: dict[str, Any] | None) -> None:
        self._path = path
        self._position = position or {"offset": 0, "line": 0, "mark": ""}
        self._file: BinaryIO | None = None
        self._seen: tuple[int, int] | None = None

    def read(self, part: str, *, last: bool) -> Iterator[Batch]:
        """Yields what is new.

        Args:
            part: Names the file in positions and places.
            last: Whether a line without an end is a line.
        """
        while self._opens():
            assert self._file
            yield from self._new(self._file, part, last=last)
            if self._is_current(self._file):
                return
            self.close()
            self._position = {"offset": 0, "line": 0, "mark": ""}

    def close(self) -> None:
        """Lets go of the file, which is opened again when it has changed."""
        if self._file:
            self._file.close()
            self._file = None

    def _opens(self) -> bool:
        """Tells whether there may be something new."""
        if self._file:
            return True
        try:
            file = self._path.open("rb")
        except OSError:
            return False
        status = os.fstat(file.fileno())
        if (status.st_ino, status.st_size) == self._seen:
            file.close()
            return False
        head = file.read(_MARK_BYTES)
        if not _starts_with(head, self._position):
            self._position = {"offset": 0, "line": 0, "mark": ""}
        self._file = file
        return True

    def _new(self, file: BinaryIO, part: str, *, last: bool) -> Iterator[Batch]:
        start = self._position["offset"]
        if os.fstat(file.fileno()).st_size < start:  # emptied while it was open
            self._position, start = {"offset": 0, "line": 0, "mark": ""}, 0
        file.seek(start)
        lines = Lines(self._position["line"])
        while data := file.read(_BYTES):
            yield from self._batch(file, start, lines, lines.feed(data), part)
        if last:
            yield from self._batch(file, start, lines, lines.rest(), part)
        status = os.fstat(file.fileno())
        self._seen = (status.st_ino, status.st_size)

    def _batch(
        self,
        file: BinaryIO,
        start: int,
        lines: Lines,
        found: list[tuple[int, bytes]],
        part: str,
    ) -> Iterator[Batch]:
        if not found:
            return
        offset = start + lines.size
        mark = self._position["mark"]
        if self._position["offset"] < _MARK_BYTES:
            mark = _mark(os.pread(file.fileno(), min(offset, _MARK_BYTES), 0))
        self._position = {"offset": offset, "line": lines.number, "mark": mark}
        place = f"{part} " if part else ""
        yield Batch(*rows_of(found, place), {part: self._position})

    def _is_current(self, file: BinaryIO) -> bool:
        """Tells whether the name still leads to the open file."""
        try:
            return self._path.stat().st_ino == os.fstat(file.fileno()).st_ino
        except OSError:
            return True  # renamed away, and nothing has taken its name yet


def _starts_with(head: bytes, position: dict[str, Any]) -> bool:
    known = min(position["offset"], _MARK_BYTES)
    return not known or (len(head) >= known and _mark(head[:known]) == position["mark"])


def _mark(head: bytes) -> str:
    return hashlib.blake2b(head, digest_size=8).hexdigest()
