"""From single windows that stand out to episodes that start, peak and end once."""

import dataclasses
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from apps.sentiment.surge.events import Surge


@dataclasses.dataclass(frozen=True)
class Finding:
    """What stands out the most of a topic in a window.

    Args:
        score: p-value as a multiple of what the topic is allowed in a test of this kind.
        holds: Whether at least half of the evidence that an alarm needs is left.
        facts: The fields of a `Surge` that this gives.
    """

    score: float
    holds: bool
    facts: Mapping[str, Any]


class Episodes:
    """The open episodes of one method by topic, and when the last ones ended.

    Args:
        cool_down: Time after an end in which no other episode of the topic starts.
    """

    def __init__(self, cool_down: timedelta) -> None:
        self._cool_down = cool_down
        self._open: dict[str, dict[str, Any]] = {}
        self._ended: dict[str, str] = {}

    def is_open(self, topic: str) -> bool:
        """Says whether an episode of the topic is open."""
        return topic in self._open

    def may_start(self, topic: str, start: datetime) -> bool:
        """Says whether the topic has no episode and has cooled down."""
        if topic in self._open:
            return False
        ended = self._ended.get(topic)
        return ended is None or start - datetime.fromisoformat(ended) > self._cool_down

    def start(self, topic: str, start: datetime, finding: Finding) -> Surge:
        """Opens an episode."""
        name = f"{topic}/{finding.facts['method']}/{start.isoformat()}"
        surge = Surge(topic, "start", start, episode=name, **finding.facts)
        self._open[topic] = {
            "episode": name,
            "score": finding.score,
            "peak": _to_json(surge),
            "peaked": False,
        }
        return surge

    def go_on(self, topic: str, start: datetime, finding: Finding) -> list[Surge]:
        """Follows an open episode; returns its peak once it is over, and its end."""
        episode = self._open[topic]
        now = Surge(topic, "peak", start, episode=episode["episode"], **finding.facts)
        if finding.score < episode["score"] and not episode["peaked"]:
            episode |= {"score": finding.score, "peak": _to_json(now)}
        events = []
        past = finding.score > 1 or not finding.holds
        if past and not episode["peaked"]:
            episode["peaked"] = True
            events.append(dataclasses.replace(_from_json(episode["peak"]), kind="peak"))
        if not finding.holds:
            del self._open[topic]
            self._ended[topic] = start.isoformat()
            events.append(dataclasses.replace(now, kind="end"))
        return events

    def to_json(self) -> dict[str, Any]:
        """Returns the state."""
        return {"open": {k: dict(v) for k, v in self._open.items()}, "ended": dict(self._ended)}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on from the state that `to_json` returned."""
        self._open = {topic: dict(episode) for topic, episode in state["open"].items()}
        self._ended = dict(state["ended"])


def _to_json(surge: Surge) -> dict[str, Any]:
    fields = dataclasses.asdict(surge)
    times = {"window_start": surge.window_start.isoformat(), "span": surge.span.total_seconds()}
    return fields | times


def _from_json(fields: Mapping[str, Any]) -> Surge:
    start = datetime.fromisoformat(fields["window_start"])
    return Surge(**{**fields, "window_start": start, "span": timedelta(seconds=fields["span"])})
