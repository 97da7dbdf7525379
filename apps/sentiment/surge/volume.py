"""How busy a window is, told from the texts that cannot be part of a surge."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np

from apps.sentiment.surge.dispersion import Dispersion
from apps.sentiment.surge.level import Level


class Volume:
    """How much there is of everything over what is usual then: less on holidays or in an outage.

    For each topic it is told from the texts of all others that are not negative. The fewer they
    are, and the less their number varies beyond chance, the nearer to one it is.

    Args:
        window: Length of a window.
        half_life: Days after which a window counts half.
    """

    def __init__(self, window: timedelta, half_life: float) -> None:
        self._level = Level(window, half_life)
        decay = 0.5 ** (window / timedelta(days=half_life))
        self._dispersion = Dispersion(np.ones(1), decay)
        self._dispersion.grow(1)

    def grow(self, topics: int) -> None:
        """Makes room for so many topics."""
        self._level.grow(topics)

    def factors(self, start: datetime, others: np.ndarray, learn: bool) -> np.ndarray:
        """Learns from one window and returns how busy it is.

        Args:
            start: Its start.
            others: Texts that are not negative, `(topics,)`.
            learn: Whether enough is known to learn how much the volume varies.

        Returns:
            The factors, about 1, `(topics,)`.
        """
        forecast = self._level.forecast(start)
        total, usual = others.sum(), forecast.mean.sum()
        size = 1 / self._dispersion.values()[0, 0]
        factors = (size + total - others) / (size + usual - forecast.mean)
        if learn:
            self._dispersion.update(np.array([[total]]), np.array([[usual]]), np.array([[True]]))
        self._level.update(start, others, np.ones_like(others), forecast)
        return factors

    def to_json(self) -> dict[str, Any]:
        """Returns the state."""
        return {"level": self._level.to_json(), "dispersion": self._dispersion.to_json()}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from the state that `to_json` returned."""
        self._level.restore(state["level"])
        self._dispersion.restore(state["dispersion"])
