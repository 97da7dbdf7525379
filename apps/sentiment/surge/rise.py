"""The search for slow rises, day by day."""

from typing import Any, NamedTuple

import numpy as np

from apps.sentiment.surge.cusum import evidence, limits

_MEMORY = 0.98  # weight of a day over that of the next one: seven weeks


class Rises(NamedTuple):
    """How much speaks for a rise, each `(topics,)`.

    Args:
        sums: Evidence.
        limits: Evidence that alarms once in the run length.
        counts: Negative, expected and total texts since the evidence was zero, `(3, topics)`.
        windows: Windows since then.
    """

    sums: np.ndarray
    limits: np.ndarray
    counts: np.ndarray
    windows: np.ndarray

    @classmethod
    def none(cls, topics: int) -> "Rises":
        """Returns no evidence for any topic."""
        nothing = np.zeros(topics)
        return cls(nothing, np.full(topics, np.inf), np.zeros((3, topics)), nothing)

    def grown(self, more: int) -> "Rises":
        """Adds topics without evidence."""
        pairs = zip(self, Rises.none(more), strict=True)
        return Rises(*(np.concatenate(pair, axis=-1) for pair in pairs))


class RiseSearch:
    """A cumulative sum for each topic over the counts of whole days.

    Args:
        steps: Windows of a day, at least 1.
        rise: Level over the expected one that is found the quickest.
        run_length: Days between two false alarms of a topic.
        least: Texts that are expected of a topic within some weeks for a rise to be looked for.
    """

    def __init__(self, steps: int, rise: float, run_length: float, least: int) -> None:
        self._steps = steps
        self._rise = rise
        self._least = least
        self._run_length = run_length
        self._day = np.zeros((3, 0))
        self._sums = np.zeros(0)
        self._since = np.zeros((4, 0))  # negative, expected, total, windows
        self._usual = np.zeros((2, 0))  # sum of the expected, and how many

    def grow(self, topics: int) -> None:
        """Makes room for so many topics."""
        more = topics - len(self._sums)
        self._day = np.pad(self._day, ((0, 0), (0, more)))
        self._since = np.pad(self._since, ((0, 0), (0, more)))
        self._usual = np.pad(self._usual, ((0, 0), (0, more)))
        self._sums = np.pad(self._sums, (0, more))

    def add(self, negative: np.ndarray, expected: np.ndarray, total: np.ndarray) -> None:
        """Counts a window, each array `(topics,)`."""
        self._day += np.array([negative, expected, total])

    def close_day(self, dispersion: np.ndarray, watched: np.ndarray) -> Rises:
        """Weighs the windows since the last call.

        Args:
            dispersion: Of the counts of a day, `(topics,)`.
            watched: Topics whose evidence counts; of the others it is forgotten, `(topics,)`.
        """
        negative, expected, _ = self._day
        self._usual = _MEMORY * self._usual + np.array([expected, np.ones_like(expected)])
        watched = watched & (self._usual[0] >= self._least)
        known = watched & (expected > 0)
        safe = np.where(known, expected, 1.0)
        bounds = np.full(len(negative), np.inf)
        mean = self._usual[0, watched] / self._usual[1, watched]
        bounds[watched] = limits(mean, dispersion[watched], self._rise, self._run_length)
        step = np.where(known, evidence(negative, safe, dispersion, self._rise), 0.0)
        self._sums = np.where(watched, np.clip(self._sums + step, 0, bounds), 0.0)
        windows = np.full((1, len(negative)), float(self._steps))
        since = self._since + np.concatenate([self._day, windows])
        self._since = np.where(self._sums > 0, since, 0.0)
        self._day = np.zeros_like(self._day)
        return Rises(self._sums, bounds, self._since[:3], self._since[3])

    def to_json(self) -> dict[str, Any]:
        """Returns the state."""
        names = ("day", "sums", "since", "usual")
        return {name: getattr(self, f"_{name}").tolist() for name in names}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from the state that `to_json` returned."""
        for name, value in state.items():
            setattr(self, f"_{name}", np.array(value, float))
