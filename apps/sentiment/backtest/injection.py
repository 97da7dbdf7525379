"""Surges that are put into a history at random places."""

import dataclasses

import numpy as np

from apps.sentiment.backtest.grid import Grid

_NEAR_DAYS = 28


@dataclasses.dataclass(frozen=True)
class Injection:
    """Surges of one size and length, each of which is put in alone.

    Args:
        extra: Negative texts to add, int64 `(surges, steps)`.
        places: First window and topic of each, int64 `(surges, 2)`.
        usual: Negative texts that are usual over each, `(surges,)`.
    """

    extra: np.ndarray
    places: np.ndarray
    usual: np.ndarray


def usual_counts(grid: Grid) -> np.ndarray:
    """Returns how many negative texts are usual around each window, `(windows, topics)`.

    That is the mean of the four weeks before and after, times how much all topics together have at
    that time of the week. It looks ahead, and belongs to no method.
    """
    week = grid.steps(7)
    cells = np.arange(len(grid)) % week
    together = grid.negative.sum(axis=1)
    by_cell = np.array([together[cells == cell].mean() for cell in range(min(week, len(grid)))])
    season = (by_cell / max(by_cell.mean(), 1e-9))[cells]
    width = grid.steps(2 * _NEAR_DAYS) + 1
    sums = np.cumsum(np.pad(grid.negative, ((1, 0), (0, 0))), axis=0)
    rows = np.arange(len(grid))
    first, end = np.maximum(rows - width // 2, 0), np.minimum(rows + width // 2 + 1, len(grid))
    means = (sums[end] - sums[first]) / (end - first)[:, None]
    return means * season[:, None]


def inject(
    usual: np.ndarray,
    calm: np.ndarray,
    *,
    size: float,
    steps: int,
    most: int,
    least: float,
    rng: np.random.Generator,
) -> Injection:
    """Draws surges at random places where there is no real one.

    Args:
        usual: Usual negative texts, `(windows, topics)`.
        calm: Windows without a real surge, bool `(windows,)`.
        size: Negative texts with the surge over those that are usual.
        steps: Windows of a surge.
        most: Surges to draw, if there are as many places.
        least: Negative texts that are to be expected with the surge, at least.
        rng: Chooses the places and draws the texts (Poisson).
    """
    spans = np.lib.stride_tricks.sliding_window_view(usual, steps, axis=0)  # (rows, topics, steps)
    free = np.lib.stride_tricks.sliding_window_view(calm[:, None], steps, axis=0).all(axis=2)
    places = np.argwhere((size * spans.sum(axis=2) >= least) & free)
    places = rng.permutation(places)[:most]
    means = spans[places[:, 0], places[:, 1]]  # (surges, steps)
    return Injection(rng.poisson((size - 1) * means), places, means.sum(axis=1))
