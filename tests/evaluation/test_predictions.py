import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dlkit.errors import InputError
from dlkit.evaluation.predictions import ClassPredictions, ValuePredictions
from tests.evaluation.made_up import four_rows


def test_answers_follow_from_the_logits():
    head = four_rows()
    assert_allclose(head.probabilities[2], [0.4, 0.6], rtol=1e-6)
    assert_array_equal(head.predicted, [0, 0, 1, 0])
    assert_allclose(head.confidence, [0.9, 0.8, 0.6, 0.99], rtol=1e-6)
    assert head.predicted.dtype == head.labels.dtype == np.int64
    assert head.logits.dtype == np.float32


def test_large_logits_do_not_overflow():
    head = ClassPredictions("head", ("a", "b"), [0], [[1e4, -1e4]], ["x"])
    assert_array_equal(head.probabilities, [[1.0, 0.0]])


def test_known_leaves_out_rows_without_a_label():
    known = four_rows().known()
    assert_array_equal(known.labels, [0, 1, 1])
    assert known.logits.shape == (3, 2)
    assert list(known.texts) == ["row 0", "row 1", "row 2"]
    assert known.known() is known


def test_known_values_have_a_target():
    head = ValuePredictions("price", [1.0, np.nan, 3.0], [1.0, 2.0, 4.0], ["x", "y", "z"])
    assert_array_equal(head.known().targets, [1.0, 3.0])
    assert_array_equal(head.known().predictions, [1.0, 4.0])
    assert list(head.known().texts) == ["x", "z"]


@pytest.mark.parametrize(
    ("labels", "logits", "texts", "message"),
    [
        ([0], [[0.0, 1.0]], ["x", "y"], "`labels` of 'head' must have the shape"),
        ([0], [[0.0, 1.0, 2.0]], ["x"], "`logits` of 'head' must have the shape"),
        ([2], [[0.0, 1.0]], ["x"], "must be between -1"),
        ([-2], [[0.0, 1.0]], ["x"], "must be between -1"),
    ],
)
def test_what_does_not_fit_is_named(labels, logits, texts, message):
    with pytest.raises(ValueError, match=message):
        ClassPredictions("head", ("a", "b"), labels, logits, texts)


def test_no_classes_are_refused():
    with pytest.raises(ValueError, match="at least one class"):
        ClassPredictions("head", (), [], np.zeros((0, 0)), [])


def test_a_diverged_model_is_named():
    with pytest.raises(InputError, match=r"Got nan in row 1 .* diverged"):
        ClassPredictions("head", ("a", "b"), [0, 1], [[0, 1], [np.nan, 1]], ["x", "y"])
    with pytest.raises(InputError, match="Got inf in row 0"):
        ValuePredictions("price", [1.0], [np.inf], ["x"])
