"""What users did, one row each: lists of item numbers of any length, oldest first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from dlkit.data.events import Events


class Histories(NamedTuple):
    """Rows of item numbers.

    Args:
        starts: int64 `(rows + 1,)`, where each row begins among the items.
        items: int64 `(events,)`.
        weights: float32 `(events,)`.
    """

    starts: np.ndarray
    items: np.ndarray
    weights: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Events of each row, int64 `(rows,)`."""
        return np.diff(self.starts)

    def take(self, rows: np.ndarray) -> Histories:
        """Returns some rows."""
        lengths = self.lengths[rows]
        starts = np.append(0, np.cumsum(lengths))
        places = np.repeat(self.starts[rows] - starts[:-1], lengths) + np.arange(starts[-1])
        return Histories(starts, self.items[places], self.weights[places])

    def padded(self, longest: int) -> np.ndarray:
        """Returns the last events of each row, aligned at the end.

        Args:
            longest: Most events of a row.

        Returns:
            int32 `(rows, n)` of item numbers plus 1, 0 where there is none; n is at most `longest`
            and at least 1.
        """
        lengths = np.minimum(self.lengths, longest)
        width = max(1, int(lengths.max(initial=0)))
        back = np.arange(width, 0, -1)[None]  # how far from the end
        exists = back <= lengths[:, None]
        places = np.where(exists, self.starts[1:, None] - back, 0)
        numbers = self.items[places] if len(self.items) else np.zeros_like(places)
        return np.where(exists, numbers + 1, 0).astype(np.int32)

    def matrix(self, items: int) -> sp.csr_matrix:
        """Returns float32 `(rows, items)`, the weights of what is there."""
        return sp.csr_matrix((self.weights, self.items, self.starts), (len(self), items))


def histories_of(events: Events, rows: np.ndarray, users: np.ndarray) -> Histories:
    """Collects events by user.

    Args:
        events: All events, in the order of users and time.
        rows: Those of them that count, rising.
        users: Numbers of the users, one a row of what is returned.

    Returns:
        The histories of these users.
    """
    of_users = events.users[rows]
    first = np.searchsorted(of_users, np.arange(len(events.user_ids) + 1))
    everyone = Histories(first, events.items[rows], events.weights[rows])
    return everyone.take(users)


def histories_of_lists(lists: Sequence[Sequence[int] | np.ndarray]) -> Histories:
    """Makes histories from lists of item numbers, of weight 1."""
    items = np.array([item for row in lists for item in row], np.int64)
    starts = np.append(0, np.cumsum([len(row) for row in lists])).astype(np.int64)
    return Histories(starts, items, np.ones(len(items), np.float32))
