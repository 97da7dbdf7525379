"""Finds surges of negative texts, topic by topic, window by window."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from apps.sentiment.surge.discovery import score_limit
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
        cool_down = timedelta(days=settings.cool_down)
        self._surges, self._rises = Episodes(cool_down), Episodes(cool_down)

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
        in_surge = [self._surges.is_open(topic) for topic in self._topics]
        evidence = self._book.weigh(window_start, number, negative, total, np.array(in_surge, bool))
        return self._follow(window_start, evidence) + self._begin(window_start, evidence)

    def _follow(self, start: datetime, evidence: Evidence) -> list[Surge]:
        events = []
        for place, topic in enumerate(self._topics):
            if self._surges.is_open(topic):
                finding = self._finding(evidence, place, evidence.surge_tests)
                events += self._surges.go_on(topic, start, finding)
            if self._rises.is_open(topic) and evidence.due[-1]:
                finding = self._finding(evidence, place, evidence.rise_test)
                events += self._rises.go_on(topic, start, finding)
        return events

    def _begin(self, start: datetime, evidence: Evidence) -> list[Surge]:
        scores = np.where(evidence.due[:, None], evidence.scores, np.inf)
        limit = score_limit(scores.min(axis=0))
        events = []
        for place in np.flatnonzero(scores.min(axis=0) <= limit).tolist():
            topic = self._topics[place]
            surges = evidence.surge_tests
            if scores[surges, place].min() <= limit:
                if self._surges.may_start(topic, start):
                    finding = self._finding(evidence, place, surges[evidence.due[surges]])
                    events.append(self._surges.start(topic, start, finding))
            elif self._surges.may_start(topic, start) and self._rises.may_start(topic, start):
                finding = self._finding(evidence, place, evidence.rise_test)
                events.append(self._rises.start(topic, start, finding))
        return events

    def _finding(self, evidence: Evidence, place: int, tests: np.ndarray) -> Finding:
        best = int(tests[evidence.scores[tests, place].argmin()])
        observed, expected, total = evidence.counts[best, :, place].tolist()
        score = float(evidence.scores[best, place])
        facts = {
            "observed": int(observed),
            "expected": expected,
            "p_value": min(score * float(evidence.allowed[best]), 1.0),
            "negative_share": observed / total if total else 0.0,
            "method": "rise" if best in evidence.rise_test else "surge",
            "span": self._window * float(evidence.windows[best, place]),
        }
        # half of the evidence is left where the logarithm of p is half of what an alarm needs
        holds = evidence.scores[tests, place] * np.sqrt(evidence.allowed[tests]) <= 1
        return Finding(score, bool(holds.any()), facts)

    def to_json(self) -> dict[str, Any]:
        """Returns the state, so that a restart goes on where this one stopped."""
        return {
            "topics": list(self._topics),
            "newest": self._newest.isoformat() if self._newest else None,
            "book": self._book.to_json(),
            "surges": self._surges.to_json(),
            "rises": self._rises.to_json(),
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
        detector._surges.restore(state["surges"])
        detector._rises.restore(state["rises"])
        return detector
