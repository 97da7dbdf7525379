import keras
import numpy as np
import pytest
from scipy.special import log_softmax

from dlkit.tasks.losses import ScopedAccuracy, ScopedCrossentropy

LOGITS = np.array([[2.0, -1.0, 0.5], [0.0, 0.0, 3.0], [1.0, 1.0, 1.0]], "float32")


def expected_losses(labels, smoothing):
    losses = []
    for label, scores in zip(labels, log_softmax(LOGITS.astype("float64"), axis=1), strict=True):
        target = np.full(3, (smoothing if label >= 0 else 1) / 3)
        if label >= 0:
            target[label] += 1 - smoothing
        losses.append(-(target * scores).sum())
    return np.array(losses)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("labels", [[0, 2, 1], [1, -1, -1]])
def test_loss_by_hand(labels, smoothing):
    loss = ScopedCrossentropy(label_smoothing=smoothing, reduction="none")
    found = np.asarray(loss(np.array(labels, "int32"), LOGITS))
    np.testing.assert_allclose(found, expected_losses(labels, smoothing), rtol=1e-5)


def test_uniform_answers_are_best_where_there_is_no_class():
    loss = ScopedCrossentropy()
    nothing = np.array([-1])
    assert float(loss(nothing, LOGITS[2:])) == pytest.approx(np.log(3), rel=1e-5)
    assert float(loss(nothing, LOGITS[2:])) < float(loss(nothing, LOGITS[:1]))


def test_rows_that_weigh_nothing_teach_nothing():
    loss = ScopedCrossentropy(label_smoothing=0.1)
    weights = np.array([1.0, 0.0, 2.0], "float32")
    losses = expected_losses([0, 1, 2], 0.1)
    found = float(loss(np.array([0, 1, 2]), LOGITS, sample_weight=weights))
    assert found == pytest.approx((losses * weights).sum() / 3, rel=1e-5)


def test_accuracy_leaves_out_rows_without_a_class_or_a_weight():
    accuracy = ScopedAccuracy()
    labels = np.array([0, 0, -1])
    accuracy.update_state(labels, LOGITS)
    assert float(accuracy.result()) == 0.5
    accuracy.reset_state()
    accuracy.update_state(labels, LOGITS, sample_weight=np.array([3.0, 0.0, 1.0]))
    assert float(accuracy.result()) == 1.0


def test_accuracy_counts_a_heavy_row_once():
    accuracy = ScopedAccuracy()
    accuracy.update_state(np.array([0, 0]), LOGITS[:2], sample_weight=np.array([9.0, 1.0]))
    assert float(accuracy.result()) == 0.5


def test_accuracy_of_no_rows_is_zero():
    accuracy = ScopedAccuracy()
    accuracy.update_state(np.array([-1, -1, -1]), LOGITS)
    assert float(accuracy.result()) == 0.0


@pytest.mark.parametrize("thing", [ScopedCrossentropy(label_smoothing=0.3), ScopedAccuracy()])
def test_configs_make_equal_objects(thing):
    config = keras.saving.serialize_keras_object(thing)
    again = keras.saving.deserialize_keras_object(config)
    assert type(again) is type(thing)
    assert again.get_config() == thing.get_config()
    assert config["registered_name"].startswith("dlkit>")
