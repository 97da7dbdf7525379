import numpy as np
import pytest

from dlkit.data.text_rows import LabelledTexts
from dlkit.evaluation.predictions import ClassPredictions, ValuePredictions
from dlkit.tasks import Classification, Regression
from dlkit.training.scoring import measure, predict_labelled
from tests.fixed_answers import fixed_model

FRUIT = Classification(name="fruit", classes=["apple", "pear"], threshold=0.6)
WEIGHT = Regression(name="weight", mean=100.0, scale=10.0)


def test_one_head_is_measured_flat():
    rows = LabelledTexts(["a1", "a2", "b1", "b2"], {"fruit": ["apple", "pear", "pear", "pear"]})
    [predictions] = found = predict_labelled(fixed_model(FRUIT), rows)
    assert isinstance(predictions, ClassPredictions)
    assert predictions.predicted.tolist() == [0, 0, 1, 1]
    metrics = measure(found, [FRUIT])
    assert metrics["accuracy"] == 0.75
    assert "auroc" not in metrics


def test_rows_of_no_class_measure_the_rejection():
    rows = LabelledTexts(["a1", "b1", "xx", "a3"], {"fruit": ["apple", "pear", "none", "none"]})
    metrics = measure(predict_labelled(fixed_model(FRUIT), rows), [FRUIT])
    assert metrics["accuracy"] == 1.0
    assert metrics["out_of_scope_recall"] == 0.5
    assert metrics["in_scope_rejected"] == 0.0


def test_each_head_is_measured_on_the_rows_that_have_its_label():
    rows = LabelledTexts(
        ["a", "bb", "bbb"], {"fruit": ["apple", None, "apple"], "weight": [None, "120", "135"]}
    )
    tasks = [FRUIT, WEIGHT]
    fruit, weight = found = predict_labelled(fixed_model(*tasks), rows)
    assert fruit.texts == ["a", "bbb"]
    assert isinstance(weight, ValuePredictions)
    np.testing.assert_allclose(weight.predictions, [120, 130])
    metrics = measure(found, tasks)
    assert metrics["fruit"]["accuracy"] == 0.5
    assert metrics["weight"]["mae"] == pytest.approx(2.5)


def test_a_head_without_labels_has_no_numbers():
    rows = LabelledTexts(["a", "b"], {"fruit": ["apple", "pear"], "weight": [None, None]})
    tasks = [FRUIT, WEIGHT]
    metrics = measure(predict_labelled(fixed_model(*tasks), rows), tasks)
    assert metrics["weight"] == {}


def test_many_rows_keep_their_order():
    texts = [("a" if number % 3 else "b") + str(number) for number in range(600)]
    labels = ["apple" if text[0] == "a" else "pear" for text in texts]
    rows = LabelledTexts(texts, {"fruit": labels})
    [predictions] = predict_labelled(fixed_model(FRUIT), rows)
    assert measure([predictions], [FRUIT])["accuracy"] == 1.0
    assert list(predictions.texts) == texts
