"""Labels for rows that have none, from the few rows that have one."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize
from sklearn.semi_supervised import LabelSpreading

UNLABELLED = -1

_NEIGHBOURS = 10
_KEPT = 0.9  # share of what a row says that comes from its neighbours, not from its own label
_POWER = 3  # of a similarity, so that the nearest neighbours count most
_MOST_ITERATIONS = 1000


class SpreadLabels(NamedTuple):
    """What was found.

    Args:
        labels: int64 `(rows,)`; those that came in, and -1 for rows that no label has reached.
        strengths: float64 `(rows,)`, the share of the label in all that has reached the row, by
            which rows can be ordered; no probability.
    """

    labels: np.ndarray
    strengths: np.ndarray


def spread_labels(features: np.ndarray, labels: np.ndarray) -> SpreadLabels:
    """Lets labels flow over the graph of nearest neighbours to the rows that have none.

    Rows of one class lie in one region, which a few labelled rows only touch; between regions
    there are few rows (Zhou et al., "Learning with local and global consistency", 2004).

    Args:
        features: float `(rows, columns)`, compared by their angle.
        labels: int `(rows,)`, -1 where a row has none; one row at least has one.

    Returns:
        A label for each row that has a way to a labelled one.

    Raises:
        ValueError: No row has a label.

    Example:
    ```python
    found = spread_labels(np.eye(2)[[0, 0, 1, 1]], np.array([5, -1, -1, 7]))
    found.labels  # [5, 5, 7, 7]
    ```
    """
    if (labels == UNLABELLED).all():
        raise ValueError(f"`labels` must hold a label. Received: {len(labels)} times -1.")
    model = LabelSpreading(
        kernel=lambda rows, _: _similarities(rows), alpha=_KEPT, max_iter=_MOST_ITERATIONS
    )
    model.fit(normalize(features), labels)
    reached = model.label_distributions_.max(1)
    found = np.where(reached > 0, model.transduction_, UNLABELLED)
    known = labels != UNLABELLED
    return SpreadLabels(np.where(known, labels, found), np.where(known, 1.0, reached))


def _similarities(rows: np.ndarray) -> sp.csr_matrix:
    """Returns how alike rows of unit length are, for those that are neighbours of each other."""
    count = min(_NEIGHBOURS, len(rows) - 1)
    search = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(rows)
    graph = search.kneighbors_graph(mode="distance")  # without the row itself
    graph.data = np.maximum(1 - graph.data**2 / 2, 0) ** _POWER  # cosines
    return sp.csr_matrix(graph + graph.T)
