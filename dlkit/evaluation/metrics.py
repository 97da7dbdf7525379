"""Exact numbers over all labelled rows; scikit-learn does the counting."""

from typing import NamedTuple

import numpy as np
from sklearn import metrics as sk

from dlkit.evaluation.calibration import (
    expected_calibration_error,
    negative_log_likelihood,
    rejection_metrics,
)
from dlkit.evaluation.out_of_scope import recall_at_accuracy
from dlkit.evaluation.predictions import ClassPredictions, ValuePredictions


class ClassScores(NamedTuple):
    """How well one class is found."""

    name: str
    rows: int
    precision: float
    recall: float
    f1: float


class Mistake(NamedTuple):
    """A row that was answered wrong."""

    text: str
    label: str
    predicted: str
    confidence: float
    picture: np.ndarray | None = None


def classification_metrics(predictions: ClassPredictions) -> dict[str, float]:
    """Scores a classification head.

    Args:
        predictions: Rows without a label are left out.

    Returns:
        `accuracy`, `macro_f1` (over the classes that occur in labels or predictions),
        `log_loss` in nats and `calibration_error`; empty where no row has a label.
    """
    rows = predictions.known()
    if not len(rows.labels):
        return {}
    f1 = sk.f1_score(rows.labels, rows.predicted, average="macro", zero_division=0)
    return {
        "accuracy": float(sk.accuracy_score(rows.labels, rows.predicted)),
        "macro_f1": float(f1),
        "log_loss": negative_log_likelihood(rows.logits, rows.labels),
        "calibration_error": expected_calibration_error(rows.probabilities, rows.labels),
    }


def decision_metrics(
    predictions: ClassPredictions, threshold: float, question_cost: float
) -> dict[str, float]:
    """Measures when a classification abstains, and when it asks instead of answering.

    Args:
        predictions: Rows without a label are out of scope.
        threshold: Rows with a lower `scope_score` are rejected.
        question_cost: Of the others, rows are asked about whose runner-up is more probable.

    Returns:
        Of the rows with a class that are not rejected, `clarified`, the share that is asked
        about, and `answered_accuracy` of the answers to the rest; where there are rows out of
        scope, what `rejection_metrics` says of them, and
        `out_of_scope_recall_at_95_accuracy`, see `recall_at_accuracy`.
    """
    outside, score = predictions.labels < 0, predictions.scope_score
    right = predictions.predicted == predictions.labels
    kept = ~outside & (score >= threshold)
    metrics: dict[str, float] = {}
    if kept.any():
        top_two = np.sort(predictions.probabilities, axis=1)[:, -2:]
        asked = kept & (top_two[:, 0] > question_cost) & (top_two.shape[1] > 1)
        metrics["clarified"] = float(asked.sum() / kept.sum())
        if (answered := kept & ~asked).any():
            metrics["answered_accuracy"] = float(right[answered].mean())
    if outside.any() and not outside.all():
        metrics |= rejection_metrics(score[~outside], score[outside], threshold)
        recall = recall_at_accuracy(score, right, outside)
        metrics["out_of_scope_recall_at_95_accuracy"] = recall
    return metrics


def per_class(predictions: ClassPredictions) -> list[ClassScores]:
    """Scores each class, in the order of `classes`; what would divide by zero is 0."""
    rows = predictions.known()
    if not len(rows.labels):
        return [ClassScores(name, 0, 0.0, 0.0, 0.0) for name in rows.classes]
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        rows.labels, rows.predicted, labels=range(len(rows.classes)), zero_division=0
    )
    columns = (support.tolist(), precision.tolist(), recall.tolist(), f1.tolist())
    return [ClassScores(*scores) for scores in zip(rows.classes, *columns, strict=True)]


def confusion(predictions: ClassPredictions) -> np.ndarray:
    """Counts rows by true class (first axis) and predicted class: int64 `(c, c)`."""
    rows = predictions.known()
    labels = range(len(rows.classes))
    if not len(rows.labels):
        return np.zeros((len(labels), len(labels)), np.int64)
    return sk.confusion_matrix(rows.labels, rows.predicted, labels=labels).astype(np.int64)


def worst_mistakes(predictions: ClassPredictions, k: int = 20) -> list[Mistake]:
    """Returns at most `k` wrong answers, the most confident first."""
    rows = predictions.known()
    wrong = np.flatnonzero(rows.predicted != rows.labels)
    worst = wrong[np.argsort(-rows.confidence[wrong], kind="stable")][: max(k, 0)]
    return [
        Mistake(
            rows.texts[row],
            rows.classes[rows.labels[row]],
            rows.classes[rows.predicted[row]],
            float(rows.confidence[row]),
            None if rows.pictures is None else rows.pictures[row],
        )
        for row in worst
    ]


def regression_metrics(predictions: ValuePredictions) -> dict[str, float]:
    """Scores a regression head.

    Args:
        predictions: Rows without a target are left out.

    Returns:
        `mae` and `rmse` in the unit of the targets, and `r2`, which needs two rows; with
        intervals `coverage`, the share of targets in them, and `interval_width`; empty where no
        row has a target.
    """
    rows = predictions.known()
    if not len(rows.targets):
        return {}
    targets, answers = rows.targets.astype(np.float64), rows.predictions.astype(np.float64)
    scores = {
        "mae": float(sk.mean_absolute_error(targets, answers)),
        "rmse": float(sk.root_mean_squared_error(targets, answers)),
    }
    if len(targets) > 1:
        scores["r2"] = float(sk.r2_score(targets, answers))
    if rows.half_width is not None:
        scores["coverage"] = float((np.abs(targets - answers) <= rows.half_width).mean())
        scores["interval_width"] = 2 * rows.half_width
    return scores
