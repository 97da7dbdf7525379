import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.tasks.ranking import Ranking, columns_of

ITEMS = 5
SCORES = [[3.0, 2.0, 1.0, 0.0, -np.inf]]
NUMBERS = [[0, 5, 4]]  # the newest event is with item 3


def make_ranking(kernel, strengths=(1.0,)):
    """Makes a stage whose logits are a sum of columns with given weights."""
    width = columns_of(1)
    inputs = keras.Input((width,))
    dense = keras.layers.Dense(len(strengths), use_bias=False, name="logits")
    network = keras.Model(inputs, dense(inputs))
    weights = np.zeros((width, len(strengths)), np.float32)
    for place, values in kernel.items():
        weights[place] = values
    dense.set_weights([weights])
    options = {"strengths": strengths, "items": ITEMS, "item_columns": 1}
    ranking = Ranking(network=network, **options)
    ranking.build()
    ranking.columns.assign([[10.0], [20.0], [30.0], [35.0], [40.0]])
    ranking.categories.assign([1, 0, 2, 2, 1])
    return ranking


def call(ranking, method="__call__"):
    zeros = tf.zeros((1, ITEMS))
    numbers, scores = tf.constant(NUMBERS), tf.constant(SCORES, tf.float32)
    return getattr(ranking, method)(numbers, zeros, zeros, scores)


def test_candidates_are_known_by_their_match_and_by_their_item():
    chosen, columns = call(make_ranking({}), "candidates")
    assert chosen.numpy()[0, :4].tolist() == [0, 1, 2, 3]
    first, second, third = columns.numpy()[0, :3]
    assert first[0] == pytest.approx(3 - np.log(np.exp([3, 2, 1, 0]).sum()), abs=1e-4)
    assert [first[1], second[1]] == [0, pytest.approx(-1)]
    assert first[4] == pytest.approx(np.log(3))
    assert [first[6], second[6], third[6]] == [0.5, 0, 0.5]
    assert [first[7], second[7], third[7]] == [0, 0, 1]
    assert [first[8], third[8]] == [10, 30]
    assert [first[9], third[9]] == [27.5, 7.5], "the history has 40 and 35"


def test_the_network_gives_the_order_and_nothing_excluded_comes_back():
    scores = call(make_ranking({8: 0.1})).numpy()[0]  # the larger the column, the better
    assert np.argsort(-scores).tolist() == [3, 2, 1, 0, 4]
    assert np.isneginf(scores[4])
    np.testing.assert_allclose(np.exp(scores[:4]), 1 / (1 + np.exp([-1, -2, -3, -3.5])), rtol=1e-5)


def test_stronger_feedback_counts_more():
    plain = call(make_ranking({8: [0.0]})).numpy()[0]
    assert np.ptp(plain[:4]) == pytest.approx(0, abs=1e-6)
    ranking = make_ranking({8: [0.0, 0.1]}, strengths=(1.0, 5.0))
    scores = call(ranking).numpy()[0]
    assert np.exp(scores[0]) == pytest.approx(0.5 + 4 / (1 + np.exp(-1)), rel=1e-5)
    assert scores[3] == scores.max()


def test_what_is_no_candidate_comes_after_them(monkeypatch):
    monkeypatch.setattr("dlkit.tasks.ranking.CANDIDATES", 2)
    scores = call(make_ranking({8: 0.1})).numpy()[0]
    assert np.argsort(-scores, kind="stable").tolist() == [1, 0, 2, 3, 4]


def test_no_chance_is_too_small(monkeypatch):
    monkeypatch.setattr("dlkit.tasks.ranking.CANDIDATES", 2)
    scores = call(make_ranking({8: -100.0})).numpy()[0]  # far below the smallest float32 chance
    assert np.argsort(-scores, kind="stable").tolist() == [0, 1, 2, 3, 4]
    assert np.isfinite(scores[:4]).all()


def test_the_configuration_makes_an_equal_layer():
    ranking = make_ranking({8: 0.1}, strengths=(1.0,))
    again = Ranking.from_config(ranking.get_config())
    again.build()
    again.set_weights(ranking.get_weights())
    np.testing.assert_array_equal(call(again), call(ranking))
