"""The expected number of texts in a window: level, trend, hour of day and day of week."""

import math
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

from apps.sentiment.surge.calendar import DAY, HOURS, WEEKDAYS, hour, weekday
from apps.sentiment.surge.profile import Profile

_SLOW = 3  # half-lives of the longer memory, whose ratio to the shorter one shows the trend
_SEASON = 6  # half-lives of the memory of the calendar
_TREND = math.log(2) / 180  # usual size of a trend in a day: to double in half a year


class Forecast(NamedTuple):
    """What is expected in a window, each `(topics,)`.

    Args:
        season: Factor of the calendar.
        mean: Expected texts.
        variance: Of the logarithm of the mean, from how little is known.
    """

    season: np.ndarray
    mean: np.ndarray
    variance: np.ndarray


class Level:
    """Discounted Poisson regression of counts on calendar and trend, of all topics at once.

    Two exponentially weighted means of counts over their exposure, a short and a long memory,
    give level and trend; the trend is shrunk as far as the counts leave it unknown.

    Args:
        window: Length of a window.
        half_life: Days after which a window counts half.
    """

    def __init__(self, window: timedelta, half_life: float) -> None:
        self._window = window
        self._days = window / DAY
        self._decays = 0.5 ** (self._days / (half_life * np.array([1.0, _SLOW])))
        season = 0.5 ** (self._days / (half_life * _SEASON))
        self._weekdays = Profile(*WEEKDAYS, season)
        self._hours = Profile(*HOURS, season)
        self._observed = np.zeros((2, 0))  # by memory and topic
        self._exposure = np.zeros((2, 0))
        self._age = np.zeros((2, 0))  # days times exposure

    def grow(self, topics: int) -> None:
        """Makes room for so many topics."""
        more = ((0, 0), (0, topics - self._observed.shape[1]))
        self._observed = np.pad(self._observed, more)
        self._exposure = np.pad(self._exposure, more)
        self._age = np.pad(self._age, more)
        self._weekdays.grow(topics)
        self._hours.grow(topics)

    def forecast(self, start: datetime) -> Forecast:
        """Returns what is expected in the window that starts then."""
        season = self._weekdays.factors(*weekday(start, self._window))
        season = season * self._hours.factors(*hour(start, self._window))
        exposure = np.maximum(self._exposure, 1e-12)
        short, long = (self._observed + 0.5) / (exposure + 0.5)
        age, older = self._age / exposure
        variance = 1 / (self._observed[0] + 0.5)
        gain = (older - age) / ((older - age) ** 2 + variance / _TREND**2)
        trend = np.clip(gain * np.log(short / long) * age, -math.log(2), math.log(2))
        mean = short * np.exp(trend) * season
        return Forecast(season, mean, variance * (1 + gain * age) ** 2)

    def update(
        self, start: datetime, counts: np.ndarray, volume: np.ndarray, forecast: Forecast
    ) -> None:
        """Learns from one window.

        Args:
            start: Its start.
            counts: Texts, `(topics,)`.
            volume: How much there was of everything over what is usual then, `(topics,)`.
            forecast: What was expected of it.
        """
        exposure = forecast.season * volume
        decays = self._decays[:, None]
        self._age = decays * (self._age + self._days * self._exposure)
        self._observed = decays * self._observed + counts
        self._exposure = decays * self._exposure + exposure
        self._weekdays.update(*weekday(start, self._window), counts, volume)
        self._hours.update(*hour(start, self._window), counts, volume)

    def to_json(self) -> dict[str, Any]:
        """Returns the state."""
        return {
            "observed": self._observed.tolist(),
            "exposure": self._exposure.tolist(),
            "age": self._age.tolist(),
            "weekdays": self._weekdays.to_json(),
            "hours": self._hours.to_json(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from the state that `to_json` returned."""
        self._observed = np.array(state["observed"], float)
        self._exposure = np.array(state["exposure"], float)
        self._age = np.array(state["age"], float)
        self._weekdays.restore(state["weekdays"])
        self._hours.restore(state["hours"])
