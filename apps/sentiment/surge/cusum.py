"""A cumulative sum of evidence, and the limit that it passes once in a stated time."""

import functools
import math

import numpy as np
from scipy import optimize, stats

_STATES = 50
_LEAST_LIMIT = 0.01
_MOST_DISPERSION = 5.0  # the limit hardly moves above
_GRID = 0.25  # step of the logarithms of mean and dispersion for which limits are kept


def evidence(
    observed: np.ndarray, expected: np.ndarray, dispersion: np.ndarray, rise: float
) -> np.ndarray:
    """Returns the log-likelihood ratio of a level `rise` times the expected one.

    Page's cumulative sum of it is the quickest to find that rise (Lorden 1971); for negative
    binomial counts see Hoehle and Paul (2008).

    Args:
        observed: Counts, `(topics,)`.
        expected: Their means without a rise, `(topics,)`.
        dispersion: Of the negative binomial, `(topics,)`, above 0.
        rise: Above 1.
    """
    usual, risen = 1 + dispersion * expected, 1 + dispersion * rise * expected
    return observed * np.log(rise * usual / risen) - np.log(risen / usual) / dispersion


def limits(
    expected: np.ndarray, dispersion: np.ndarray, rise: float, run_length: float
) -> np.ndarray:
    """Returns the limits that are passed once in `run_length` counts without a rise, `(topics,)`.

    Args:
        expected: Means, `(topics,)`.
        dispersion: Of the negative binomial, `(topics,)`, above 0.
        rise: Above 1.
        run_length: Counts between two false alarms.
    """
    means = np.round(np.log(np.maximum(expected, 1e-3)) / _GRID).astype(int)
    spreads = np.round(np.log(np.minimum(dispersion, _MOST_DISPERSION)) / _GRID).astype(int)
    pairs = zip(means.tolist(), spreads.tolist(), strict=True)
    return np.array([_limit(mean, spread, rise, run_length) for mean, spread in pairs])


@functools.lru_cache(maxsize=4096)
def _limit(mean: int, spread: int, rise: float, run_length: float) -> float:
    expected, dispersion = math.exp(mean * _GRID), math.exp(spread * _GRID)
    wanted = math.log(run_length)

    def over(limit: float) -> float:
        return math.log(average_run_length(limit, expected, dispersion, rise)) - wanted

    # the upper end is always enough (Wald); at the lower end any evidence alarms
    if over(_LEAST_LIMIT) >= 0:
        return _LEAST_LIMIT
    return float(optimize.brentq(over, _LEAST_LIMIT, max(wanted, 1.0) + 1.0, xtol=0.02))


def average_run_length(limit: float, expected: float, dispersion: float, rise: float) -> float:
    """Returns after how many counts the sum passes a limit where the level has not risen.

    The sum as a Markov chain on a grid of states (Brook and Evans 1972).

    Args:
        limit: The limit, above 0.
        expected: Mean of a count.
        dispersion: Of the negative binomial.
        rise: Above 1.
    """
    size = 1 / dispersion
    law = stats.nbinom(size, size / (size + expected))
    counts = np.arange(int(law.isf(1e-8)) + 2)
    steps = evidence(counts, np.array(expected), np.array(dispersion), rise)
    states = np.linspace(0, limit, _STATES)
    reached = np.maximum(states[:, None] + steps, 0)  # (states, counts)
    weights = np.broadcast_to(law.pmf(counts), reached.shape)
    place = reached / (limit / (_STATES - 1))
    inside = place < _STATES - 1
    below = np.where(inside, place, 0).astype(int)
    part = place - below  # a sum between two states is shared by both
    rows = np.broadcast_to(np.arange(_STATES)[:, None], reached.shape)
    moves = np.zeros((_STATES, _STATES))
    np.add.at(moves, (rows, below), np.where(inside, weights * (1 - part), 0))
    np.add.at(
        moves, (rows, np.minimum(below + 1, _STATES - 1)), np.where(inside, weights * part, 0)
    )
    return float(np.linalg.solve(np.eye(_STATES) - moves, np.ones(_STATES))[0])
