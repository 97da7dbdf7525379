"""Finds texts that repeat, or nearly repeat, one that came before, in bounded memory."""

from collections.abc import Iterator, Sequence

import numpy as np

from apps.sentiment.monitor.fingerprints import signatures, similarity

_BANDS, _ROWS = 8, 4
_THRESHOLD = 0.8
_SLOTS = 2**18
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Duplicates:
    """Remembers the signatures of the newest texts.

    Signatures are cut into bands; each band leads to the newest text with the same band
    (Leskovec et al., Mining of Massive Datasets, 3.4), so that of 100 pairs with similarity 0.8
    about 98 are compared. Which rows are copies does not depend on how they come in batches.

    Args:
        span: Milliseconds between a text and its copy at most; 0 finds none.
        capacity: Texts that are remembered: 34 MB for 2**17.
    """

    def __init__(self, span: int, capacity: int = 2**17) -> None:
        self._span = span
        self._capacity = capacity
        self._signatures = np.zeros((capacity, 33), np.uint32)
        self._times = np.zeros(capacity, np.int64)
        self._numbers = np.zeros(capacity, np.int64)
        self._table = np.full((_BANDS, _SLOTS), -1, np.int64)
        self._count = 0

    def add(self, numbers: np.ndarray, times: np.ndarray, texts: Sequence[str]) -> np.ndarray:
        """Compares texts with all before them, and remembers them.

        Args:
            numbers: int64 `(rows,)`, what identifies each text.
            times: int64 `(rows,)`, milliseconds.
            texts: `(rows,)`, fewer than the capacity.

        Returns:
            int64 `(rows,)`: the number of the first text of its kind, -1 where there is none.
        """
        if not self._span or not len(texts):
            return np.full(len(texts), -1, np.int64)
        found = signatures(texts)
        orders = self._count + np.arange(len(texts))
        slots = _slots(found)  # (rows, bands)
        candidates = self._candidates(slots, orders)
        places = orders % self._capacity
        self._signatures[places] = found
        self._times[places] = times
        self._numbers[places] = numbers
        self._count += len(texts)
        for band in range(_BANDS):
            self._table[band][slots[:, band]] = orders  # of equal slots the last one stays
        repeated = np.full(len(texts), -1, np.int64)
        for row, other in self._nearest(places, candidates):  # in order: a copy may have copies
            repeated[row] = self._numbers[places[row]] = self._numbers[other]
        return repeated

    def _candidates(self, slots: np.ndarray, orders: np.ndarray) -> np.ndarray:
        """Returns the newest earlier text in each slot `(rows, bands)`, -1 where there is none."""
        candidates = np.empty(slots.shape, np.int64)
        for band in range(_BANDS):
            column = slots[:, band]
            candidates[:, band] = self._table[band][column]
            order = np.argsort(column, kind="stable")
            again = np.flatnonzero(column[order][1:] == column[order][:-1]) + 1
            candidates[order[again], band] = orders[order[again - 1]]
        oldest = orders[-1] + 1 - self._capacity
        return np.where(candidates >= oldest, candidates, -1)

    def _nearest(self, places: np.ndarray, candidates: np.ndarray) -> Iterator[tuple[int, int]]:
        """Yields each row that is a copy, and the place of the text that it is most like."""
        others = candidates % self._capacity  # (rows, bands)
        one, other = self._signatures[places][:, None], self._signatures[others]
        near = np.abs(self._times[places][:, None] - self._times[others]) <= self._span
        same_figures = one[..., -1] == other[..., -1]
        shared = np.where((candidates >= 0) & near & same_figures, similarity(one, other), 0.0)
        best = shared.argmax(axis=1)
        for row in np.flatnonzero(shared.max(axis=1) >= _THRESHOLD):
            yield int(row), int(others[row, best[row]])


def _slots(found: np.ndarray) -> np.ndarray:
    """Hashes each band of signatures to a slot, `(rows, bands)`."""
    bands = found[:, : _BANDS * _ROWS].astype(np.uint64).reshape(len(found), _BANDS, _ROWS)
    key = np.zeros(bands.shape[:2], np.uint64)
    for row in range(_ROWS):
        key = (key ^ bands[..., row]) * _MIX
        key ^= key >> np.uint64(29)
    return (key % np.uint64(_SLOTS)).astype(np.int64)
