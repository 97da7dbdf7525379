"""How much more counts vary than those of a Poisson process."""

from typing import Any

import numpy as np
from scipy import special, stats

_PRIOR_SPANS = 28  # spans of a topic that weigh as much as all topics together
_LEAST = 1e-3


class Dispersion:
    """Moment estimate of the negative binomial: variance = mean + dispersion * mean squared.

    Each topic is shrunk towards all topics together. What is forecast badly counts as dispersion.

    Args:
        steps: Windows in each span, `(spans,)`.
        decay: Weight of a window over that of the next one.
    """

    def __init__(self, steps: np.ndarray, decay: float) -> None:
        self._prior = _PRIOR_SPANS * steps[:, None]
        self._decay = decay
        self._excess = np.zeros((len(steps), 0))
        self._squares = np.zeros((len(steps), 0))
        self._windows = 0.0

    def grow(self, topics: int) -> None:
        """Makes room for so many topics."""
        more = ((0, 0), (0, topics - self._excess.shape[1]))
        self._excess = np.pad(self._excess, more)
        self._squares = np.pad(self._squares, more)

    def values(self) -> np.ndarray:
        """Returns the dispersions, `(spans, topics)`."""
        total = np.maximum(self._squares.sum(axis=1, keepdims=True), 1e-12)
        pooled = np.maximum(self._excess.sum(axis=1, keepdims=True) / total, _LEAST)
        prior = self._prior * self._squares / max(self._windows, 1)
        shrunk = (self._excess + prior * pooled) / np.maximum(self._squares + prior, 1e-12)
        return np.where(self._squares > 0, np.maximum(shrunk, _LEAST), pooled)

    def update(self, observed: np.ndarray, expected: np.ndarray, usual: np.ndarray) -> None:
        """Learns from the spans that end now, each array `(spans, topics)`.

        Args:
            observed: Counts.
            expected: Their means.
            usual: Whether to learn from a count: one surge would hide the next.
        """
        excess = np.where(usual, (observed - expected) ** 2 - expected, 0.0)
        self._excess = self._decay * self._excess + excess
        self._squares = self._decay * self._squares + np.where(usual, expected**2, 0.0)
        self._windows = self._decay * self._windows + 1

    def to_json(self) -> dict[str, Any]:
        """Returns the state."""
        return {
            "excess": self._excess.tolist(),
            "squares": self._squares.tolist(),
            "windows": self._windows,
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from the state that `to_json` returned."""
        self._excess = np.array(state["excess"], float)
        self._squares = np.array(state["squares"], float)
        self._windows = float(state["windows"])


def tail(observed: np.ndarray, expected: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """Returns the probability of so many or more."""
    size = 1 / dispersion
    share = expected / (size + expected)
    return np.where(observed > 0, special.betainc(np.maximum(observed, 1), size, share), 1.0)


def quantile(probability: float, expected: np.ndarray, dispersion: np.ndarray) -> np.ndarray:
    """Returns the count that is exceeded with this probability at most."""
    size = 1 / dispersion
    return stats.nbinom.isf(probability, size, size / (size + expected))
