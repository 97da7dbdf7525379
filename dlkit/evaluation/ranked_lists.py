"""How good ranked lists are: over the whole catalogue, without sampled negatives."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

_AT = (10, 20)
_BATCH = 2_000_000  # scores held at a time
_DRAWS = 1000

Score = Callable[[np.ndarray], np.ndarray]
"""From case numbers `(batch,)` to scores float32 `(batch, items)`, which may be changed."""


class RankedLists(NamedTuple):
    """The best of each case, and how each case was met.

    Args:
        items: Item numbers int64 `(cases, 20)`, best first; -1 where there are fewer.
        hits: Whether an item was wanted, bool `(cases, 20)`.
        wanted: How many were, int64 `(cases,)`.
    """

    items: np.ndarray
    hits: np.ndarray
    wanted: np.ndarray

    def by_case(self) -> dict[str, np.ndarray]:
        """Returns each measure float64 `(cases,)`.

        Recall is of what a list of this length can hold; NDCG has binary gains (Jarvelin and
        Kekalainen, "Cumulated gain-based evaluation of IR techniques", 2002).
        """
        measures = {}
        discounts = 1 / np.log2(np.arange(2, self.hits.shape[1] + 2))
        for at in _AT:
            found = self.hits[:, :at].sum(1)
            ideal = np.cumsum(discounts[:at])[np.minimum(self.wanted, at) - 1]
            measures[f"recall@{at}"] = found / np.minimum(self.wanted, at)
            measures[f"ndcg@{at}"] = (self.hits[:, :at] * discounts[:at]).sum(1) / ideal
            measures[f"hit_rate@{at}"] = (found > 0).astype(float)
        first = np.argmax(self.hits, axis=1)
        measures["mrr"] = np.where(self.hits.any(1), 1 / (1 + first), 0.0)
        return measures


def rank(
    score: Score,
    *,
    given: sp.csr_matrix,
    wanted: sp.csr_matrix,
    candidates: np.ndarray | None = None,
    at: int = _AT[-1],
) -> RankedLists:
    """Ranks all items for each case, but those that are given, in batches of bounded size.

    Args:
        score: Scores every item for some cases.
        given: float `(cases, items)`, what is not recommended again.
        wanted: float `(cases, items)`, what is right.
        candidates: Item numbers that are ranked; None ranks all.
        at: Length of the lists.

    Returns:
        The lists.
    """
    cases, items = wanted.shape
    size = max(1, min(1024, _BATCH // items))
    lists, hits = [], []
    for start in range(0, cases, size):
        rows = np.arange(start, min(start + size, cases))
        scores = score(rows)
        scores[given[rows].nonzero()] = -np.inf
        if candidates is not None:
            hidden = np.ones(items, bool)
            hidden[candidates] = False
            scores[:, hidden] = -np.inf
        best = _top(scores, at)
        reached = np.take_along_axis(scores, np.maximum(best, 0), 1) > -np.inf
        lists.append(np.where(reached, best, -1))
        right = np.asarray(wanted[rows[:, None], best].todense()) > 0
        hits.append(right & reached)
    totals = np.diff(wanted.indptr)
    return RankedLists(np.concatenate(lists), np.concatenate(hits), totals)


def _top(scores: np.ndarray, at: int) -> np.ndarray:
    at = min(at, scores.shape[1])
    best = np.argpartition(-scores, at - 1, axis=1)[:, :at]
    order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
    return np.take_along_axis(best, order, 1)


def measures(lists: RankedLists) -> dict[str, Any]:
    """Returns the mean of each measure over the cases."""
    return {name: float(values.mean()) for name, values in lists.by_case().items()}


def list_qualities(
    lists: RankedLists, *, popularity: np.ndarray, vectors: Any, ranked: int
) -> dict[str, float]:
    """Measures lists beside their hits.

    Args:
        lists: The lists.
        popularity: Users of each item in training, `(items,)`.
        vectors: Rows of unit length for each item, dense or sparse `(items, features)`; items are
            alike as far as these are.
        ranked: How many items could have been recommended.

    Returns:
        `coverage`, the share of the items that is in any list; `novelty`, the mean information in
        bits of seeing an item (Zhou et al., "Solving the apparent diversity-accuracy dilemma of
        recommender systems", 2010); `popularity`, the mean place of the items among all by
        popularity, 1 for the most popular; `diversity`, 1 less the mean likeness of two items of a
        list (Smyth and McClave, "Similarity vs. diversity", 2001), over the first ten.
    """
    shown = lists.items[:, : _AT[0]]
    flat = shown[shown >= 0]
    share = (popularity + 1) / (popularity.sum() + len(popularity))
    place = np.argsort(np.argsort(popularity, kind="stable")) / max(len(popularity) - 1, 1)
    return {
        "coverage": len(np.unique(flat)) / ranked,
        "novelty": float(-np.log2(share[flat]).mean()),
        "popularity": float(place[flat].mean()),
        "diversity": float(np.mean([1 - _likeness(row, vectors) for row in shown])),
    }


def _likeness(row: np.ndarray, vectors: Any) -> float:
    row = row[row >= 0]
    if len(row) < 2:
        return 0.0
    chosen = vectors[row]
    chosen = chosen.toarray() if sp.issparse(chosen) else np.asarray(chosen)
    total = chosen.sum(0)
    own = float((chosen * chosen).sum())
    return (float(total @ total) - own) / (len(row) * (len(row) - 1))


def bootstrap_interval(
    values: np.ndarray, *, coverage: float = 0.95, seed: int = 0
) -> tuple[float, float]:
    """Finds where the mean over users lies (Efron, "Bootstrap methods", 1979).

    Args:
        values: A measure of each case, `(cases,)`, or the difference of two methods in it.
        coverage: Share of the draws that lie within.
        seed: Chooses the draws.

    Returns:
        The ends of the interval.
    """
    draw = np.random.default_rng(seed)
    size = len(values)
    means = [values[draw.integers(0, size, size)].mean() for _ in range(_DRAWS)]
    low, high = np.quantile(means, [(1 - coverage) / 2, (1 + coverage) / 2])
    return float(low), float(high)
