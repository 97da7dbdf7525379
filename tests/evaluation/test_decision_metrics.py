import numpy as np
import pytest

from dlkit.evaluation.figures import scope_figure
from dlkit.evaluation.metrics import decision_metrics
from dlkit.evaluation.out_of_scope import calibration_note
from dlkit.evaluation.predictions import ClassPredictions


def predictions(scope=None):
    """Four rows in scope, the third wrong and the fourth unclear, and two out of scope."""
    shares = [[0.9, 0.1], [0.2, 0.8], [0.95, 0.05], [0.6, 0.4], [0.7, 0.3], [0.55, 0.45]]
    labels = np.array([0, 1, 1, 0, -1, -1])
    return ClassPredictions("x", ("a", "b"), labels, np.log(shares), list("abcdef"), scope)


def test_by_hand():
    metrics = decision_metrics(predictions(), threshold=0.58, question_cost=0.25)
    assert metrics["clarified"] == 0.25
    assert metrics["answered_accuracy"] == pytest.approx(2 / 3)
    assert metrics["out_of_scope_recall"] == 0.5
    assert metrics["in_scope_rejected"] == 0.0
    assert metrics["auroc"] == pytest.approx(7 / 8)
    assert metrics["out_of_scope_recall_at_95_accuracy"] == 0.0  # 3 of 4 are right at best


def test_the_score_of_the_rows_decides_where_they_have_one():
    scope = np.array([0.9, 0.8, 0.7, 0.1, 0.2, 0.3])
    metrics = decision_metrics(predictions(scope), threshold=0.5, question_cost=0.25)
    assert metrics["in_scope_rejected"] == 0.25
    assert metrics["out_of_scope_recall"] == 1.0
    assert metrics["clarified"] == 0.0


def test_known_rows_keep_their_score():
    rows = predictions(np.arange(6.0)).known()
    assert rows.scope_score.tolist() == [0, 1, 2, 3]


def test_without_rows_out_of_scope():
    metrics = decision_metrics(predictions().known(), threshold=0.0, question_cost=0.5)
    assert metrics == {"clarified": 0.0, "answered_accuracy": 0.75}


def test_scope_has_a_wrong_shape():
    with pytest.raises(ValueError, match="`scope` of 'x'"):
        predictions(np.zeros(3))


def test_figure():
    good, bad = scope_figure(predictions()).spec["data"]
    assert (good["name"], bad["name"]) == ("in scope (4 rows)", "out of scope (2 rows)")
    assert sum(good["y"]) == pytest.approx(1)
    assert sum(bad["customdata"]) == 2


def test_note():
    calibration = {
        "out_of_scope_score": "top_probability",
        "threshold": 0.25,
        "auroc": {"energy": 0.5, "top_probability": 0.75},
    }
    assert calibration_note("label", calibration) == (
        "label: out of scope where the score “top probability” is below 0.250. AUROC of the "
        "scores on validation: top probability 0.750, energy 0.500."
    )
    assert calibration_note("label", {**calibration, "auroc": {}}).endswith("below 0.250.")
