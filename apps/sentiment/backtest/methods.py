"""The methods that are compared, each held to one budget of false alarms."""

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from apps.sentiment.backtest.alarms import (
    Alarms,
    DetectorRun,
    ears_c2,
    mean_and_sigma,
    rule_alarms,
)
from apps.sentiment.backtest.grid import Grid
from apps.sentiment.surge import SurgeSettings

DETECTOR = "surge detector"
RULES = ("fixed threshold", "mean + sigmas", "EARS C2")

Tuning = Literal["as stated", "before", "hindsight"]
"""On what a limit is set: the stated budget alone, the windows before those that are measured, or
these themselves, which nobody can do but which holds all methods to the same measured rate."""

_LADDER = 2.0 ** np.arange(-6, 4, 0.25)


@dataclasses.dataclass(frozen=True)
class Trial:
    """What a method may see.

    Args:
        earlier: The windows before those that are measured.
        later: Those that are measured, without surges put in.
        settings: Of the detector; budget, minimum volume and cool-down hold for all methods.
        tuning: On what the limit is set.
    """

    earlier: Grid
    later: Grid
    settings: SurgeSettings
    tuning: Tuning

    @property
    def quiet(self) -> int:
        """Returns the first windows, in which no alarm counts."""
        return self.earlier.steps(self.settings.history)

    @property
    def tuned_on(self) -> Grid:
        """Returns the windows on which the limit is set."""
        if self.tuning == "hindsight":
            return self.later
        return self.earlier.part(self.quiet, len(self.earlier))

    @property
    def allowed(self) -> int:
        """Returns the false alarms that the budget allows there, at least one."""
        return max(round(self.settings.alarms_per_topic_year * self.tuned_on.years), 1)


class PutIn(NamedTuple):
    """A surge that is put in alone.

    Args:
        first: Its first window among those that are measured.
        topic: Its column.
        texts: Negative texts to add, int64 `(steps,)`.
    """

    first: int
    topic: int
    texts: np.ndarray

    def extra(self, topics: int) -> np.ndarray:
        """Returns the texts to add to all topics, int64 `(steps, topics)`."""
        extra = np.zeros((len(self.texts), topics), np.int64)
        extra[:, self.topic] = self.texts
        return extra


class Detector:
    """The detector of this application, with the stated budget or one that has been tuned."""

    name = DETECTOR

    def __init__(self, trial: Trial) -> None:
        self.tuning = trial.tuning
        self._trial = trial
        budget = trial.settings.alarms_per_topic_year
        low, high = 0, len(_LADDER) - 1
        while self.tuning != "as stated" and low < high:
            middle = (low + high + 1) // 2
            before = self._set(budget * _LADDER[middle])
            hindsight = self.tuning == "hindsight"
            starts = self.alarms().starts if hindsight else before.starts[trial.quiet :]
            few = starts[trial.tuned_on.calm].sum() <= trial.allowed
            low, high = (middle, high) if few else (low, middle - 1)
        chosen = float(budget * (1.0 if self.tuning == "as stated" else _LADDER[low]))
        self._set(chosen)
        self.limit = f"budget {chosen:.3g}"

    def _set(self, budget: float) -> Alarms:
        """Starts anew with another budget; returns the alarms before what is measured."""
        settings = dataclasses.replace(self._trial.settings, alarms_per_topic_year=float(budget))
        earlier = self._trial.earlier
        self._run = DetectorRun(settings, earlier.window, earlier.topics)
        return self._run.follow(earlier)

    def alarms(self) -> Alarms:
        """Returns the alarms in the windows that are measured."""
        return self._run.copy().follow(self._trial.later)

    def raised(self, surges: Sequence[PutIn]) -> list[np.ndarray]:
        """Says where an alarm is raised or open while each surge lasts, each bool `(steps,)`."""
        run, later, now = self._run.copy(), self._trial.later, 0
        answers = [np.zeros(0, bool)] * len(surges)
        for place in sorted(range(len(surges)), key=lambda place: surges[place].first):
            surge = surges[place]
            run.follow(later.part(now, surge.first))
            now = surge.first
            windows = later.part(now, now + len(surge.texts))
            alarms = run.copy().follow(windows.with_more(surge.extra(len(later.topics))))
            answers[place] = (alarms.starts | alarms.open)[:, surge.topic]
        return answers


class Rule:
    """A simple rule: a limit on counts, or on how many standard deviations they stand out.

    The limit on counts is each topic's own.
    """

    def __init__(self, name: str, trial: Trial) -> None:
        self.name = name
        self.tuning = trial.tuning
        self._later = trial.later
        self._earlier = trial.earlier
        self._minimum = trial.settings.minimum_volume
        self._cool_down = trial.earlier.steps(trial.settings.cool_down)
        if trial.tuning == "hindsight":
            scores = self._scores(trial.earlier.negative, trial.later.negative)
        else:
            nothing = trial.earlier.negative[:0]
            scores = self._scores(nothing, trial.earlier.negative)[trial.quiet :]
        if name == "fixed threshold":
            each = trial.allowed / scores.shape[1]
            limits = [self._tuned(column[:, None], trial, each) for column in scores.T]
            self._limits = np.array(limits)
            self.limit = f"{self._limits.min():g} to {self._limits.max():g} texts"
        else:
            self._limits = np.array(self._tuned(scores, trial, trial.allowed))
            self.limit = f"{self._limits:.2f} sigmas"

    def alarms(self) -> Alarms:
        """Returns the alarms in the windows that are measured."""
        scores = self._scores(self._earlier.negative, self._later.negative)
        return rule_alarms(scores >= self._limits, self._cool_down)

    def raised(self, surges: Sequence[PutIn]) -> list[np.ndarray]:
        """Says where an alarm is raised or open while each surge lasts, each bool `(steps,)`."""
        return [self._raised(surge) for surge in surges]

    def _raised(self, surge: PutIn) -> np.ndarray:
        begin = max(surge.first - self._cool_down, 0)  # an alarm from there is still open
        after = self._later.negative[begin : surge.first + len(surge.texts)].copy()
        after[surge.first - begin :, surge.topic] += surge.texts
        before = np.concatenate([self._earlier.negative, self._later.negative[:begin]])
        alarms = rule_alarms(self._scores(before, after) >= self._limits, self._cool_down)
        return (alarms.starts | alarms.open)[surge.first - begin :, surge.topic]

    def _scores(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        scores = after.astype(float)
        if self.name != "fixed threshold":
            statistic = mean_and_sigma if self.name == "mean + sigmas" else ears_c2
            scores = statistic(np.concatenate([before, after]).astype(float), len(before))
        return np.where(after >= self._minimum, scores, -np.inf)

    def _tuned(self, scores: np.ndarray, trial: Trial, allowed: float) -> float:
        """Returns the lowest limit among the values that keeps to the allowed false alarms."""
        values = np.unique(scores[np.isfinite(scores)])
        chosen = float(np.nextafter(values[-1], np.inf)) if len(values) else float(self._minimum)
        for limit in values[::-1]:
            starts = rule_alarms(scores >= limit, self._cool_down).starts
            if starts[trial.tuned_on.calm].sum() > allowed:
                break
            chosen = float(limit)
        return chosen


Method = Detector | Rule


def all_methods(earlier: Grid, later: Grid, settings: SurgeSettings) -> Sequence[Method]:
    """Sets the limits of all methods.

    Args:
        earlier: The windows before those that are measured.
        later: Those that are measured, without surges put in.
        settings: Of the detector; budget, minimum volume and cool-down hold for all methods.
    """
    trials: dict[Any, Trial] = {
        tuning: Trial(earlier, later, settings, tuning)
        for tuning in ("as stated", "before", "hindsight")
    }
    methods: list[Method] = [Detector(trial) for trial in trials.values()]
    for tuning in ("before", "hindsight"):
        methods += [Rule(name, trials[tuning]) for name in RULES]
    return methods
