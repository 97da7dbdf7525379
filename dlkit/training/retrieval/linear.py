"""The linear part: a weight from each item to others, solved for in closed form."""

from typing import NamedTuple

import numpy as np
import scipy.sparse as sp

from dlkit.data.event_splits import Cases
from dlkit.data.histories import Histories
from dlkit.evaluation.ranked_lists import measures, rank
from dlkit.evaluation.retrieval_baselines import ease_weights, gram_matrix

_TUNING_ITEMS = 10_000
_TUNING_CASES = 3000
_REGULARIZATIONS = (20.0, 50.0, 100.0, 200.0, 400.0, 800.0)
_TEXT_WEIGHTS = (0.0, 2.0, 5.0, 10.0)
_BLOCK = 100
"""Rows that are worked on at a time: what that takes comes on top of the matrix itself."""


class Penalties(NamedTuple):
    """How the linear part is solved for.

    Args:
        regularization: L2 penalty.
        text_weight: How many users two items of equal text are worth.
    """

    regularization: float
    text_weight: float


class ItemWeights(NamedTuple):
    """The largest weights of each item to others.

    Args:
        numbers: int32 `(items, neighbours)`.
        weights: float32 `(items, neighbours)`, 0 where there is none.
    """

    numbers: np.ndarray
    weights: np.ndarray


def solve(
    matrix: sp.csr_matrix, terms: sp.csr_matrix, penalties: Penalties, items: np.ndarray
) -> np.ndarray:
    """Solves for the weights between some items, from behaviour and text together.

    Jeunen, Van Balen and Goethals, "Closed-form models for collaborative filtering with
    side-information", 2020, on top of `ease_weights`.

    Args:
        matrix: What users did, `(users, items)`.
        terms: `(items, terms)`, rows of unit length.
        penalties: How.
        items: Numbers of the items.

    Returns:
        float32 `(len(items), len(items))`, from row to column.
    """
    chosen, texts = matrix[:, items].astype(np.float32), terms[items]
    gram = gram_matrix(chosen)
    if penalties.text_weight:
        for start in range(0, len(items), _BLOCK):
            rows = slice(start, start + _BLOCK)
            gram[rows] += penalties.text_weight * (texts[rows] @ texts.T).toarray()
    return ease_weights(gram, regularization=penalties.regularization)


def learn_item_weights(
    histories: Histories,
    terms: sp.csr_matrix,
    penalties: Penalties,
    *,
    most_items: int,
    neighbours: int,
) -> ItemWeights:
    """Learns the weights of the most popular items, and keeps the largest of each.

    Args:
        histories: What users did.
        terms: `(items, terms)`.
        penalties: How to solve.
        most_items: At most so many items have weights.
        neighbours: Weights that an item keeps, at most.

    Returns:
        The weights of all items; those that nobody used have none.
    """
    total = terms.shape[0]
    matrix = histories.matrix(total)
    items = popular_items(matrix, most_items)
    dense = solve(matrix, terms, penalties, items)
    width = min(neighbours, len(items))
    numbers = np.zeros((total, width), np.int32)
    weights = np.zeros((total, width), np.float32)
    for start in range(0, len(items), _BLOCK):
        block = dense[start : start + _BLOCK]
        kept = np.argpartition(-np.abs(block), width - 1, axis=1)[:, :width]
        numbers[items[start : start + _BLOCK]] = items[kept]
        weights[items[start : start + _BLOCK]] = np.take_along_axis(block, kept, 1)
    return ItemWeights(numbers, weights)


def popular_items(matrix: sp.csr_matrix, most: int) -> np.ndarray:
    """Returns the numbers of the items that most users have, rising; those without any not."""
    users = matrix.getnnz(axis=0)
    best = np.argsort(-users, kind="stable")[:most]
    return np.sort(best[users[best] > 0])


def choose_penalties(
    histories: Histories,
    terms: sp.csr_matrix,
    cases: Cases,
    *,
    regularization: float | None,
    text_weight: float | None,
    seed: int,
) -> tuple[Penalties, Penalties]:
    """Chooses how to solve, in validation; of many items, on a sample of them.

    Args:
        histories: What users did.
        terms: `(items, terms)`.
        cases: What is to be found.
        regularization: Given by the user, or None to choose.
        text_weight: Given by the user, or None to choose.
        seed: Chooses the sample.

    Returns:
        The penalties with text, and those without.
    """
    draw = np.random.default_rng(seed)
    matrix = histories.matrix(terms.shape[0])
    used = popular_items(matrix, terms.shape[0])
    items = np.sort(draw.permutation(used)[:_TUNING_ITEMS])
    given, wanted = (part.matrix(terms.shape[0])[:, items] for part in (cases.given, cases.wanted))
    askable = np.flatnonzero((given.getnnz(axis=1) > 0) & (wanted.getnnz(axis=1) > 0))
    askable = draw.permutation(askable)[:_TUNING_CASES]
    given, wanted = given[askable], wanted[askable]

    def quality(penalties: Penalties) -> float:
        if not len(askable):
            return 0.0
        weights = solve(matrix, terms, penalties, items)
        lists = rank(lambda rows: np.asarray(given[rows] @ weights), given=given, wanted=wanted)
        found = measures(lists)
        return found["recall@20"] + found["ndcg@10"]

    choices = _REGULARIZATIONS if regularization is None else (regularization,)
    plain = max((Penalties(choice, 0.0) for choice in choices), key=quality)
    if text_weight is not None:
        return plain._replace(text_weight=text_weight), plain
    tried = [plain._replace(text_weight=weight) for weight in _TEXT_WEIGHTS]
    return max(tried, key=quality), plain
