"""How busy a window is, told from the texts that cannot be part of a surge."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from apps.sentiment.surge.calendar import HOURS, hour
from apps.sentiment.surge.dispersion import Dispersion
from apps.sentiment.surge.level import Level


class Volume:
    """How much there is of everything over what is usual then: less on holidays or in an outage.

    It is told from all texts that are not negative. The fewer they are, and the less their number
    varies beyond chance, the nearer to one it is. Weekends vary in their own way: what is not
    always there, such as one of two sources, is more of what little there is.

    Args:
        window: Length of a window.
        half_life: Days after which a window counts half.
    """

    def __init__(self, window: timedelta, half_life: float) -> None:
        self._window = window
        self._level = Level(window, half_life)
        decay = 0.5 ** (window / timedelta(days=half_life))
        self._dispersion = Dispersion(np.ones(1), decay)
        self._dispersion.grow(HOURS[0])  # in the place of topics, week and weekend

    def grow(self, topics: int) -> None:
        """Makes room for so many topics."""
        self._level.grow(topics)

    def factor(self, start: datetime, others: np.ndarray, learn: bool) -> float:
        """Learns from one window and returns how busy it is.

        Args:
            start: Its start.
            others: Texts that are not negative, `(topics,)`.
            learn: Whether enough is known to learn how much the volume varies.

        Returns:
            The factor, about 1.
        """
        forecast = self._level.forecast(start)
        total, usual = others.sum(), forecast.mean.sum()
        part, _ = hour(start, self._window)
        size = 1 / self._dispersion.values()[0, part]
        if learn:
            now = np.arange(HOURS[0])[None] == part
            observed, expected = np.full(now.shape, total), np.full(now.shape, usual)
            self._dispersion.update(observed, expected, now)
        self._level.update(start, others, np.ones_like(others), forecast)
        return float((size + total) / (size + usual))

    def to_json(self) -> dict[str, Any]:
        """Returns the state."""
        return {"level": self._level.to_json(), "dispersion": self._dispersion.to_json()}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from the state that `to_json` returned."""
        self._level.restore(state["level"])
        self._dispersion.restore(state["dispersion"])
        self._dispersion.grow(HOURS[0])  # older states do not know weekends apart
