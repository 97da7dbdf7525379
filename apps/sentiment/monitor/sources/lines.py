"""Bytes that come piece by piece, as numbered lines and rows."""

from collections.abc import Iterable

from apps.sentiment.monitor.rows import LONGEST_LINE, BadRow, Row, RowError, read_row

_SHOWN = 2000


class Lines:
    """Splits bytes into lines in bounded memory; what is too long comes cut.

    Args:
        number: Lines before the first.
    """

    def __init__(self, number: int = 0) -> None:
        self.number = number
        self.size = 0
        """Bytes of all lines that were given out."""
        self._pending = b""
        self._dropped = 0

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Returns the lines that are complete with these bytes, with their numbers from 1."""
        *complete, rest = (self._pending + data).split(b"\n")
        lines = [self._numbered(line, 1) for line in complete]
        self._pending = rest[: LONGEST_LINE + 1]
        self._dropped += len(rest) - len(self._pending)
        return lines

    def rest(self) -> list[tuple[int, bytes]]:
        """Returns the last line, which has no end."""
        lines = [self._numbered(self._pending, 0)] if self._pending else []
        self._pending = b""
        return lines

    def _numbered(self, line: bytes, end: int) -> tuple[int, bytes]:
        self.number += 1
        self.size += len(line) + end + self._dropped
        self._dropped = 0
        return self.number, line


def rows_of(lines: Iterable[tuple[int, bytes]], part: str) -> tuple[list[Row], list[BadRow]]:
    """Reads numbered lines; empty ones are left out.

    Args:
        lines: Numbers and lines of JSON.
        part: Names the file in the place of a bad row.
    """
    rows, bad = [], []
    for number, line in lines:
        if not line or line.isspace():
            continue
        try:
            rows.append(read_row(line))
        except RowError as error:
            raw = line[:_SHOWN].decode("utf-8", errors="replace")
            bad.append(BadRow(f"{part}line {number}", str(error), raw))
    return rows, bad
