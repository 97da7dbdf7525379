import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

from dlkit.evaluation.metrics import (
    ClassScores,
    classification_metrics,
    confusion,
    per_class,
    regression_metrics,
    worst_mistakes,
)
from dlkit.evaluation.predictions import ClassPredictions, ValuePredictions
from tests.evaluation.made_up import four_rows, from_probabilities


def test_known_answer():
    scores = classification_metrics(four_rows())
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["macro_f1"] == pytest.approx(2 / 3)  # each class: precision or recall 1/2
    assert scores["log_loss"] == pytest.approx(-math.log(0.9 * 0.2 * 0.6) / 3, rel=1e-6)
    assert scores["calibration_error"] == pytest.approx((0.1 + 0.8 + 0.4) / 3, rel=1e-6)


def test_macro_f1_is_over_the_classes_that_occur():
    head = from_probabilities([[0.8, 0.1, 0.1], [0.8, 0.1, 0.1]], [0, 0])
    assert classification_metrics(head)["macro_f1"] == 1.0
    missed = from_probabilities([[0.8, 0.1, 0.1], [0.1, 0.1, 0.8]], [0, 0])
    assert classification_metrics(missed)["macro_f1"] == pytest.approx((2 / 3 + 0) / 2)


def test_one_class_is_no_error():
    head = ClassPredictions("head", ("only",), [0, 0], [[1.0], [2.0]], ["x", "y"])
    assert classification_metrics(head)["log_loss"] == 0.0


def test_no_labels_give_no_numbers():
    head = from_probabilities([[0.8, 0.2]], [-1])
    assert classification_metrics(head) == {}
    assert worst_mistakes(head) == []
    assert_array_equal(confusion(head), np.zeros((2, 2)))
    assert [row.rows for row in per_class(head)] == [0, 0]


def test_classes_keep_their_order():
    assert per_class(from_probabilities([[0.1, 0.8, 0.1], [0.2, 0.7, 0.1]], [1, 0])) == [
        ClassScores("a", 1, 0.0, 0.0, 0.0),
        ClassScores("b", 1, 0.5, 1.0, pytest.approx(2 / 3)),
        ClassScores("c", 0, 0.0, 0.0, 0.0),
    ]


def test_confusion_has_true_classes_in_rows():
    counts = confusion(four_rows())
    assert_array_equal(counts, [[1, 0], [1, 1]])
    assert counts.dtype == np.int64


def test_the_surest_mistakes_come_first():
    head = from_probabilities([[0.6, 0.4], [0.9, 0.1], [0.2, 0.8], [0.3, 0.7]], [1, 1, 1, 0])
    mistakes = worst_mistakes(head)
    assert [mistake.text for mistake in mistakes] == ["row 1", "row 3", "row 0"]
    assert mistakes[0][1:3] == ("b", "a")
    assert mistakes[0].confidence == pytest.approx(0.9)
    assert worst_mistakes(head, 1) == mistakes[:1]
    assert worst_mistakes(head, 0) == []


def test_regression_known_answer():
    head = ValuePredictions("price", [1, 2, 3, np.nan], [1, 2, 6, 99], list("wxyz"))
    scores = regression_metrics(head)
    assert scores["mae"] == pytest.approx(1.0)
    assert scores["rmse"] == pytest.approx(math.sqrt(3))
    assert scores["r2"] == pytest.approx(1 - 9 / 2)


def test_regression_of_few_rows():
    assert regression_metrics(ValuePredictions("price", [np.nan], [1], ["x"])) == {}
    assert regression_metrics(ValuePredictions("price", [1], [3], ["x"])) == {"mae": 2, "rmse": 2}


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float32, (12, 3), elements=st.floats(-20, 20, width=32)),
    arrays(np.int64, 12, elements=st.integers(-1, 2)),
)
def test_the_views_agree(logits, labels):
    head = ClassPredictions("head", ("a", "b", "c"), labels, logits, ["x"] * 12)
    counts = confusion(head)
    assert counts.sum() == (labels >= 0).sum()
    assert_array_equal(counts.sum(axis=1), [row.rows for row in per_class(head)])
    assert len(worst_mistakes(head)) == counts.sum() - np.trace(counts)
    if counts.sum():
        assert classification_metrics(head)["accuracy"] == np.trace(counts) / counts.sum()
