"""How much more or less than usual comes at one time of the day or of the week."""

from typing import Any

import numpy as np

_PRIOR = 20.0  # expected texts that weigh as much as what all topics together show


class Profile:
    """A factor for each topic and cell, shrunk towards all topics together, and these towards one.

    The factors of the cells of a group tell them apart; that of the groups is not theirs.

    Args:
        groups: Groups of cells of the calendar.
        cells: Cells in each.
        decay: Weight of a window over that of the next one.
    """

    def __init__(self, groups: int, cells: int, decay: float) -> None:
        self._decay = decay
        self._observed = np.zeros((0, groups, cells))
        self._exposure = np.zeros((0, groups, cells))

    def grow(self, topics: int) -> None:
        """Makes room for so many topics."""
        more = ((0, topics - len(self._observed)), (0, 0), (0, 0))
        self._observed = np.pad(self._observed, more)
        self._exposure = np.pad(self._exposure, more)

    def factors(self, group: int, cell: int) -> np.ndarray:
        """Returns the factors in a cell, `(topics,)`."""
        texts, exposure = self._observed[:, group], self._exposure[:, group]
        rates = texts.sum(axis=1) / np.maximum(exposure.sum(axis=1), 1e-12)
        observed, expected = texts[:, cell], rates * exposure[:, cell]
        pooled = (_PRIOR + observed.sum()) / (_PRIOR + expected.sum())
        return (_PRIOR * pooled + observed) / (_PRIOR + expected)

    def update(self, group: int, cell: int, observed: np.ndarray, volume: np.ndarray) -> None:
        """Learns from one window.

        Args:
            group: Where it falls.
            cell: Where it falls in the group.
            observed: Texts, `(topics,)`.
            volume: How much there was of everything over what is usual then, `(topics,)`.
        """
        self._observed *= self._decay
        self._exposure *= self._decay
        self._observed[:, group, cell] += observed
        self._exposure[:, group, cell] += volume

    def to_json(self) -> dict[str, Any]:
        """Returns the state."""
        return {"observed": self._observed.tolist(), "exposure": self._exposure.tolist()}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from the state that `to_json` returned."""
        shape = (-1, *self._observed.shape[1:])
        self._observed = np.array(state["observed"], float).reshape(shape)
        self._exposure = np.array(state["exposure"], float).reshape(shape)
