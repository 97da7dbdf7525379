"""When a row has none of the classes: scores compared, one chosen, and where to draw the line."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from dlkit.evaluation.calibration import rejection_threshold, rejection_threshold_with_outliers

COMBINED = "combined"
"""Name of the weighted sum of all scores."""

FALSE_REJECTION_RATE = 0.05
"""Share of in-scope rows to turn away where neither rows out of scope nor the user say better."""

_PREFERRED = ("centroid", "top_probability")
_FEWEST = 20
"""With fewer rows out of scope, which score is best would be chance."""

_FOLDS = 5
_INVERSE_PENALTY = 0.1


class Rejection(NamedTuple):
    """A rule: rows whose weighted sum of scores is below the threshold are out of scope.

    Attributes:
        name: The chosen score, or `COMBINED`.
        weights: The weight of each score that counts.
        threshold: In the unit of the weighted sum.
        auroc: What each score reached on the rows, as the chance that it is higher for an
            in-scope row; that of `COMBINED` on rows that its weights were not fitted on. Empty
            where the rows do not have both kinds.
    """

    name: str
    weights: dict[str, float]
    threshold: float
    auroc: dict[str, float]


def fit_rejection(
    scores: Mapping[str, np.ndarray],
    outside: np.ndarray,
    *,
    false_rejection_rate: float | None = None,
    out_of_scope_cost: float = 1.0,
) -> Rejection:
    """Chooses the score and its threshold on validation rows.

    From 20 rows out of scope on, the score with the highest area under the ROC curve is taken,
    one of the given or their sum under a logistic regression; with fewer, "centroid" if it is
    given, or else "top_probability".

    Args:
        scores: float `(n,)` by name, higher for what is in scope.
        outside: bool `(n,)`, true for rows out of scope.
        false_rejection_rate: Largest share of in-scope rows to turn away. Without it, rows out of
            scope set the threshold by the cost; where there are none, it is 0.05.
        out_of_scope_cost: What it costs to answer a row out of scope, where turning away one in
            scope costs 1 and both kinds are equally frequent.

    Returns:
        The rule; where no row is in scope, one that turns nothing away.

    Raises:
        InputError: The rate or the cost is out of range.

    Example:
        >>> sure, unsure = np.linspace(0.6, 1, 90), np.linspace(0, 0.4, 30)
        >>> scores = {"top_probability": np.concatenate([sure, unsure])}
        >>> fit_rejection(scores, np.arange(120) >= 90).name
        'top_probability'
    """
    values = {name: np.asarray(score, np.float64) for name, score in scores.items()}
    name = next((preferred for preferred in _PREFERRED if preferred in values), next(iter(values)))
    weights, auroc = {name: 1.0}, {}
    if outside.any() and not outside.all():
        auroc = {key: float(roc_auc_score(~outside, score)) for key, score in values.items()}
        if min(outside.sum(), (~outside).sum()) >= _FEWEST:
            name, weights = _best(values, outside, auroc)
    score = weighted_sum(values, weights)
    inside = score[~outside]
    if not len(inside):
        return Rejection("top_probability", {"top_probability": 1.0}, 0.0, auroc)
    if false_rejection_rate is None and outside.any():
        threshold = rejection_threshold_with_outliers(
            inside, score[outside], cost=out_of_scope_cost
        )
    else:
        rate = FALSE_REJECTION_RATE if false_rejection_rate is None else false_rejection_rate
        threshold = rejection_threshold(inside, false_rejection_rate=rate)
    return Rejection(name, weights, threshold, auroc)


def calibration_note(head: str, calibration: Mapping[str, Any]) -> str:
    """Says in a sentence what was chosen for a head, and among what.

    Args:
        head: Its name.
        calibration: What `metrics.json` says of it.
    """
    auroc = sorted(calibration["auroc"].items(), key=lambda pair: -pair[1])
    compared = ", ".join(f"{name.replace('_', ' ')} {value:.3f}" for name, value in auroc)
    chosen = calibration["out_of_scope_score"].replace("_", " ")
    note = (
        f"{head}: out of scope where the score “{chosen}” is below {calibration['threshold']:.3f}"
    )
    return f"{note}. AUROC of the scores on validation: {compared}." if compared else f"{note}."


def weighted_sum(scores: Mapping[str, np.ndarray], weights: Mapping[str, float]) -> np.ndarray:
    """Returns `(n,)`, the sum of the scores that have a weight."""
    return sum((weight * scores[name] for name, weight in weights.items()), np.zeros(()))


def recall_at_accuracy(
    score: np.ndarray, right: np.ndarray, outside: np.ndarray, *, accuracy: float = 0.95
) -> float:
    """Returns how many rows out of scope can be turned away at so much accuracy in scope.

    A row in scope counts as right where it is answered, and answered right (Larson et al.,
    "An evaluation dataset for [...] out-of-scope prediction", 2019).

    Args:
        score: float `(n,)`, higher for what is in scope.
        right: bool `(n,)`, whether the answer would be right.
        outside: bool `(n,)`, true for rows out of scope; both kinds are needed.
        accuracy: Least share of the in-scope rows that must be answered right.

    Returns:
        The share of rows out of scope below the highest threshold that keeps the accuracy; 0
        where even the answers to all rows do not reach it.
    """
    needed = int(np.ceil(accuracy * (~outside).sum() - 1e-9))
    kept = np.sort(score[~outside & right])
    if len(kept) < needed or not needed:
        return 0.0 if needed else 1.0
    return float((score[outside] < kept[len(kept) - needed]).mean())


def _best(
    scores: Mapping[str, np.ndarray], outside: np.ndarray, auroc: dict[str, float]
) -> tuple[str, dict[str, float]]:
    """Returns the best score and its weights; adds to `auroc` what their sum reaches."""
    table = np.stack(list(scores.values()), 1)  # (n, scores)
    model = _logistic_regression()
    held_out = cross_val_predict(model, table, ~outside, cv=_FOLDS, method="decision_function")
    auroc[COMBINED] = float(roc_auc_score(~outside, held_out))
    best = max(auroc, key=lambda name: auroc[name])
    if best != COMBINED:
        return best, {best: 1.0}
    scaler, regression = (step for _, step in model.fit(table, ~outside).steps)
    weights = regression.coef_[0] / scaler.scale_
    return COMBINED, dict(zip(scores, weights.tolist(), strict=True))


def _logistic_regression() -> Pipeline:
    regression = LogisticRegression(C=_INVERSE_PENALTY, class_weight="balanced")
    return make_pipeline(StandardScaler(), regression)
