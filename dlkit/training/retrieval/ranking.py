"""Learns to rank the best items anew, and keeps that only where it is better."""

from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlkit.data.event_splits import Cases
from dlkit.data.events import Events
from dlkit.data.items import Items
from dlkit.evaluation.calibration import expected_calibration_error
from dlkit.evaluation.ranked_lists import RankedLists, bootstrap_interval
from dlkit.networks.cross_network import cross_network
from dlkit.tasks.item_scores import ItemScores
from dlkit.tasks.ranking import Ranking, columns_of

_CASES = 10_000
_BATCH = 100
_FEWEST = 50
"""Cases without which nothing is learned."""
_NEWEST = 0.1
"""Share of the events that are new: what became more usual among them is on the rise."""
_ROWS = 6400
"""Candidates in a step."""
_STEPS = 800
_EPOCHS = (2, 20)


class RankingTables(NamedTuple):
    """What a ranking stage knows of the items, see `Ranking`."""

    columns: np.ndarray
    categories: np.ndarray


def ranking_tables(items: Items, events: Events, rows: np.ndarray) -> RankingTables:
    """Collects what is known of items.

    Args:
        items: The items.
        events: All events.
        rows: Those of them that are learned from.

    Returns:
        float32 `(items, columns)`: the logarithm of the users; if there are times, how much more
        usual the item is among the newest events; its features. And the numbers of the categories,
        int32 `(items,)`, 0 for none. Items without users are taken to be as usual as most: nobody
        has turned them down.
    """
    total = len(items.ids)
    users = np.bincount(events.items[rows], minlength=total)
    columns = [np.log1p(users)]
    if events.times is not None:
        times = events.times[rows]
        newest = rows[times >= np.quantile(times, 1 - _NEWEST)]
        recent = np.bincount(events.items[newest], minlength=total)
        columns.append(np.log1p(recent / _NEWEST) - np.log1p(users))
    usage = np.column_stack(columns)
    usage[users == 0] = usage[users > 0].mean(0)
    features = np.reshape(np.array(items.features, np.float64), (total, -1))
    table = np.column_stack([usage, features]).astype(np.float32)
    return RankingTables(table, items.category_numbers())


def learn_ranking(
    layer: ItemScores, cases: Cases, tables: RankingTables, *, seed: int
) -> tuple[keras.Model | None, tuple[float, ...], dict[str, Any]]:
    """Learns from one half of the validation and measures on the other, both ways.

    Where validation ranks new items among themselves, nothing is learned: among all items, the best
    are others.

    Args:
        layer: Scores without a ranking stage.
        cases: What is to be found, in validation.
        tables: What is known of the items.
        seed: Seeds weights and halves.

    Returns:
        The network, learned from all of it, or None if NDCG@10 is not better beyond chance (95 %
        over users); the strengths of events; and what was measured.
    """
    strengths = tuple(np.unique(cases.wanted.weights).tolist())
    rows = np.random.default_rng(seed).permutation(len(cases.users))[:_CASES]
    if len(rows) < _FEWEST or cases.candidates is not None:
        return None, strengths, {"kept": False}
    ranking = ranking_of(_network(tables, strengths, None), strengths, tables)
    columns, weights = _candidates(layer, ranking, cases, rows)
    reached = (weights[..., None] >= np.array(strengths)).astype(np.float32)
    half = np.arange(len(rows)) % 2 == 0
    chances = np.zeros_like(reached)
    for learned in (half, ~half):
        network = _fitted(columns[learned], reached[learned], tables, strengths, seed)
        chances[~learned] = _chances(network, columns[~learned])
    totals = cases.wanted.lengths[rows]
    worth = chances @ np.diff(strengths, prepend=0.0)
    before, after = (_ndcg(order, weights, totals) for order in (columns[..., 0], worth))
    low, high = bootstrap_interval(after - before)
    sure = np.stack([1 - chances[..., 0], chances[..., 0]], -1).reshape(-1, 2)
    measured = {
        "ndcg@10": float(after.mean()),
        "retrieval_ndcg@10": float(before.mean()),
        "gain_low": low,
        "gain_high": high,
        "calibration_error": float(
            expected_calibration_error(sure, reached[..., 0].ravel().astype(int))
        ),
        "kept": low > 0,
    }
    if low <= 0:
        return None, strengths, measured
    return _fitted(columns, reached, tables, strengths, seed), strengths, measured


def ranking_of(
    network: keras.Model, strengths: tuple[float, ...], tables: RankingTables
) -> Ranking:
    """Makes a ranking stage with its tables filled."""
    items, width = tables.columns.shape
    ranking = Ranking(
        network=network, strengths=strengths, items=items, item_columns=width, name="ranking"
    )
    ranking.build()
    ranking.columns.assign(tables.columns)
    ranking.categories.assign(tables.categories)
    return ranking


def _candidates(
    layer: ItemScores, ranking: Ranking, cases: Cases, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the columns of candidates, and how strong the event with each is, 0 for none."""

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def collect(numbers: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        numbers = layer.newest(numbers)
        return ranking.candidates(numbers, *layer.parts(numbers))

    wanted = cases.wanted.matrix(layer.items)
    columns, weights = [], []
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        chosen, found = collect(cases.given.take(batch).padded(layer.longest))
        columns.append(found.numpy())
        weights.append(np.asarray(wanted[batch[:, None], chosen.numpy()].todense()))
    return np.concatenate(columns), np.concatenate(weights)


def _network(
    tables: RankingTables, strengths: tuple[float, ...], columns: np.ndarray | None
) -> keras.Model:
    width = columns_of(tables.columns.shape[1])
    inputs = keras.Input((width,), name="candidates")
    scale = keras.layers.Normalization(name="scale")
    if columns is not None:
        scale.adapt(columns.reshape(-1, width))
    body = cross_network(input_shape=(width,))
    head = keras.layers.Dense(len(strengths), kernel_initializer="zeros", name="logits")
    # it starts from the chance that retrieval gives, and learns what is wrong with that
    outputs = keras.layers.Add(name="better")([inputs[:, :1], head(body(scale(inputs)))])
    return keras.Model(inputs, outputs, name="ranking_network")


def _fitted(
    columns: np.ndarray,
    reached: np.ndarray,
    tables: RankingTables,
    strengths: tuple[float, ...],
    seed: int,
) -> keras.Model:
    keras.utils.set_random_seed(seed)
    network = _network(tables, strengths, columns)
    rows = columns.reshape(-1, columns.shape[-1])
    steps = -(-len(rows) // _ROWS)
    epochs = int(np.clip(-(-_STEPS // steps), *_EPOCHS))
    network.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(2e-3, epochs * steps)),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        jit_compile=False,
    )
    targets = reached.reshape(-1, len(strengths))
    network.fit(rows, targets, batch_size=_ROWS, epochs=epochs, verbose=0)
    return network


def _chances(network: keras.Model, columns: np.ndarray) -> np.ndarray:
    logits = network.predict(columns.reshape(-1, columns.shape[-1]), batch_size=8192, verbose=0)
    return (1 / (1 + np.exp(-logits))).reshape(*columns.shape[:2], -1)


def _ndcg(order: np.ndarray, weights: np.ndarray, totals: np.ndarray) -> np.ndarray:
    best = np.argsort(-order, axis=1, kind="stable")[:, :20]
    hits = np.take_along_axis(weights > 0, best, 1)
    return RankedLists(best, hits, totals).by_case()["ndcg@10"]
