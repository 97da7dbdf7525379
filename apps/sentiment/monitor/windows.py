"""Counts of the windows that are still open, and the order in which they close."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from apps.sentiment.surge.events import WindowCounts

_MOST_EMPTY = 2000


class OpenWindows:
    """Negative and all texts by topic in windows of one length, aligned with midnight UTC.

    Args:
        length: Milliseconds.
        next_start: The first window that has not closed, None if none has.
    """

    def __init__(self, length: int, next_start: int | None = None) -> None:
        self.length = length
        self.next_start = next_start
        self._counts: dict[int, dict[str, WindowCounts]] = defaultdict(dict)

    def start_of(self, times: np.ndarray) -> np.ndarray:
        """Returns the start of the window of each time, milliseconds."""
        return times // self.length * self.length

    def late(self, times: np.ndarray, watermarks: np.ndarray) -> np.ndarray:
        """Tells whose window closes, or has closed, by the watermark of the same row."""
        ends = self.start_of(times) + self.length
        closed = ends <= watermarks
        return closed if self.next_start is None else closed | (ends <= self.next_start)

    def add(self, start: int, topic: str, *, negative: int, total: int) -> None:
        """Counts texts of a window that is open."""
        old = self._counts[start].get(topic, WindowCounts(0, 0))
        self._counts[start][topic] = WindowCounts(old.negative + negative, old.total + total)

    def close(self, watermark: int) -> Iterator[tuple[int, dict[str, WindowCounts]]]:
        """Yields start and counts of each window that ends by the watermark, in their order.

        Empty windows come too, but for those in a long silence: then the last 2000 before the
        next text.
        """
        until = watermark // self.length * self.length
        if self.next_start is None:
            self.next_start = min(self._counts, default=until)
        for start in sorted(self._counts):
            if start >= until:
                break
            yield from self._empty(start)
            yield start, self._counts.pop(start)
            self.next_start = start + self.length
        yield from self._empty(until)

    def _empty(self, until: int) -> Iterator[tuple[int, dict[str, WindowCounts]]]:
        assert self.next_start is not None
        first = max(self.next_start, until - _MOST_EMPTY * self.length)
        for start in range(first, until, self.length):
            yield start, {}
        self.next_start = max(self.next_start, until)
