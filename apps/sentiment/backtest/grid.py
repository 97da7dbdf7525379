"""Counts of a whole history on a regular grid of windows."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

from apps.sentiment.surge import WindowCounts


@dataclasses.dataclass(frozen=True)
class Grid:
    """Negative and all texts by window and topic.

    Args:
        start: Of the first window.
        window: Length of a window.
        topics: The names.
        negative: int64 `(windows, topics)`.
        total: int64 `(windows, topics)`.
        calm: bool `(windows,)`, those without a real surge: only there an alarm is a false one.
    """

    start: datetime
    window: timedelta
    topics: tuple[str, ...]
    negative: np.ndarray
    total: np.ndarray
    calm: np.ndarray

    def __len__(self) -> int:
        return len(self.negative)

    @property
    def years(self) -> float:
        """Returns how many calm years of a topic there are in all."""
        windows = int(self.calm.sum()) * len(self.topics)
        return windows * (self.window / timedelta(days=365.25))

    def steps(self, days: float) -> int:
        """Returns how many windows there are in so many days."""
        return round(timedelta(days=days) / self.window)

    def windows(self) -> Iterator[tuple[datetime, Mapping[str, WindowCounts]]]:
        """Yields start and counts of each window."""
        for place, rows in enumerate(zip(self.negative.tolist(), self.total.tolist(), strict=True)):
            pairs = zip(self.topics, *rows, strict=True)
            counts = {topic: WindowCounts(*numbers) for topic, *numbers in pairs}
            yield self.start + place * self.window, counts

    def part(self, first: int, end: int) -> "Grid":
        """Returns the windows from one to before another."""
        return dataclasses.replace(
            self,
            start=self.start + first * self.window,
            negative=self.negative[first:end],
            total=self.total[first:end],
            calm=self.calm[first:end],
        )

    def with_surges(self, spans: Collection[tuple[datetime, datetime]]) -> "Grid":
        """Marks real surges: spans of time from one moment to before another."""
        starts = [self.start + place * self.window for place in range(len(self))]
        real = [any(first <= start < end for first, end in spans) for start in starts]
        return dataclasses.replace(self, calm=self.calm & ~np.array(real))

    def only(self, columns: np.ndarray) -> "Grid":
        """Returns some of the topics.

        Args:
            columns: bool `(topics,)`.
        """
        return dataclasses.replace(
            self,
            topics=tuple(np.array(self.topics, object)[columns].tolist()),
            negative=self.negative[:, columns],
            total=self.total[:, columns],
        )

    def together(self) -> "Grid":
        """Returns all topics as one."""
        return dataclasses.replace(
            self,
            topics=("all texts",),
            negative=self.negative.sum(axis=1, keepdims=True),
            total=self.total.sum(axis=1, keepdims=True),
        )

    def with_more(self, extra: np.ndarray) -> "Grid":
        """Adds negative texts, `(windows, topics)`."""
        return dataclasses.replace(self, negative=self.negative + extra, total=self.total + extra)


def make_grid(
    times: Sequence[datetime], topics: Sequence[str], negative: np.ndarray, window: timedelta
) -> Grid:
    """Counts texts.

    Args:
        times: With a time zone, `(texts,)`.
        topics: `(texts,)`.
        negative: bool `(texts,)`.
        window: Length of a window; they start at midnight UTC.
    """
    start = min(times).replace(hour=0, minute=0, second=0, microsecond=0)
    places = np.array([(time - start) // window for time in times])
    names, columns = np.unique(np.array(topics, object).astype(str), return_inverse=True)
    shape = (int(places.max()) + 1, len(names))
    total, bad = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    np.add.at(total, (places, columns), 1)
    np.add.at(bad, (places, columns), negative.astype(np.int64))
    return Grid(start, window, tuple(names.tolist()), bad, total, np.ones(shape[0], bool))
