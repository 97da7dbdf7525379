"""Items near a state of a user among very many, found without scoring all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from dlkit.errors import InputError

_LINKS, _BUILD_WIDTH, _FIRST_WIDTH, _LAST_WIDTH = 16, 100, 50, 3200


class ItemIndex:
    """A graph of neighbours (HNSW) over vectors, by their dot product.

    Malkov and Yashunin, "Efficient and robust approximate nearest neighbor search using
    hierarchical navigable small world graphs", 2020, as `hnswlib` has it.

    Args:
        dim: Size of the vectors.
    """

    def __init__(self, dim: int) -> None:
        self.dim, self._width = dim, _FIRST_WIDTH
        self._index = _hnswlib().Index(space="ip", dim=dim)
        self._index.init_index(max_elements=1, M=_LINKS, ef_construction=_BUILD_WIDTH)

    def __len__(self) -> int:
        return int(self._index.get_current_count())

    def add(self, vectors: np.ndarray, *, threads: int = -1) -> None:
        """Adds vectors float32 `(n, dim)`, which get the next numbers; -1 threads are all."""
        first, total = len(self), len(self) + len(vectors)
        self._index.resize_index(max(total, 1))
        self._index.add_items(vectors, np.arange(first, total), num_threads=threads)

    def find(self, queries: np.ndarray, number: int) -> np.ndarray:
        """Returns the numbers of the best vectors, int64 `(queries, number)`, the best first.

        Args:
            queries: float32 `(queries, dim)`.
            number: How many to find; at most as many as there are.
        """
        self._index.set_ef(max(self._width, number))
        return self._index.knn_query(queries, number)[0].astype(np.int64)

    def widen(self, vectors: np.ndarray, queries: np.ndarray, *, at: int, least: float) -> float:
        """Searches more widely until enough of the exact best are found.

        Args:
            vectors: All that were added, in their order.
            queries: float32 `(queries, dim)`.
            at: How many of the best are to be found.
            least: Share of them that is enough.

        Returns:
            The share that is found.
        """
        exact = [set(np.argpartition(-(vectors @ query), at - 1)[:at]) for query in queries]
        for width in _doubled(_FIRST_WIDTH, _LAST_WIDTH):
            self._width = width
            found = self.find(queries, at)
            pairs = zip(exact, found.tolist(), strict=True)
            recall = float(np.mean([len(best & {*row}) / at for best, row in pairs]))
            if recall >= least:
                break
        return recall

    def save(self, path: Path) -> None:
        """Writes the index."""
        self._index.save_index(str(path))

    @classmethod
    def load(cls, path: Path, dim: int) -> ItemIndex:
        """Reads what `save` wrote."""
        index = cls(dim)
        index._index.load_index(str(path))
        return index


def _doubled(first: int, last: int) -> list[int]:
    widths = [first]
    while widths[-1] < last:
        widths.append(2 * widths[-1])
    return widths


def _hnswlib() -> Any:
    try:
        import hnswlib
    except ImportError as error:
        msg = "Items beyond 200,000 need an approximate index. Received: no hnswlib. "
        raise InputError(msg + 'Call pip install "dlkit[index]".') from error
    return hnswlib
