"""A file that grows, and a folder to which files are added."""

import threading
from collections.abc import Generator, Iterator
from pathlib import Path

from apps.sentiment.monitor.sources.base import Batch, Positions, Source
from apps.sentiment.monitor.sources.tail import Tail

_WAIT_SECONDS = 0.2


class Files(Source):
    """JSON lines of one file, or of all `*.jsonl` in a folder in the order of their names.

    Args:
        path: The file or the folder.
        follow: Whether to wait for more.
    """

    def __init__(self, path: Path, *, follow: bool) -> None:
        super().__init__(str(path))
        self._path = path
        self._follow = follow

    def read(self, positions: Positions, stop: threading.Event) -> Generator[Batch]:
        """Yields what is there, then what is added."""
        tails: dict[str, Tail] = {}
        try:
            while True:
                for part, path in self._parts():
                    tail = tails.setdefault(part, Tail(path, positions.get(part)))
                    # while more may come, a line without an end is not complete
                    yield from tail.read(part, last=not self._follow)
                    if part:
                        tail.close()
                if not self._follow:
                    return
                yield Batch()
                if stop.wait(_WAIT_SECONDS):
                    return
        finally:
            for tail in tails.values():
                tail.close()

    def _parts(self) -> Iterator[tuple[str, Path]]:
        if not self._path.is_dir():
            yield "", self._path
            return
        for path in sorted(self._path.glob("*.jsonl")):
            yield path.name, path
