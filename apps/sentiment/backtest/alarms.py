"""The alarms of a method on a grid, and those of the simple rules."""

import copy
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NamedTuple

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


class DetectorRun:
    """A detector that follows a grid; a copy of it can go another way from there.

    Args:
        settings: Of the detector.
        window: Length of a window.
        topics: Their names.
    """

    def __init__(self, settings: SurgeSettings, window: timedelta, topics: Sequence[str]) -> None:
        self._detector = SurgeDetector(settings, window)
        self._column = {topic: place for place, topic in enumerate(topics)}
        self._running: dict[str, int] = {}

    def copy(self) -> "DetectorRun":
        """Returns one that stands where this one does."""
        return copy.deepcopy(self)

    def follow(self, grid: Grid) -> Alarms:
        """Goes on over the windows of a grid, which come after all before."""
        starts = np.zeros(grid.negative.shape, bool)
        opened = np.zeros(grid.negative.shape, bool)
        for row, (start, counts) in enumerate(grid.windows()):
            for event in self._detector.update(start, counts):
                if event.kind == "start":
                    starts[row, self._column[event.topic]] = True
                    if event.method == "surge":
                        self._running[event.episode] = self._column[event.topic]
                elif event.kind == "end":
                    self._running.pop(event.episode, None)  # a slow rise is not among them
            opened[row, list(self._running.values())] = True
        return Alarms(starts, opened)


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


def mean_and_sigma(negative: np.ndarray, begin: int = 0) -> np.ndarray:
    """Returns how many standard deviations a count is above the mean of all before it.

    Args:
        negative: `(windows, topics)`.
        begin: First of the windows that are returned.
    """
    return _standardized(negative, begin, first=lambda row: 0, last=lambda row: row)


def ears_c2(negative: np.ndarray, begin: int = 0) -> np.ndarray:
    """Returns the statistic of EARS C2 (Hutwagner et al. 2003).

    That is how many standard deviations a count is above the mean of the seven windows that end
    two windows before it.

    Args:
        negative: `(windows, topics)`.
        begin: First of the windows that are returned.
    """
    return _standardized(negative, begin, first=lambda row: row - 9, last=lambda row: row - 2)


def _standardized(
    negative: np.ndarray, begin: int, *, first: Callable[[int], int], last: Callable[[int], int]
) -> np.ndarray:
    scores = np.zeros(negative.shape)
    for row in range(max(_LEAST_BASE, begin), len(negative)):
        base = negative[first(row) : last(row)]
        # the least spread keeps a baseline without texts from alarming at the first one
        spread = np.maximum(base.std(axis=0, ddof=1), 0.5)
        scores[row] = (negative[row] - base.mean(axis=0)) / spread
    return scores[begin:]
