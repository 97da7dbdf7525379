"""Measures a recommender, and what it has to beat."""

import time
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp

from dlkit.data.event_splits import Cases
from dlkit.data.histories import Histories
from dlkit.evaluation.ranked_lists import (
    RankedLists,
    bootstrap_interval,
    list_qualities,
    measures,
    rank,
)
from dlkit.evaluation.retrieval_baselines import (
    Scorer,
    ease_scorer,
    item_knn_scorer,
    popularity_scorer,
)

_INTERVALS = ("recall@20", "ndcg@10")
_EASE_ITEMS = 20_000


class Shown(NamedTuple):
    """What the qualities of lists are measured by, see `list_qualities`."""

    popularity: np.ndarray
    vectors: np.ndarray


def measured(lists: RankedLists, shown: Shown, cases: Cases) -> dict[str, Any]:
    """Measures lists: what was found, with intervals, and what the lists are like."""
    ranked = len(shown.popularity) if cases.candidates is None else len(cases.candidates)
    values = measures(lists) | list_qualities(lists, **shown._asdict(), ranked=ranked)
    by_case = lists.by_case()
    for name in _INTERVALS:
        low, high = bootstrap_interval(by_case[name])
        values |= {f"{name}_low": low, f"{name}_high": high}
    return {name: round(value, 6) for name, value in values.items()}


def baselines(
    learned: Histories,
    cases: Cases,
    shown: Shown,
    terms: sp.csr_matrix,
    regularization: float,
) -> dict[str, dict[str, Any]]:
    """Measures what a recommender has to beat, learned from the same events."""
    items = terms.shape[0]
    matrix, given = learned.matrix(items), cases.given.matrix(items)
    matrix.data[:] = given.data[:] = 1.0

    def text_profile() -> Scorer:
        return lambda rows: ((rows @ terms) @ terms.T).toarray()

    makers: dict[str, Any] = {
        "popularity": lambda: popularity_scorer(matrix),
        "item_knn": lambda: item_knn_scorer(matrix, neighbours=100, shrinkage=10.0),
        "text_profile": text_profile,
    }
    if items <= _EASE_ITEMS:
        makers["ease"] = lambda: ease_scorer(matrix, regularization=regularization)
    results = {}
    for name, make in makers.items():
        start = time.monotonic()
        scorer = make()
        seconds = time.monotonic() - start

        def score(rows: np.ndarray, scorer: Scorer = scorer) -> np.ndarray:
            return scorer(given[rows])

        lists = rank(
            score,
            given=given,
            wanted=cases.wanted.matrix(items),
            candidates=cases.candidates,
        )
        results[name] = measured(lists, shown, cases)
        results[name]["seconds"] = round(seconds, 1)
    return results
