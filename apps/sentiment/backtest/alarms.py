"""The alarms of a method on a grid, and those of the simple rules."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from apps.sentiment.backtest.grid import Grid
from apps.sentiment.surge import SurgeDetector, SurgeSettings

_LEAST_BASE = 9  # windows


class Alarms(NamedTuple):
    """What a method says, each bool `(windows, topics)`.

    Args:
        starts: Where an alarm is raised.
        open: Where a surge is alarmed and not over yet; a slow rise does not count.
    """

    starts: np.ndarray
    open: np.ndarray


def detector_alarms(
    grid: Grid, settings: SurgeSettings, state: dict[str, Any] | None = None
) -> tuple[Alarms, dict[str, Any]]:
    """Runs the detector over a grid.

    Args:
        grid: The counts.
        settings: Of the detector.
        state: Of a detector that has seen what comes before; without it, a new one.

    Returns:
        Its alarms, and its state at the end.
    """
    detector = SurgeDetector(settings, grid.window)
    if state:
        detector = SurgeDetector.from_json(settings, grid.window, state)
    column = {topic: place for place, topic in enumerate(grid.topics)}
    starts, opened = np.zeros(grid.negative.shape, bool), np.zeros(grid.negative.shape, bool)
    running: dict[str, int] = {}
    for row, (start, counts) in enumerate(grid.windows()):
        for event in detector.update(start, counts):
            if event.kind == "start":
                starts[row, column[event.topic]] = True
                if event.method == "surge":
                    running[event.episode] = column[event.topic]
            elif event.kind == "end":
                running.pop(event.episode, None)  # one of the windows before
        opened[row, list(running.values())] = True
    return Alarms(starts, opened), detector.to_json()


def rule_alarms(passed: np.ndarray, cool_down: int) -> Alarms:
    """Turns windows over a limit into alarms: one until so many windows in a row are below it.

    Args:
        passed: bool `(windows, topics)`.
        cool_down: Windows.
    """
    starts, opened = np.zeros_like(passed), np.zeros_like(passed)
    quiet = np.full(passed.shape[1], cool_down + 1)
    for row, now in enumerate(passed):
        starts[row] = now & (quiet > cool_down)
        quiet = np.where(now, 0, quiet + 1)
        opened[row] = quiet <= cool_down
    return Alarms(starts, opened)


def mean_and_sigma(negative: np.ndarray) -> np.ndarray:
    """Returns how many standard deviations a count is above the mean of all before it."""
    return _standardized(negative, first=lambda row: 0, last=lambda row: row)


def ears_c2(negative: np.ndarray) -> np.ndarray:
    """Returns the statistic of EARS C2 (Hutwagner et al. 2003).

    That is how many standard deviations a count is above the mean of the seven windows that end
    two windows before it.
    """
    return _standardized(negative, first=lambda row: row - 9, last=lambda row: row - 2)


def _standardized(
    negative: np.ndarray, *, first: Callable[[int], int], last: Callable[[int], int]
) -> np.ndarray:
    scores = np.zeros(negative.shape)
    for row in range(_LEAST_BASE, len(negative)):
        base = negative[first(row) : last(row)]
        # the least spread keeps a baseline without texts from alarming at the first one
        spread = np.maximum(base.std(axis=0, ddof=1), 0.5)
        scores[row] = (negative[row] - base.mean(axis=0)) / spread
    return scores
