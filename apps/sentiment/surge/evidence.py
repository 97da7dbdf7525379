"""What speaks for a surge of each topic in a window, and by how much it is allowed to be chance."""

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from apps.sentiment.surge.calendar import DAY
from apps.sentiment.surge.dispersion import Dispersion, quantile, tail
from apps.sentiment.surge.level import Level
from apps.sentiment.surge.rise import Rises, RiseSearch
from apps.sentiment.surge.settings import SurgeSettings
from apps.sentiment.surge.spans import Spans
from apps.sentiment.surge.volume import Volume

_YEAR = 365.25 * DAY
_OVERLAP = 2.0  # looks at one span that pass a limit together: they share most of their windows
_OUTLIER = 1e-3  # the level learns from what is less probable as if it were just this quantile


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The tests of a window: one for each span, the last one for a slow rise.

    Args:
        scores: p-values over what a topic alone is allowed in such a test, `(tests, topics)`.
        allowed: That p-value, `(tests,)`.
        due: Which tests may start an episode in this window, bool `(tests,)`.
        counts: Negative, expected and total texts, `(tests, 3, topics)`.
        windows: Windows that are counted, `(tests, topics)`.
    """

    scores: np.ndarray
    allowed: np.ndarray
    due: np.ndarray
    counts: np.ndarray
    windows: np.ndarray

    @property
    def surge_tests(self) -> np.ndarray:
        """Returns the tests of the spans."""
        return np.arange(len(self.scores) - 1)

    @property
    def rise_test(self) -> np.ndarray:
        """Returns the test for a slow rise."""
        return np.array([len(self.scores) - 1])


class EvidenceBook:
    """All that is remembered of the topics, as arrays over topics.

    The budget of false alarms is shared equally by all tests: each span is allowed its part of a
    year's alarms, divided by how often a year looks at it. Where these looks overlap, one alarm
    takes two of them (the extremal index of Leadbetter 1983).

    Args:
        settings: Budget and memory.
        window: Length of a window.
    """

    def __init__(self, settings: SurgeSettings, window: timedelta) -> None:
        self._settings = settings
        self._days = window / DAY
        self._spans = Spans(window)
        self._day_steps = max(round(DAY / window), 1)
        self._day_span = int(np.flatnonzero(self._spans.steps == self._day_steps)[0])
        tests = len(self._spans.steps) + 1
        alarms = settings.alarms_per_topic_year / tests
        looks = np.append(self._spans.strides, self._day_steps)
        overlap = np.append(np.where(self._spans.steps >= 2, _OVERLAP, 1.0), 1.0)
        self._allowed = np.minimum(alarms * overlap * looks * (window / _YEAR), 0.5)
        decay = 0.5 ** (self._days / (3 * settings.half_life))
        self._dispersion = Dispersion(self._spans.steps, decay)
        self._level = Level(window, settings.half_life)
        self._volume = Volume(window, settings.half_life)
        self._rise = RiseSearch(
            self._day_steps, settings.rise, 1 / self._allowed[-1], settings.minimum_volume
        )
        self._rises: Rises | None = None
        self._known = np.zeros(0)  # days
        self.grow(0)

    def grow(self, topics: int) -> None:
        """Makes room for so many topics."""
        for part in (self._spans, self._dispersion, self._level, self._volume, self._rise):
            part.grow(topics)
        more = topics - len(self._known)
        self._known = np.pad(self._known, (0, more))
        if self._rises is not None and more:
            self._rises = self._rises.grown(more)

    def skip(self, windows: int) -> None:
        """Leaves windows out of which nothing is known."""
        self._spans.skip(windows)

    def weigh(
        self,
        start: datetime,
        number: int,
        negative: np.ndarray,
        total: np.ndarray,
        in_surge: np.ndarray,
    ) -> Evidence:
        """Compares a window with what was expected, and learns from it.

        Args:
            start: Its start.
            number: Its number, counted from a fixed time.
            negative: Negative texts, `(topics,)`.
            total: All texts, `(topics,)`.
            in_surge: Topics in an open surge, bool `(topics,)`.
        """
        half_known = self._known.max(initial=0) >= self._settings.history / 2
        busy = self._volume.factor(start, total - negative, half_known)
        volume = np.full(len(total), busy)
        forecast = self._level.forecast(start)
        expected = forecast.mean * volume
        dispersion = self._dispersion.values() + forecast.variance
        self._spans.push(negative, expected, total)
        sums = self._spans.sums()
        p_values = tail(sums[0], sums[1], dispersion)
        ready = self._known >= self._settings.history
        far = ready & (p_values < _OUTLIER)
        newest = negative.copy()
        cut = quantile(_OUTLIER, expected[far[0]], dispersion[0, far[0]])
        newest[far[0]] = np.minimum(cut, newest[far[0]])
        self._level.update(start, newest, volume, forecast)
        if half_known:
            self._dispersion.update(sums[0], sums[1], ~far)
        # a rise has to stand out from what the level itself is not sure of
        self._rise.add(newest, expected * np.exp(np.sqrt(forecast.variance)), total)
        self._known = self._known + self._days
        due = np.append(self._spans.due(number), (number + 1) % self._day_steps == 0)
        if due[-1]:
            self._rises = self._rise.close_day(dispersion[self._day_span], ready & ~in_surge)
        p_values = np.where(ready & (sums[0] >= self._settings.minimum_volume), p_values, 1.0)
        return self._evidence(p_values, sums, due)

    def _evidence(
        self, p_values: np.ndarray, sums: tuple[np.ndarray, ...], due: np.ndarray
    ) -> Evidence:
        rises = self._rises or Rises.none(p_values.shape[1])
        strength = np.exp(np.minimum(rises.limits - rises.sums, 700.0))
        enough = rises.counts[0] >= self._settings.minimum_volume
        rise_scores = np.where(enough, strength, np.inf)
        steps = np.broadcast_to(self._spans.steps[:, None], p_values.shape)
        return Evidence(
            scores=np.vstack([p_values / self._allowed[:-1, None], rise_scores]),
            allowed=self._allowed,
            due=due,
            counts=np.concatenate([np.stack(sums, axis=1), rises.counts[None]]),
            windows=np.vstack([steps, rises.windows]),
        )

    def to_json(self) -> dict[str, Any]:
        """Returns the state."""
        rises = [array.tolist() for array in self._rises] if self._rises else None
        return {
            "spans": self._spans.to_json(),
            "dispersion": self._dispersion.to_json(),
            "level": self._level.to_json(),
            "volume": self._volume.to_json(),
            "rise": self._rise.to_json(),
            "rises": rises,
            "known": self._known.tolist(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from the state that `to_json` returned."""
        self._spans.restore(state["spans"])
        self._dispersion.restore(state["dispersion"])
        self._level.restore(state["level"])
        self._volume.restore(state["volume"])
        self._rise.restore(state["rise"])
        rises = state["rises"]
        self._rises = Rises(*(np.array(array, float) for array in rises)) if rises else None
        self._known = np.array(state["known"], float)
