"""Finds surges of negative texts, topic by topic, window by window."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from apps.sentiment.surge.discovery import discoveries
from apps.sentiment.surge.episodes import Episodes, Finding
from apps.sentiment.surge.events import Surge, WindowCounts
from apps.sentiment.surge.evidence import Evidence, EvidenceBook
from apps.sentiment.surge.settings import SurgeSettings

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class SurgeDetector:
    """Follows the counts of all topics and tells what happens to episodes.

    Args:
        settings: When negative texts are a surge.
        window: Length of a window.

    Example:
        detector = SurgeDetector(SurgeSettings(), datetime.timedelta(minutes=15))
        for start, counts in closed_windows:
            for surge in detector.update(start, counts):
                print(surge.kind, surge.topic)
    """

    def __init__(self, settings: SurgeSettings, window: timedelta) -> None:
        self._settings = settings
        self._window = window
        self._topics: list[str] = []
        self._newest: datetime | None = None
        self._book = EvidenceBook(settings, window)
        self._episodes = Episodes(timedelta(days=settings.cool_down))

    def update(self, window_start: datetime, counts: Mapping[str, WindowCounts]) -> list[Surge]:
        """Takes the counts of a closed window.

        A topic that is not named has no texts. A window that is left out is one of which nothing
        is known; nothing is learned from it.

        Args:
            window_start: Its start, later than all before, with a time zone.
            counts: Negative and all texts by topic.

        Returns:
            What started, peaked or ended.

        Raises:
            ValueError: The window is not later than those before.
        """
        if self._newest is not None and window_start <= self._newest:
            raise ValueError(f"Windows must come in order: {window_start} after {self._newest}.")
        if self._newest is not None:
            self._book.skip(round((window_start - self._newest) / self._window) - 1)
        self._newest = window_start
        if new := counts.keys() - set(self._topics):
            self._topics += sorted(new)
            self._book.grow(len(self._topics))
        rows = [counts.get(topic, (0, 0)) for topic in self._topics]
        negative, total = np.array(rows, float).reshape(-1, 2).T
        number = int((window_start - _EPOCH) / self._window)
        in_surge = [self._episodes.method(topic) == "surge" for topic in self._topics]
        evidence = self._book.weigh(window_start, number, negative, total, np.array(in_surge, bool))
        return self._follow(window_start, evidence) + self._begin(window_start, evidence)

    def _follow(self, start: datetime, evidence: Evidence) -> list[Surge]:
        events = []
        for place, topic in enumerate(self._topics):
            method = self._episodes.method(topic)
            if method == "surge" or (method == "rise" and evidence.rise_is_new):
                finding = self._finding(evidence, place, method)
                events += self._episodes.go_on(topic, start, finding)
        return events

    def _begin(self, start: datetime, evidence: Evidence) -> list[Surge]:
        scores = np.where(evidence.due[:, None], evidence.scores, np.inf).min(
            axis=0, initial=np.inf
        )
        events = []
        for place in np.flatnonzero(discoveries(scores)):
            topic = self._topics[place]
            if self._episodes.may_start(topic, start):
                best = int(np.where(evidence.due, evidence.scores[:, place], np.inf).argmin())
                finding = self._finding(evidence, place, evidence.method(best), best)
                events.append(self._episodes.start(topic, start, finding))
        return events

    def _finding(
        self, evidence: Evidence, place: int, method: str, best: int | None = None
    ) -> Finding:
        rows = evidence.rows(method)
        if best is None:
            best = int(rows[evidence.scores[rows, place].argmin()])
        observed, expected, total = evidence.counts[best, :, place]
        score = float(evidence.scores[best, place])
        facts = {
            "observed": int(observed),
            "expected": float(expected),
            "p_value": min(score * float(evidence.allowed[best]), 1.0),
            "negative_share": float(observed / total) if total else 0.0,
            "method": method,
            "span": self._window * float(evidence.windows[best, place]),
        }
        holds = evidence.scores[rows, place] * np.sqrt(evidence.allowed[rows]) <= 1
        return Finding(score, bool(holds.any()), facts)

    def to_json(self) -> dict[str, Any]:
        """Returns the state, so that a restart goes on where this one stopped."""
        return {
            "topics": list(self._topics),
            "newest": self._newest.isoformat() if self._newest else None,
            "book": self._book.to_json(),
            "episodes": self._episodes.to_json(),
        }

    @classmethod
    def from_json(
        cls, settings: SurgeSettings, window: timedelta, state: Mapping[str, Any]
    ) -> "SurgeDetector":
        """Goes on from the state that `to_json` returned.

        Args:
            settings: As of the detector that was saved; the memory is shaped by half-life and
                window, the rest may differ.
            window: As of the detector that was saved.
            state: What `to_json` returned.
        """
        detector = cls(settings, window)
        detector._topics = list(state["topics"])
        newest = state["newest"]
        detector._newest = datetime.fromisoformat(newest) if newest else None
        detector._book.restore(state["book"])
        detector._episodes.restore(state["episodes"])
        return detector
