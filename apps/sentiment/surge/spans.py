"""Sliding sums over spans of several lengths, so that what is sparse adds up."""

from datetime import timedelta
from typing import Any

import numpy as np

from apps.sentiment.surge.calendar import DAY

_SPANS = (timedelta(hours=4), DAY, 3 * DAY)


class Spans:
    """The newest windows, and their sums over one window, four hours, one day and three days.

    Spans that are no longer than a window are left out.

    Args:
        window: Length of a window.
    """

    def __init__(self, window: timedelta) -> None:
        steps = [round(span / window) for span in _SPANS]
        self.steps = np.array([1, *sorted({step for step in steps if step > 1})])
        self.strides = np.maximum(self.steps // 4, 1)
        self._recent = np.zeros((self.steps[-1], 3, 0))  # negative, expected, total

    def grow(self, topics: int) -> None:
        """Makes room for so many topics."""
        more = topics - self._recent.shape[2]
        self._recent = np.pad(self._recent, ((0, 0), (0, 0), (0, more)))

    def push(self, negative: np.ndarray, expected: np.ndarray, total: np.ndarray) -> None:
        """Adds a window, each array `(topics,)`."""
        self._recent = np.concatenate([self._recent[1:], [[negative, expected, total]]])

    def skip(self, windows: int) -> None:
        """Adds windows of which nothing is known."""
        for _ in range(min(windows, len(self._recent))):
            self.push(*np.zeros(self._recent.shape[1:]))

    def sums(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Returns negative, expected and total texts, each `(spans, topics)`."""
        sums = np.array([self._recent[-step:].sum(axis=0) for step in self.steps])
        return sums[:, 0], sums[:, 1], sums[:, 2]

    def due(self, number: int) -> np.ndarray:
        """Says which spans are looked at after a window: each four times in its length.

        Args:
            number: Of the window, counted from any fixed time.

        Returns:
            bool `(spans,)`.
        """
        return (number + 1) % self.strides == 0

    def to_json(self) -> dict[str, Any]:
        """Returns the state."""
        return {"recent": self._recent.tolist()}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from the state that `to_json` returned."""
        self._recent = np.array(state["recent"], float).reshape(len(self._recent), 3, -1)
