import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.data.pipeline import Rows
from dlkit.tasks import Classification, Regression, join_heads
from dlkit.training.fitted_heads import fit_heads

POINTS = np.random.default_rng(0).normal(size=(300, 3)).astype("float32")


def rows_of(targets, weights=None):
    ones = {name: np.ones(len(POINTS), np.float32) for name in targets}
    features = {"point": tf.RaggedTensor.from_tensor(POINTS)}
    return Rows(features, targets, ones | (weights or {}), np.ones(len(POINTS), np.int64))


def fitted(tasks, rows):
    point = keras.Input((3,), name="point")
    network = keras.Model({"point": point}, keras.layers.Identity()(point))
    heads = join_heads(network, tasks)
    before = {task.name: heads.get_layer(index=-1).get_weights() for task in tasks}
    fit_heads(heads, network, tasks, rows, seed=0)
    return heads, before


@pytest.mark.parametrize("classes", [2, 3])
def test_heads_know_what_a_linear_model_learns(classes):
    targets = np.argmax(POINTS[:, :classes], 1)
    task = Classification(name="label", classes=[f"c{i}" for i in range(classes)])
    heads, _ = fitted([task], rows_of({"label": targets}))
    logits = np.asarray(heads({"point": POINTS})["label"])
    assert (logits.argmax(1) == targets).mean() > 0.95


def test_rows_without_a_label_or_a_class_do_not_count():
    targets = np.argmax(POINTS, 1)
    wrong = np.arange(len(targets)) % 2 == 1
    shown = np.where(wrong, (targets + 1) % 3, targets)
    shown[1::4] = -1  # out of scope
    weights = np.where(wrong & (shown >= 0), 0, 1).astype("float32")
    task = Classification(name="label", classes=["a", "b", "c"])
    heads, _ = fitted([task], rows_of({"label": shown}, {"label": weights}))
    logits = np.asarray(heads({"point": POINTS})["label"])
    assert (logits.argmax(1) == targets).mean() > 0.95


def test_a_class_without_rows_keeps_zero_weights():
    task = Classification(name="label", classes=["a", "b", "c"])
    heads, _ = fitted([task], rows_of({"label": np.where(POINTS[:, 0] > 0, 2, 0)}))
    kernel, bias = heads.get_layer("label_logits").get_weights()
    assert not kernel[:, 1].any()
    assert bias[1] == 0
    assert kernel[0, 2] > 0.5 > -0.5 > kernel[0, 0]


def test_other_heads_stay_as_they_are():
    task = Regression(name="price")
    targets = POINTS[:, 0]
    heads, before = fitted([task], rows_of({"price": targets}))
    for new, old in zip(heads.get_layer(index=-1).get_weights(), before["price"], strict=True):
        np.testing.assert_array_equal(new, old)


def test_many_rows_are_sampled(monkeypatch):
    monkeypatch.setattr("dlkit.training.fitted_heads._MOST_ROWS", 100)
    targets = np.argmax(POINTS, 1)
    task = Classification(name="label", classes=["a", "b", "c"])
    heads, _ = fitted([task], rows_of({"label": targets}))
    logits = np.asarray(heads({"point": POINTS})["label"])
    assert (logits.argmax(1) == targets).mean() > 0.9


def test_a_network_beside_the_pretrained_one_keeps_its_random_weights():
    point = keras.Input((3,), name="point")
    pretrained = keras.Model(point, keras.layers.Identity()(point))
    wide = keras.layers.Dense(2)(point)
    features = keras.layers.Concatenate()([wide, pretrained(point)])
    network = keras.Model({"point": point}, features)
    task = Classification(name="label", classes=["a", "b", "c"])
    heads = join_heads(network, [task])
    random = heads.get_layer("label_logits").get_weights()[0][:2]
    targets = np.argmax(POINTS, 1)
    fit_heads(heads, network, [task], rows_of({"label": targets}), seed=0)
    kernel, bias = heads.get_layer("label_logits").get_weights()
    np.testing.assert_array_equal(kernel[:2], random)
    assert ((POINTS @ kernel[2:] + bias).argmax(1) == targets).mean() > 0.95
