import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss

from dlkit.errors import InputError
from dlkit.evaluation.calibration import (
    expected_calibration_error,
    fit_temperature,
    negative_log_likelihood,
    rejection_metrics,
    rejection_threshold,
    rejection_threshold_with_outliers,
    reliability,
)

_CONFIDENCES = arrays(np.float64, st.integers(1, 40), elements=st.floats(0, 1))


def _binary(confidence):
    return np.stack([confidence, 1 - np.asarray(confidence)], axis=1)


def test_calibration_error_known_answer():
    # five of ten right at 0.9 and nine of ten at 0.7: (0.4 + 0.2) / 2
    probabilities = _binary([0.9] * 10 + [0.7] * 10)
    labels = [0, 1] * 5 + [0] * 9 + [1]
    assert expected_calibration_error(probabilities, labels) == pytest.approx(0.3)
    assert expected_calibration_error(probabilities, labels, bins=1) == pytest.approx(0.1)


def test_reliability_known_answer():
    table = reliability(_binary([0.6, 0.8, 0.9, 0.9]), [0, 0, 1, -1], bins=5)
    assert_array_equal(table.count, [0, 0, 1, 1, 1])  # 0.6 and 0.8 are upper edges of their bins
    assert_allclose(table.confidence, [np.nan, np.nan, 0.6, 0.8, 0.9])
    assert_allclose(table.accuracy, [np.nan, np.nan, 1, 1, 0])


def test_no_rows():
    assert expected_calibration_error(np.zeros((0, 2)), []) == 0.0
    assert negative_log_likelihood(np.zeros((0, 2)), []) == 0.0
    assert fit_temperature(np.zeros((0, 2)), []) == 1.0
    assert fit_temperature([[3.0, 1.0]], [-1]) == 1.0
    assert rejection_threshold([]) == 0.0


def test_bins_are_checked():
    with pytest.raises(ValueError, match="`bins` must be at least 1"):
        reliability([[1.0]], [0], bins=0)


def test_log_likelihood_is_scikit_learns():
    generator = np.random.default_rng(0)
    logits, labels = generator.normal(size=(50, 4)), generator.integers(0, 4, 50)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    expected = log_loss(labels, probabilities, labels=range(4))
    assert negative_log_likelihood(logits, labels) == pytest.approx(expected)


def test_temperature_known_answer():
    # three of four right: the best confidence is 0.75, so 4 / T = log 3
    found = fit_temperature([[4.0, 0.0]] * 4, [0, 0, 0, 1])
    assert found == pytest.approx(4 / math.log(3), rel=1e-4)


def test_temperature_recovers_the_one_that_was_applied():
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(20_000, 5)) * 2
    labels = (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)  # drawn by softmax
    assert fit_temperature(logits * 3, labels) == pytest.approx(3, rel=0.05)


def test_temperature_keeps_to_its_bounds():
    assert fit_temperature([[1.0, 0.0]] * 3, [0, 0, 0]) == pytest.approx(0.05, rel=1e-3)
    assert fit_temperature([[100.0, 0.0]] * 2, [0, 1]) == pytest.approx(20, rel=1e-3)


@settings(max_examples=40, deadline=None)
@given(
    arrays(np.float32, (8, 3), elements=st.floats(-50, 50, width=32)),
    arrays(np.int64, 8, elements=st.integers(-1, 2)),
)
def test_temperature_never_harms(logits, labels):
    temperature = fit_temperature(logits, labels)
    assert 0.05 <= temperature <= 20
    after = negative_log_likelihood(logits, labels, temperature)
    assert after <= negative_log_likelihood(logits, labels) + 1e-12


@settings(max_examples=40, deadline=None)
@given(_CONFIDENCES, st.integers(1, 20))
def test_calibration_error_is_a_share(confidence, bins):
    probabilities = _binary(confidence)
    labels = np.arange(len(confidence)) % 2
    table = reliability(probabilities, labels, bins)
    assert table.count.sum() == len(confidence)
    assert 0 <= expected_calibration_error(probabilities, labels, bins) <= 1
    filled = np.flatnonzero(table.count)
    assert (table.confidence[filled] >= filled / bins - 1e-9).all()
    assert (table.confidence[filled] <= (filled + 1) / bins + 1e-9).all()


def test_rejection_threshold_known_answer():
    confidence = np.arange(1, 101) / 100
    threshold = rejection_threshold(confidence)
    assert threshold == 0.06
    assert (confidence < threshold).mean() == 0.05
    assert rejection_threshold(confidence, false_rejection_rate=0) == 0.01


@settings(max_examples=60, deadline=None)
@given(_CONFIDENCES, st.floats(0, 0.99))
def test_rejection_threshold_keeps_its_promise(confidence, rate):
    threshold = rejection_threshold(confidence, false_rejection_rate=rate)
    assert (confidence < threshold).mean() <= rate
    higher = confidence[confidence > threshold]
    if len(higher):  # the next confidence up would break it
        assert (confidence < higher.min()).sum() > int(rate * len(confidence))


@pytest.mark.parametrize("rate", [-0.1, 1.0])
def test_the_rate_is_checked(rate):
    with pytest.raises(InputError, match="`false_rejection_rate`"):
        rejection_threshold([0.5], false_rejection_rate=rate)


def test_outliers_are_parted_in_the_middle():
    assert rejection_threshold_with_outliers([0.8, 0.9], [0.2, 0.4]) == pytest.approx(0.6)


def test_outliers_that_look_alike_reject_nothing():
    assert rejection_threshold_with_outliers([0.5, 0.5], [0.5]) == 0.5
    assert rejection_threshold_with_outliers([0.1], [0.9]) == 0.1


@settings(max_examples=60, deadline=None)
@given(_CONFIDENCES, _CONFIDENCES)
def test_no_threshold_is_better(inside, outside):
    def balanced(threshold):
        return (inside >= threshold).mean() + (outside < threshold).mean()

    found = rejection_threshold_with_outliers(inside, outside)
    candidates = [*inside, *outside, np.inf]
    assert balanced(found) >= max(map(balanced, candidates)) - 1e-9


def test_rejection_metrics_known_answer():
    scores = rejection_metrics([0.9, 0.8, 0.3, 0.7], [0.1, 0.6, 0.2], threshold=0.5)
    assert scores["out_of_scope_recall"] == pytest.approx(2 / 3)
    assert scores["in_scope_rejected"] == 0.25
    assert scores["auroc"] == pytest.approx(11 / 12)  # one pair of twelve is in the wrong order
    assert scores["false_positive_rate_at_95_recall"] == pytest.approx(1 / 3)


def test_rejection_needs_both_kinds():
    with pytest.raises(InputError, match="`confidence_out` needs at least one row"):
        rejection_metrics([0.5], [], 0.5)
    with pytest.raises(InputError, match="`confidence_in` needs at least one row"):
        rejection_threshold_with_outliers([], [0.5])
