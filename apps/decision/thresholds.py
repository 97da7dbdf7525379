"""What a support desk does without learning: fixed thresholds on the confidence."""

import dataclasses
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from apps.decision.support_desk import ANSWER, ASK, ASKED, CONFIDENCE, HAND_OVER
from dlkit.training.decision.episodes import play_episodes

_GRID = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 0.98, 1.01)
_START = {"answer": 0.8, "ask": 1.01, "answer_after_asking": 0.7}


@dataclasses.dataclass(frozen=True)
class Thresholds:
    """Answers, asks back or hands over by the highest probability alone.

    Args:
        answer: Answers from this confidence on.
        ask: Else asks back from this one on; else hands over. Above 1 it never asks.
        answer_after_asking: Answers from this confidence on once it has asked; else hands over.
    """

    answer: float
    ask: float
    answer_after_asking: float

    def __call__(self, observations: np.ndarray) -> np.ndarray:
        """Returns actions int64 `(batch,)` for observations `(batch, columns)`."""
        confidence, asked = observations[:, CONFIDENCE], observations[:, ASKED] > 0
        before = np.where(confidence >= self.ask, ASK, HAND_OVER)
        before = np.where(confidence >= self.answer, ANSWER, before)
        after = np.where(confidence >= self.answer_after_asking, ANSWER, HAND_OVER)
        return np.where(asked, after, before)


def best_thresholds(make: Callable[[], Any], seeds: Sequence[int], *, asks: bool) -> Thresholds:
    """Finds the thresholds with the least cost, one after the other until none gets better.

    Args:
        make: Makes a support desk.
        seeds: Of the shifts to play.
        asks: Whether it may ask back; else there is one threshold.
    """
    names = ("answer", "ask", "answer_after_asking") if asks else ("answer",)
    best = Thresholds(**_START | ({"ask": 0.0} if asks else {}))
    highest, tried = _mean(best, make, seeds), {best}
    while True:
        before = best
        for name, value in itertools.product(names, _GRID):
            rule = dataclasses.replace(best, **{name: value})
            if rule not in tried:
                tried.add(rule)
                mean = _mean(rule, make, seeds)
                best, highest = (rule, mean) if mean > highest else (best, highest)
        if best == before:
            return best


def _mean(rule: Thresholds, make: Callable[[], Any], seeds: Sequence[int]) -> float:
    return float(play_episodes(rule, make, seeds).returns.mean())
