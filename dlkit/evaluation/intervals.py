"""Intervals that hold the truth as often as they promise."""

import math

import numpy as np
from numpy.typing import ArrayLike


def conformal_quantile(residuals: ArrayLike, *, coverage: float) -> float:
    """Finds how far from its prediction a new number lies at most, in a share of all cases.

    With residuals of rows that a model left out, intervals of this half-width around the
    predictions for new rows hold at least the share that was asked for (Lei, G'Sell, Rinaldo,
    Tibshirani and Wasserman, "Distribution-free predictive inference for regression", 2018);
    where the rows were left out in turn by parts of an ensemble, that holds as far as a part
    predicts like the whole (Barber, Candes, Ramdas and Tibshirani, "Predictive inference with the
    jackknife+", 2021).

    Args:
        residuals: float `(n,)`, distances of predictions from the truth.
        coverage: The share, between 0 and 1.

    Returns:
        The distance; the largest one where there are too few for the share.

    Example:
        >>> conformal_quantile(range(1, 20), coverage=0.9)
        18.0
    """
    ordered = np.sort(np.asarray(residuals, np.float64))
    rank = math.ceil(round(coverage * (len(ordered) + 1), 9))
    return float(ordered[min(rank, len(ordered)) - 1])
