import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.evaluation.predictions import ClassPredictions
from dlkit.tasks import Classification
from tests.contract import check_task

OUTSIDE = b"out_of_scope"
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
        "decision": "string",
        "runner_up": "string",
        "scope_score": "float32",
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


def test_answers_lean_to_rare_classes():
    task = Classification(name="x", prior_correction=0.5)
    task.adapt(["often"] * 16 + ["rare"])
    # 0.7 to 0.3, weighed by the root of 1 to 16, is 0.7 to 1.2; 0.9 to 0.1 is 0.9 to 0.4
    probabilities = np.array([[0.7, 0.3], [0.9, 0.1]], np.float32)
    answers = {name: value.numpy() for name, value in task.decode(np.log(probabilities)).items()}
    assert answers["label"].tolist() == [b"rare", b"often"]
    assert answers["runner_up"].tolist() == [b"often", b"rare"]
    np.testing.assert_allclose(answers["confidence"], [0.3, 0.9], rtol=1e-5)
    np.testing.assert_allclose(answers["probabilities"], probabilities, rtol=1e-5)
    found = task.predictions(answers, np.array([1, 0]), ["a", "b"])
    assert found.predicted.tolist() == [1, 0]
    np.testing.assert_allclose(found.confidence, [0.3, 0.9], rtol=1e-5)
    assert Classification.from_config(task.get_config()).log_priors == task.log_priors


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


def test_a_runner_up_that_is_probable_enough_is_asked_about():
    task = Classification(name="x", classes=["a", "b", "c"], question_cost=0.3, threshold=0.4)
    logits = np.log([[0.65, 0.31, 0.04], [0.65, 0.04, 0.31], [0.7, 0.2, 0.1], [0.34, 0.33, 0.33]])
    answers = task.decode(logits.astype("float32"))
    assert answers["decision"].numpy().tolist() == [b"clarify", b"clarify", b"answer", OUTSIDE]
    assert answers["runner_up"].numpy().tolist() == [b"b", b"c", b"b", b"b"]
    assert answers["out_of_scope"].numpy().tolist() == [False, False, False, True]


def test_a_single_class_is_never_asked_about():
    answers = Classification(name="x", classes=["a"]).decode(np.zeros((2, 1), "float32"))
    assert answers["decision"].numpy().tolist() == [b"answer", b"answer"]
    assert answers["runner_up"].numpy().tolist() == [b"a", b"a"]


def test_the_score_that_tells_rows_of_no_class_best_decides():
    # as sure of the others as of its own: only the distance from the centroids tells them
    draw = np.random.default_rng(0)
    logits = 4 * np.eye(2, dtype="float32")[draw.integers(0, 2, 120)]
    targets = np.where(np.arange(120) < 80, logits.argmax(1), -1)
    similarity = np.where(targets >= 0, 0.9, 0.2) + draw.normal(0, 0.02, 120)
    task = Classification(name="x", classes=["a", "b"])
    outputs = {"logits": logits, "similarity": similarity.astype("float32")}
    task.calibrate(outputs, targets)
    assert task.calibration["auroc"]["centroid"] == 1.0
    assert task.calibration["auroc"]["top_probability"] == 0.5
    assert task.calibration["out_of_scope_score"] == "centroid"
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(task))
    answers = tf.function(again.decode)(outputs)
    assert answers["out_of_scope"].numpy().tolist() == (targets < 0).tolist()
    np.testing.assert_allclose(answers["scope_score"], similarity, rtol=1e-6)
    predictions = again.predictions(
        {name: value.numpy() for name, value in answers.items()}, targets, ["x"] * 120
    )
    np.testing.assert_allclose(predictions.scope_score, similarity, rtol=1e-6)


def test_a_stated_rate_decides_even_where_rows_of_no_class_are_given():
    logits = np.log(np.stack([np.linspace(0.55, 0.95, 100), np.linspace(0.45, 0.05, 100)], 1))
    targets = np.where(np.arange(100) < 25, -1, np.arange(100) % 4 == 0)
    task = Classification(name="x", classes=["a", "b"], false_rejection_rate=0.2)
    task.calibrate(logits.astype("float32"), targets)
    rejected = task.decode(logits.astype("float32"))["out_of_scope"].numpy()
    assert rejected[25:].mean() == pytest.approx(0.2, abs=0.02)
