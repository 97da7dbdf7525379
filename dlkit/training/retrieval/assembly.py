"""Puts what was learned into the layer that answers, and chooses how its parts mix."""

from typing import NamedTuple

import keras
import numpy as np
import scipy.sparse as sp
import tensorflow as tf

from dlkit.data.event_splits import Cases
from dlkit.data.histories import Histories
from dlkit.evaluation.ranked_lists import RankedLists, measures, rank
from dlkit.tasks.item_scores import TABLES, ItemScores
from dlkit.tasks.ranking import Ranking
from dlkit.training.retrieval.item_text import text_neighbours
from dlkit.training.retrieval.linear import ItemWeights

_MIXES = (0.0, 10.0, 30.0, 100.0, 200.0, 400.0, 800.0, 1600.0)
_DECAYS = (1.0, 0.95, 0.9, 0.8, 0.7, 0.5)
_CASES = 3000
_SHARPNESS = 2
_CAUTION = 0.5


class Mix(NamedTuple):
    """How the parts go together, see `ItemScores`."""

    mix: float
    decay: float
    temperature: float = 1.0


class Deep(NamedTuple):
    """Vectors `(items, dim)`, biases `(items,)`, and the encoder of histories."""

    vectors: np.ndarray
    bias: np.ndarray
    encoder: keras.Model


def assemble(
    linear: ItemWeights,
    deep: Deep,
    popularity: np.ndarray,
    terms: sp.csr_matrix,
    *,
    longest: int,
    mix: Mix,
) -> ItemScores:
    """Makes the layer that scores, with its tables filled.

    Args:
        linear: Weights between items.
        deep: Vectors.
        popularity: Users of each item in training, `(items,)`; those with none are new.
        terms: `(items, terms)`.
        longest: Events of a history that are read.
        mix: How both go together.

    Returns:
        The layer.
    """
    old, new = np.flatnonzero(popularity > 0), np.flatnonzero(popularity == 0)
    numbers, cosines = text_neighbours(terms[new], terms[old])
    likeness = cosines**_SHARPNESS
    alike_weights = likeness / (likeness.sum(1, keepdims=True) + _CAUTION)
    layer = ItemScores(
        items=len(popularity),
        dim=deep.vectors.shape[1],
        neighbours=linear.numbers.shape[1],
        encoder=deep.encoder,
        longest=longest,
        new_items=len(new),
        alike=numbers.shape[1],
        **mix._asdict(),
        name="item_scores",
    )
    layer.build()
    tables = {
        "vectors": deep.vectors,
        "bias": np.where(popularity > 0, deep.bias, deep.bias[old].mean()),
        "neighbour_numbers": linear.numbers,
        "neighbour_weights": linear.weights,
        "popularity": np.log1p(popularity) - np.log1p(popularity.max()),
        "new_numbers": new,
        "alike_numbers": old[numbers],
        "alike_weights": alike_weights,
    }
    for name, value in tables.items():
        getattr(layer, name).assign(value)
    return layer


def with_ranking(layer: ItemScores, ranking: Ranking) -> ItemScores:
    """Returns an equal layer that ranks its best items anew; both share the encoder."""
    again = ItemScores(**{**layer.get_config(), "encoder": layer.encoder, "ranking": ranking})
    again.build()
    for name in TABLES:
        getattr(again, name).assign(getattr(layer, name))
    return again


def rank_cases(layer: ItemScores, cases: Cases) -> RankedLists:
    """Ranks for each case."""
    score = tf.function(layer, input_signature=[tf.TensorSpec((None, None), tf.int32)])
    return _rank(lambda given: score(given).numpy(), layer, cases)


def choose_mix(layer: ItemScores, cases: Cases, *, in_order: bool) -> Mix:
    """Chooses how much the linear part counts, and how fast it forgets, in validation.

    Args:
        layer: With its tables filled.
        cases: What is to be found.
        in_order: Whether the order of events means something.

    Returns:
        The mix with the best sum of Recall@20 and NDCG@10.
    """
    rows = np.random.default_rng(0).permutation(len(cases.users))[:_CASES]
    cases = cases._replace(
        users=cases.users[rows], given=cases.given.take(rows), wanted=cases.wanted.take(rows)
    )
    signature = [tf.TensorSpec((None, None), tf.int32)]
    deep_scores = tf.function(layer.deep_scores, input_signature=signature)
    linear_scores = tf.function(
        layer.linear_scores,
        input_signature=[*signature, tf.TensorSpec((), tf.float32)],
    )

    def quality(mix: Mix) -> float:
        def score(given: np.ndarray) -> np.ndarray:
            scores = deep_scores(given) + mix.mix * linear_scores(given, mix.decay)
            return scores.numpy()

        found = measures(_rank(score, layer, cases))
        return found["recall@20"] + found["ndcg@10"]

    best = max((Mix(mix, 1.0) for mix in _MIXES), key=quality)
    if in_order:
        best = max((best._replace(decay=decay) for decay in _DECAYS), key=quality)
        best = max((best._replace(mix=mix) for mix in _MIXES), key=quality)
    return best


def _rank(score: object, layer: ItemScores, cases: Cases) -> RankedLists:
    def score_rows(rows: np.ndarray) -> np.ndarray:
        return score(cases.given.take(rows).padded(layer.longest))  # type: ignore[operator]

    return rank(
        score_rows,
        given=cases.given.matrix(layer.items),
        wanted=cases.wanted.matrix(layer.items),
        candidates=cases.candidates,
    )


def unit_vectors(layer: ItemScores) -> np.ndarray:
    """Returns the vectors of items at unit length, float32 `(items, dim)`."""
    vectors = layer.vectors.numpy()
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def popularity_of(histories: Histories, items: int) -> np.ndarray:
    """Returns the users of each item, float32 `(items,)`."""
    return histories.matrix(items).getnnz(axis=0).astype(np.float32)
