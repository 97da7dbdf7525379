"""How far the time of the events has come, over sources of which some are silent."""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_SILENT_SECONDS = 5.0
_NEVER = -(2**62)


class EventClock:
    """The time until which all texts are there, as far as can be known: the watermark.

    In each source it lies so much behind the newest event as texts may be late. A source that
    has been read to its end goes on with the time of day, so that windows close in silence too.
    Over all sources the slowest counts, but for those that have nothing more.

    Args:
        lateness: Milliseconds.
        monotonic: Seconds of a clock that never goes back.
    """

    def __init__(self, lateness: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._lateness = lateness
        self._monotonic = monotonic
        self._newest: dict[str, int] = {}
        self._seen: dict[str, float] = {}
        self._quiet: set[str] = set()
        self._done: set[str] = set()
        self._reached = _NEVER

    def saw(self, source: str, times: np.ndarray) -> np.ndarray:
        """Takes the times of rows in their order.

        Args:
            source: Whose rows they are.
            times: int64 `(rows,)`, milliseconds, at least one.

        Returns:
            int64 `(rows,)`, the watermark before each row.
        """
        before = self._newest.get(source, _NEVER)
        newest = np.maximum.accumulate(np.append(np.int64(before), times))
        self._newest[source] = int(newest[-1])
        self._seen[source] = self._monotonic()
        self._quiet.discard(source)
        others = self._least(except_for=source)
        running = newest[:-1] - self._lateness
        if others is not None:
            running = np.minimum(running, others)
        return np.maximum(running, self._reached)

    def caught_up(self, source: str) -> None:
        """Hears that a source has nothing more for now."""
        self._quiet.add(source)

    def finished(self, source: str) -> None:
        """Hears that a source has ended."""
        self._done.add(source)

    def watermark(self) -> int | None:
        """Returns milliseconds since 1970 that never go back; None before the first event."""
        least = self._least()
        if least is not None:
            self._reached = max(self._reached, least)
        return None if self._reached == _NEVER else self._reached

    def to_json(self) -> dict[str, Any]:
        """Returns what a later process goes on with."""
        return {"newest": self._newest, "reached": self._reached}

    def restore(self, state: dict[str, Any], sources: Sequence[str]) -> None:
        """Goes on from `to_json`, as if no time had passed, with the sources that there are."""
        self._newest = {name: state["newest"][name] for name in sources if name in state["newest"]}
        self._reached = state["reached"]
        self._seen = dict.fromkeys(self._newest, self._monotonic())

    def _least(self, *, except_for: str | None = None) -> int | None:
        names = [name for name in self._newest if name != except_for]
        active = [name for name in names if name not in self._done and not self._silent(name)]
        if active:
            return min(self._of(name) for name in active)
        if except_for is not None:
            return None
        return max((self._of(name) for name in names), default=None)

    def _silent(self, name: str) -> bool:
        return name in self._quiet and self._monotonic() - self._seen[name] > _SILENT_SECONDS

    def _of(self, name: str) -> int:
        passed = self._monotonic() - self._seen[name] if name in self._quiet else 0.0
        return self._newest[name] + round(1000 * passed) - self._lateness
