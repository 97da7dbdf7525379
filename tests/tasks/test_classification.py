import math

import keras
import numpy as np
import pytest

from dlkit.evaluation.predictions import ClassPredictions
from dlkit.tasks import Classification
from tests.contract import check_task

COLUMN = ["red", "green", None, "blue", "green", "none", "red", "blue"]


def colours(**arguments):
    task = Classification(name="colour", out_of_scope_label="none", **arguments)
    task.adapt(COLUMN)
    return task


@pytest.mark.parametrize("class_weights", ["none", "sqrt", "balanced"])
def test_contract(class_weights):
    check_task(colours(class_weights=class_weights), COLUMN)


def test_classes_are_sorted_and_leave_out_the_label_of_no_class():
    assert colours().classes == ("blue", "green", "red")


def test_encode():
    targets = colours().encode(COLUMN)
    assert targets.dtype == np.int32
    assert targets.tolist() == [2, 1, -1, 0, 1, -1, 2, 0]
    assert colours().encode([]).shape == (0,)


def test_config_keeps_what_was_learned():
    task = colours(label_smoothing=0.2, class_weights="balanced", false_rejection_rate=0.1)
    task.calibrate(np.array([[4.0, 0, 0], [0, 4, 0], [0, 1, 0]], "float32"), np.array([0, 1, 2]))
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(task))
    assert again.get_config() == task.get_config()
    assert (again.temperature, again.threshold) == (task.temperature, task.threshold)
    assert again.classes == task.classes


def test_decode():
    task = colours()
    task.temperature, task.threshold = 2.0, 0.5
    answers = task.decode(np.array([[0.0, 4.0, 0.0], [0.0, 0.0, 0.1]], "float32"))
    share = math.exp(2) / (math.exp(2) + 2)
    assert [label.decode() for label in answers["label"].numpy()] == ["green", "red"]
    assert answers["confidence"].numpy()[0] == pytest.approx(share, rel=1e-5)
    assert answers["out_of_scope"].numpy().tolist() == [False, True]
    np.testing.assert_allclose(answers["probabilities"].numpy().sum(axis=1), 1, rtol=1e-6)
    assert {name: value.dtype.name for name, value in answers.items()} == {
        "label": "string",
        "confidence": "float32",
        "out_of_scope": "bool",
        "probabilities": "float32",
    }


def test_balanced_weights_by_hand():
    task = colours(class_weights="balanced")
    # four rows with a class: green three times, blue once, red never
    weights = task.weights(np.array([1, 1, 1, 0, -1]))
    np.testing.assert_allclose(weights, [2 / 3, 2 / 3, 2 / 3, 2, 1])
    assert weights.dtype == np.float32
    assert weights[:4].mean() == pytest.approx(1)


def test_root_weights_by_hand():
    task = colours(class_weights="sqrt")
    # four rows of green and one of blue: blue weighs twice as much as green, 1.2 on average
    weights = task.weights(np.array([1, 1, 1, 1, 0]))
    np.testing.assert_allclose(weights, np.array([1, 1, 1, 1, 2]) / 1.2, rtol=1e-6)


def test_weights_without_balance_or_classes_are_ones():
    assert colours().weights(np.array([1, 0, -1])).tolist() == [1, 1, 1]
    assert colours(class_weights="balanced").weights(np.array([-1, -1])).tolist() == [1, 1]


def test_calibration_by_hand():
    # three of four are right: the best confidence is 3/4, of which none is rejected
    task = Classification(name="x", classes=["a", "b"], false_rejection_rate=0.0)
    task.calibrate(np.array([[4.0, 0.0]] * 4, "float32"), np.array([0, 0, 0, 1]))
    assert task.temperature == pytest.approx(4 / math.log(3), rel=1e-3)
    assert task.threshold == pytest.approx(0.75, rel=1e-3)


def test_rows_of_no_class_set_the_threshold_and_not_the_temperature():
    logits = np.array([[4.0, 0.0]] * 4 + [[0.2, 0.0]] * 2, "float32")
    task = Classification(name="x", classes=["a", "b"])
    task.calibrate(logits, np.array([0, 0, 0, 1, -1, -1]))
    assert task.temperature == pytest.approx(4 / math.log(3), rel=1e-3)
    unsure = 1 / (1 + math.exp(-0.2 / task.temperature))
    assert task.threshold == pytest.approx((0.75 + unsure) / 2, rel=1e-3)


def test_validation_rows_of_no_class_alone_reject_nothing():
    task = Classification(name="x", classes=["a", "b"])
    task.calibrate(np.array([[4.0, 0.0]] * 3, "float32"), np.array([-1, -1, -1]))
    assert (task.temperature, task.threshold) == (1.0, 0.0)


def test_predictions_are_those_that_were_decoded():
    task = colours()
    outputs = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    answers = {name: value.numpy() for name, value in task.decode(outputs).items()}
    predictions = task.predictions(answers, np.array([0, 1, 2, -1, 0]), list("abcde"))
    assert isinstance(predictions, ClassPredictions)
    np.testing.assert_allclose(predictions.confidence, answers["confidence"], rtol=1e-5)
    assert [predictions.classes[i].encode() for i in predictions.predicted] == list(
        answers["label"]
    )
