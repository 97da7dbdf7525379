import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dlkit.errors import InputError
from dlkit.evaluation.calibration import rejection_threshold_with_outliers
from dlkit.evaluation.out_of_scope import fit_rejection, recall_at_accuracy, weighted_sum

OUTSIDE = np.arange(200) >= 140


def signals(*strengths, seed=0):
    """Returns normal scores by name, so much higher for the rows in scope."""
    noise = np.random.default_rng(seed).normal(size=(len(strengths), len(OUTSIDE)))
    values = np.asarray(strengths)[:, None] * ~OUTSIDE + noise
    return dict(zip(["top_probability", "energy", "centroid"], values, strict=False))


def test_the_best_score_is_chosen():
    scores = {**signals(0.5, 0.5), "centroid": np.where(OUTSIDE, 0.0, 1.0)}
    rule = fit_rejection(scores, OUTSIDE)
    assert (rule.name, rule.weights) == ("centroid", {"centroid": 1.0})
    assert rule.threshold == 0.5
    assert rule.auroc["centroid"] == 1.0 > rule.auroc["energy"]


def test_scores_that_know_different_things_are_summed():
    rule = fit_rejection(signals(1.5, 1.5, 1.5), OUTSIDE)
    assert rule.name == "combined"
    assert rule.auroc["combined"] > max(rule.auroc[name] for name in rule.weights) + 0.03
    assert all(weight > 0 for weight in rule.weights.values())
    kept = weighted_sum(signals(1.5, 1.5, 1.5, seed=1), rule.weights) >= rule.threshold
    assert (kept == ~OUTSIDE).mean() > 0.8


def test_few_rows_out_of_scope_choose_no_score_but_the_threshold():
    few = np.arange(200) >= 181
    scores = {"top_probability": np.where(few, 0.0, 1.0), "centroid": np.arange(200.0)}
    rule = fit_rejection(scores, few)
    assert rule.name == "centroid"
    assert rule.auroc == {"top_probability": 1.0, "centroid": 0.0}


def test_without_rows_out_of_scope_one_in_twenty_is_turned_away():
    rule = fit_rejection({"energy": np.arange(100.0)}, np.zeros(100, bool))
    assert (rule.weights, rule.threshold, rule.auroc) == ({"energy": 1.0}, 5.0, {})
    rule = fit_rejection({"energy": np.arange(100.0)}, np.zeros(100, bool), false_rejection_rate=0)
    assert rule.threshold == 0.0


def test_rows_out_of_scope_alone_turn_nothing_away():
    rule = fit_rejection({"top_probability": np.ones(3)}, np.ones(3, bool))
    assert (rule.name, rule.threshold) == ("top_probability", 0.0)


@pytest.mark.parametrize("cost", [0.2, 1.0, 5.0])
@given(arrays(float, 30, elements=st.floats(0, 1)), arrays(float, 20, elements=st.floats(0, 1)))
@settings(max_examples=30, deadline=None)
def test_no_threshold_costs_less(cost, inside, outside):
    def mean_cost(threshold):
        return (inside < threshold).mean() + cost * (outside >= threshold).mean()

    found = mean_cost(rejection_threshold_with_outliers(inside, outside, cost=cost))
    others = [*inside, *outside, 2.0]
    assert found <= min(mean_cost(other) for other in others) + 1e-9


def test_dear_mistakes_turn_more_away():
    scores = signals(1.0)
    cheap, dear = (
        fit_rejection(scores, OUTSIDE, out_of_scope_cost=cost).threshold for cost in (0.2, 5.0)
    )
    assert cheap < dear


@pytest.mark.parametrize("cost", [0, -1, float("inf"), float("nan")])
def test_cost_is_checked(cost):
    with pytest.raises(InputError, match="`out_of_scope_cost` must be above 0"):
        fit_rejection(signals(1.0), OUTSIDE, out_of_scope_cost=cost)


def test_recall_at_accuracy_by_hand():
    # four in scope, three of them right; at 50 % accuracy the threshold is that of 0.7
    score = np.array([0.9, 0.7, 0.6, 0.8, 0.65, 0.75, 0.1])
    right = np.array([True, True, True, False, False, False, False])
    outside = np.array([False] * 4 + [True] * 3)
    assert recall_at_accuracy(score, right, outside, accuracy=0.5) == pytest.approx(2 / 3)
    assert recall_at_accuracy(score, right, outside, accuracy=0.75) == pytest.approx(1 / 3)
    assert recall_at_accuracy(score, right, outside, accuracy=0.8) == 0.0
