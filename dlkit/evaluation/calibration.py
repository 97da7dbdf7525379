"""Confidence that can be believed: calibration error, temperature, and when not to answer.

Guo et al., "On Calibration of Modern Neural Networks" (2017). An answer is given where the
confidence is at least the threshold, and withheld below it.
"""

import dataclasses
import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax
from sklearn.metrics import roc_auc_score, roc_curve

from dlkit.errors import InputError

_TEMPERATURES = (0.05, 20.0)


@dataclasses.dataclass(frozen=True, eq=False)
class Reliability:
    """Confidence against accuracy, by equal-width bins of confidence.

    Attributes:
        confidence: float64 `(bins,)`, mean over the rows of the bin; nan in an empty bin.
        accuracy: float64 `(bins,)`, share of right answers; nan in an empty bin.
        count: int64 `(bins,)`, rows.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    count: np.ndarray


def reliability(probabilities: ArrayLike, labels: ArrayLike, bins: int = 15) -> Reliability:
    """Compares confidence and accuracy; a bin holds its upper edge, not its lower one.

    Args:
        probabilities: float `(n, c)`, rows that sum to one.
        labels: int `(n,)`; rows with -1 are left out.
        bins: Number of bins between 0 and 1.

    Raises:
        ValueError: `bins` is less than one.
    """
    if bins < 1:
        raise ValueError(f"`bins` must be at least 1. Got {bins}.")
    values, truth = _known(probabilities, labels)
    confidence = values.max(axis=1)
    edges = np.linspace(0.0, 1.0, bins + 1)
    places = np.searchsorted(edges[1:-1], confidence, side="left")  # (n,)
    count = np.bincount(places, minlength=bins)
    right = np.bincount(places, weights=values.argmax(axis=1) == truth, minlength=bins)
    total = np.bincount(places, weights=confidence, minlength=bins)
    divisor = np.where(count, count, np.nan)
    return Reliability(total / divisor, right / divisor, count)


def expected_calibration_error(
    probabilities: ArrayLike, labels: ArrayLike, bins: int = 15
) -> float:
    """Mean gap between confidence and accuracy, weighted by the rows of each bin.

    Args:
        probabilities: float `(n, c)`, rows that sum to one.
        labels: int `(n,)`; rows with -1 are left out.
        bins: Number of equal-width bins of the top probability.

    Returns:
        Between 0 (honest) and 1; 0 where there are no rows.
    """
    table = reliability(probabilities, labels, bins)
    gaps = np.nan_to_num(np.abs(table.accuracy - table.confidence))
    return float(gaps @ table.count / max(table.count.sum(), 1))


def negative_log_likelihood(
    logits: ArrayLike, labels: ArrayLike, temperature: float = 1.0
) -> float:
    """Mean of `-log softmax(logits / temperature)[label]` in nats; 0 where there are no rows.

    Args:
        logits: float `(n, c)`.
        labels: int `(n,)`; rows with -1 are left out.
        temperature: Above 1 softens, below 1 sharpens.
    """
    values, truth = _known(logits, labels)
    if not len(truth):
        return 0.0
    scores = log_softmax(values / temperature, axis=1)
    return float(-np.take_along_axis(scores, truth[:, None], axis=1).mean())


def fit_temperature(logits: ArrayLike, labels: ArrayLike) -> float:
    """Finds the temperature that makes the labels of held-out rows most likely.

    Args:
        logits: float `(n, c)` of rows that were not trained on.
        labels: int `(n,)`; rows with -1 are left out.

    Returns:
        Between 0.05 and 20; 1 where there are no rows or nothing is better than 1.

    Example:
        >>> round(fit_temperature([[4.0, 0.0]] * 4, [0, 0, 0, 1]), 2)  # 98 % sure, 75 % right
        3.64
    """
    values, truth = _known(logits, labels)
    if not len(truth):
        return 1.0

    def loss(log_temperature: float) -> float:
        return negative_log_likelihood(values, truth, math.exp(log_temperature))

    low, high = (math.log(bound) for bound in _TEMPERATURES)
    best = minimize_scalar(loss, bounds=(low, high), method="bounded")
    return math.exp(best.x) if best.fun < loss(0.0) else 1.0


def rejection_threshold(confidence: ArrayLike, *, false_rejection_rate: float = 0.05) -> float:
    """Chooses the highest threshold that withholds few enough answers to in-scope rows.

    Args:
        confidence: float `(n,)` of in-scope validation rows.
        false_rejection_rate: Largest share of these rows to reject, in [0, 1).

    Returns:
        One of the confidences; 0, which rejects nothing, where there are none.

    Raises:
        InputError: The rate is not in [0, 1).
    """
    if not 0 <= false_rejection_rate < 1:
        raise InputError(
            f"`false_rejection_rate` must be at least 0 and less than 1. "
            f"Got {false_rejection_rate}."
        )
    values = np.sort(np.asarray(confidence, np.float64))
    return float(values[int(false_rejection_rate * len(values))]) if len(values) else 0.0


def rejection_threshold_with_outliers(
    confidence_in: ArrayLike, confidence_out: ArrayLike, *, cost: float = 1.0
) -> float:
    """Chooses the threshold that best tells in-scope rows from rows that have no right answer.

    Args:
        confidence_in: float `(n,)` of in-scope validation rows.
        confidence_out: float `(m,)` of validation rows outside every class.
        cost: What it costs to keep one of the others, where rejecting an in-scope row costs 1
            and both kinds are equally frequent. At 1 balanced accuracy is highest.

    Returns:
        The threshold of the lowest mean cost, midway between the confidences beside it; the
        lowest of equally good ones.

    Raises:
        InputError: One of the two has no rows, or the cost is not above 0 and finite.
    """
    if not 0 < cost < math.inf:
        raise InputError(f"`out_of_scope_cost` must be above 0 and finite. Received: {cost}.")
    kept_out, kept_in, thresholds = _curve(confidence_in, confidence_out)
    gain = kept_in - cost * kept_out
    best = np.flatnonzero(gain >= gain.max() - 1e-12)[-1]
    if not math.isfinite(thresholds[best]):  # nothing is worth keeping
        return float(np.nextafter(thresholds[1], math.inf))
    below = thresholds[min(best + 1, len(thresholds) - 1)]
    middle = (thresholds[best] + below) / 2
    return float(middle if middle > below else thresholds[best])  # neighbours have no middle


def rejection_metrics(
    confidence_in: ArrayLike, confidence_out: ArrayLike, threshold: float
) -> dict[str, float]:
    """Measures how well low confidence gives away rows that have no right answer.

    Args:
        confidence_in: float `(n,)` of in-scope rows.
        confidence_out: float `(m,)` of rows outside every class.
        threshold: Rows below it are rejected.

    Returns:
        `out_of_scope_recall` and `in_scope_rejected`, the shares rejected at the threshold;
        `auroc`, the chance that an in-scope row is more confident than another one; and
        `false_positive_rate_at_95_recall`, the share of other rows that is kept where 95 % of
        the in-scope rows are kept.

    Raises:
        InputError: One of the two has no rows.
    """
    kept_out, kept_in, _ = _curve(confidence_in, confidence_out)
    return {
        "out_of_scope_recall": float((np.asarray(confidence_out) < threshold).mean()),
        "in_scope_rejected": float((np.asarray(confidence_in) < threshold).mean()),
        "auroc": float(roc_auc_score(*_joined(confidence_in, confidence_out))),
        "false_positive_rate_at_95_recall": float(kept_out[np.argmax(kept_in >= 0.95)]),
    }


def _known(values: ArrayLike, labels: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    truth = np.asarray(labels, np.int64)
    rows = truth >= 0
    return np.asarray(values, np.float64)[rows], truth[rows]


def _joined(inside: ArrayLike, outside: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Returns int64 `(n + m,)`, 1 for in-scope rows, and their confidences."""
    sizes = {"confidence_in": np.size(inside), "confidence_out": np.size(outside)}
    for name, size in sizes.items():
        if not size:
            raise InputError(
                f"`{name}` needs at least one row. Got none; without out-of-scope rows "
                "choose the threshold by `rejection_threshold`."
            )
    truth = np.repeat([1, 0], [*sizes.values()])
    return truth, np.concatenate([np.asarray(inside, float), np.asarray(outside, float)])


def _curve(inside: ArrayLike, outside: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns the shares of outside and inside rows kept, and the falling thresholds."""
    return roc_curve(*_joined(inside, outside), drop_intermediate=False)
