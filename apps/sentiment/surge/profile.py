"""How much more or less than usual comes at one time of the day or of the week."""

from typing import Any

import numpy as np

_PRIOR = 20.0  # expected texts that weigh as much as what all topics together show


class Profile:
    """A factor for each topic and cell, shrunk towards all topics together, and these towards one.

    Args:
        cells: Cells of the calendar.
        decay: Weight of a window over that of the next one.
    """

    def __init__(self, cells: int, decay: float) -> None:
        self._decay = decay
        self._observed = np.zeros((0, cells))
        self._expected = np.zeros((0, cells))

    def grow(self, topics: int) -> None:
        """Makes room for so many topics."""
        more = topics - len(self._observed)
        self._observed = np.pad(self._observed, ((0, more), (0, 0)))
        self._expected = np.pad(self._expected, ((0, more), (0, 0)))

    def factors(self, cell: int) -> np.ndarray:
        """Returns the factors in a cell, `(topics,)`."""
        observed, expected = self._observed[:, cell], self._expected[:, cell]
        pooled = (_PRIOR + observed.sum()) / (_PRIOR + expected.sum())
        return (_PRIOR * pooled + observed) / (_PRIOR + expected)

    def update(self, cell: int, observed: np.ndarray, expected: np.ndarray) -> None:
        """Learns from one window.

        Args:
            cell: Where it falls.
            observed: Texts, `(topics,)`.
            expected: How many were expected without this profile, `(topics,)`.
        """
        self._observed *= self._decay
        self._expected *= self._decay
        self._observed[:, cell] += observed
        self._expected[:, cell] += expected

    def to_json(self) -> dict[str, Any]:
        """Returns the state."""
        return {"observed": self._observed.tolist(), "expected": self._expected.tolist()}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from the state that `to_json` returned."""
        cells = self._observed.shape[1]
        self._observed = np.array(state["observed"], float).reshape(-1, cells)
        self._expected = np.array(state["expected"], float).reshape(-1, cells)
