"""Counting in how many texts each hash occurs."""

import numpy as np


class DocumentCounts:
    """In how many texts each hash occurs, in memory bounded by forgetting the rare ones.

    Args:
        limit: When more hashes than this are known, those met in one text are forgotten.
    """

    def __init__(self, limit: int = 20_000_000) -> None:
        self.limit = limit
        self.hashes = np.zeros(0, np.int64)
        self.counts = np.zeros(0, np.int64)
        self._waiting: list[np.ndarray] = []

    def add(self, rows: np.ndarray, hashes: np.ndarray) -> None:
        """Takes the hashes of some texts, with the row of each; a row must come as a whole."""
        order = np.lexsort((rows, hashes))
        rows, hashes = rows[order], hashes[order]
        first = np.ones(len(hashes), bool)
        first[1:] = (hashes[1:] != hashes[:-1]) | (rows[1:] != rows[:-1])
        self._waiting.append(hashes[first])

    def merge(self) -> None:
        """Counts what was added. What is forgotten depends on when this is called."""
        added = np.concatenate([np.zeros(0, np.int64), *self._waiting])
        self._waiting = []
        hashes, counts = np.unique(added, return_counts=True)
        places = np.searchsorted(self.hashes, hashes)
        known = np.append(self.hashes, 0)[places] == hashes
        known &= places < len(self.hashes)
        self.counts[places[known]] += counts[known]
        self.hashes = np.insert(self.hashes, places[~known], hashes[~known])
        self.counts = np.insert(self.counts, places[~known], counts[~known])
        if len(self.hashes) > self.limit:
            kept = self.counts > 1
            self.hashes, self.counts = self.hashes[kept], self.counts[kept]

    def most_frequent(self, most: int, floor: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the sorted hashes that `floor` texts have, at most `most`, and their counts."""
        kept = np.flatnonzero(self.counts >= floor)
        kept = np.sort(kept[np.argsort(-self.counts[kept], kind="stable")][:most])
        return self.hashes[kept], self.counts[kept]
