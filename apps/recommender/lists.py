"""From scores to the list that a user sees: rules, quotas and diversity."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.special import softmax

from apps.recommender.rules import Rules

CANDIDATES = 300
"""Items that are looked at for a list, the best by score."""
_CHOICE = 5
"""Items that are looked at for each place, of the list and of a quota."""
_PAGE = 10
"""Items that are read at a glance: among them, the best come first."""


def make_list(
    scores: np.ndarray, vectors: np.ndarray, categories: np.ndarray, rules: Rules, *, size: int
) -> list[int]:
    """Chooses items one after the other, each for its chance and for what it adds.

    Carbonell and Goldstein, "The use of MMR, diversity-based reranking for reordering documents
    and producing summaries", 1998, with the mean likeness to what was chosen, and the root of the
    chance of each item: a user of whom little is sure gets more different items.

    Args:
        scores: float `(items,)`, logits of the chance; minus infinity for items that are out of
            question.
        vectors: float `(items, dim)` of unit length: items are alike as far as these are.
        categories: int `(items,)`, 0 for none.
        rules: What may be in the list.
        size: Most items of the list.

    Returns:
        Numbers of items, in the order of the list.
    """
    scores = _within(scores, rules)
    best = np.argsort(-scores, kind="stable")[: np.count_nonzero(scores > -np.inf)]
    if rules.quota is not None:
        best = best[_places(categories[best]) < _CHOICE * rules.quota]
    best = best[: max(CANDIDATES, _CHOICE * size)]
    if not len(best):
        return []
    worth = np.sqrt(softmax(scores[best]))
    near, of = vectors[best], categories[best]
    likeness = np.zeros(len(best))  # sum over the items of the list
    free = np.ones(len(best), bool)
    taken: Counter[int] = Counter()
    chosen: list[int] = []
    while len(chosen) < size and free.any():
        value = (1 - rules.diversity) * worth - rules.diversity * likeness / max(len(chosen), 1)
        place = int(np.argmax(np.where(free, value, -np.inf)))
        free[place] = False
        chosen.append(int(best[place]))
        likeness += near @ near[place]
        category = int(of[place])
        taken[category] += 1
        if category and taken[category] == rules.quota:
            free &= of != category
    pages = (chosen[start : start + _PAGE] for start in range(0, len(chosen), _PAGE))
    return [item for page in pages for item in sorted(page, key=lambda item: -scores[item])]


def reasons(
    chosen: Sequence[int], history: Sequence[int], vectors: np.ndarray, weights: np.ndarray
) -> list[int | None]:
    """Finds for each item the one in the history that speaks for it most.

    Args:
        chosen: Numbers of items.
        history: Numbers of the items of the history.
        vectors: float `(items, dim)` of unit length.
        weights: float `(history, items)`, what the linear part says.

    Returns:
        A number of the history for each item; None where there is no history.
    """
    if not history:
        return [None] * len(chosen)
    past = np.asarray(history)
    likeness = vectors[past] @ vectors[chosen].T  # (history, chosen)
    spoken = weights[:, chosen] / max(float(weights.max()), 1e-9)
    best = np.argmax(likeness + spoken, axis=0)
    return [int(past[place]) for place in best]


def _places(categories: np.ndarray) -> np.ndarray:
    """Counts how many items of its category come before each item; none before one without."""
    order = np.argsort(categories, kind="stable")
    ordered = categories[order]
    places = np.empty(len(categories), np.int64)
    places[order] = np.arange(len(categories)) - np.searchsorted(ordered, ordered)
    return np.where(categories > 0, places, 0)


def _within(scores: np.ndarray, rules: Rules) -> np.ndarray:
    scores = scores.copy()
    if rules.allow is not None:
        outside = np.ones(len(scores), bool)
        outside[list(rules.allow)] = False
        scores[outside] = -np.inf
    scores[list(rules.deny)] = -np.inf
    return scores
