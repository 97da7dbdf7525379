import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.networks.set_encoder import set_encoder
from dlkit.tasks.item_scores import ItemScores, recommending_model

ITEMS, DIM = 6, 3


def make_layer(**changes):
    keras.utils.set_random_seed(0)
    encoder = set_encoder(input_shape=(None, DIM), units=4)
    options = {"items": ITEMS, "dim": DIM, "neighbours": 2, "encoder": encoder, "longest": 4}
    layer = ItemScores(**options, **changes, name="item_scores")
    layer.build()
    draw = np.random.default_rng(0)
    layer.vectors.assign(draw.normal(size=(ITEMS, DIM)))
    layer.neighbour_numbers.assign(np.array([[1, 2]] * ITEMS))
    layer.neighbour_weights.assign(draw.normal(size=(ITEMS, 2)))
    layer.popularity.assign([0, 5, 4, 3, 2, 1])
    return layer


def numbers(*rows):
    return tf.constant(rows, tf.int32)


def test_the_linear_part_sums_weights_and_forgets():
    layer = make_layer()
    weights = layer.neighbour_weights.numpy()
    scores = layer.linear_scores(numbers([0, 4, 6]), 0.5).numpy()[0]
    expected = np.zeros(ITEMS)
    expected[[1, 2]] = (0.5 * weights[3] + weights[5]) / np.sqrt(0.25 + 1)
    np.testing.assert_allclose(scores, expected, rtol=1e-5)


def test_scores_are_the_sum_of_both_parts_and_what_is_seen_is_out():
    layer = make_layer(mix=2.0)
    history = numbers([3, 5])
    both = layer.deep_scores(history) + 2 * layer.linear_scores(history, 1.0)
    scores = layer(history).numpy()[0]
    assert np.isneginf(scores[[2, 4]]).all()
    kept = [0, 1, 3, 5]
    np.testing.assert_allclose(scores[kept], both.numpy()[0, kept], rtol=1e-5)


def test_padding_and_old_events_do_not_matter():
    layer = make_layer(mix=1.0, decay=0.8)
    plain = layer(numbers([1, 2, 3, 4])).numpy()
    np.testing.assert_allclose(layer(numbers([0, 1, 0, 2, 3, 4, 0])).numpy(), plain, rtol=1e-5)
    longer = layer(numbers([6, 1, 2, 3, 4])).numpy()
    np.testing.assert_allclose(longer[:, :5], plain[:, :5], rtol=1e-5)
    assert np.isneginf(longer[0, 5]), "too old to be read, and used all the same"


def test_new_items_stand_on_those_with_a_text_like_theirs():
    layer = make_layer(mix=1.0, new_items=1, alike=2)
    layer.new_numbers.assign([5])
    layer.alike_numbers.assign([[1, 3]])
    layer.alike_weights.assign([[0.5, 0.25]])
    scores = layer.linear_scores(numbers([4]), 1.0).numpy()[0]
    assert scores[5] == pytest.approx(0.5 * scores[1] + 0.25 * (scores[3] + 0.1))


def test_names_in_names_out(tmp_path):
    model = recommending_model(make_layer(), [f"i{n}" for n in range(ITEMS - 1)] + ["第六"], at=9)
    histories = tf.constant([["", "", ""], ["i3", "nobody knows", ""], ["i0", "第六", "i1"]])
    answers = {name: value.numpy() for name, value in model(histories).items()}
    popular = [name.decode() for name in answers["items"][0]]
    assert popular == ["i1", "i2", "i3", "i4", "第六", "i0"], "no history: the most popular"
    assert b"i3" not in answers["items"][1]
    assert [name.decode() for name in answers["items"][2]].count("") == 3
    assert answers["scores"][2, 3:].tolist() == [0, 0, 0]
    only = model(tf.constant([["i3"]]))
    assert (only["items"].numpy()[0] == answers["items"][1]).all(), "unknown names are ignored"

    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")(histories)
    np.testing.assert_array_equal(loaded["items"], answers["items"])
    np.testing.assert_allclose(loaded["scores"], answers["scores"], rtol=1e-5)
