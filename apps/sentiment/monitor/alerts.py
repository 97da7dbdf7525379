"""An alert: what surged, and the texts that say why."""

import dataclasses
import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, select

from apps.sentiment.monitor.fingerprints import signatures, similarity
from apps.sentiment.monitor.store.schema import TEXTS
from apps.sentiment.surge.events import Surge

_CANDIDATES = 60
_TEXTS = 5
_DIFFERENT = 0.35
_SHOWN_CHARACTERS = 500


class Evidence(NamedTuple):
    """A text that speaks for an alert."""

    number: int
    source: str
    id: str
    time: str
    language: str
    negative: float
    text: str


@dataclasses.dataclass(frozen=True)
class Alert:
    """What every sink gets."""

    id: str
    surge: Surge
    window_end: datetime.datetime
    topics: Sequence[str]
    """All topics whose episodes are open."""
    texts: Sequence[Evidence]
    created: datetime.datetime

    def to_json(self) -> dict[str, Any]:
        """Returns the alert as JSON holds it; times in ISO 8601."""
        surge = self.surge
        return {
            "id": self.id,
            "episode": surge.episode,
            "kind": surge.kind,
            "method": surge.method,
            "topic": surge.topic,
            "topics": list(self.topics),
            "window_start": surge.window_start.isoformat(),
            "window_end": self.window_end.isoformat(),
            "span_seconds": surge.span.total_seconds(),
            "observed": surge.observed,
            "expected": surge.expected,
            "p_value": surge.p_value,
            "negative_share": surge.negative_share,
            "texts": [text._asdict() for text in self.texts],
            "created": self.created.isoformat(),
        }


def find_evidence(
    connection: Connection, surge: Surge, window: int, negative: str
) -> list[Evidence]:
    """Chooses the most negative texts that are not alike, of the span that the surge counts.

    Args:
        connection: Sees the texts of the span.
        surge: What is to be explained.
        window: Milliseconds.
        negative: The class of the texts that the surge counts.

    Returns:
        At most five texts, the most negative first.
    """
    end = milliseconds(surge.window_start) + window
    start = end - round(1000 * surge.span.total_seconds())
    texts = TEXTS.c
    query = (
        select(
            *(texts.number, texts.source, texts.id, texts.time),
            *(texts.language, texts.negative, texts.text),
        )
        .where(
            *(texts.topic == surge.topic, texts.sentiment == negative),
            *(texts.time >= start, texts.time < end),
        )
        .order_by(texts.negative.desc(), texts.number)
        .limit(_CANDIDATES)
    )
    found = [_evidence(row) for row in connection.execute(query)]
    return [found[place] for place in _different([row.text for row in found])]


def milliseconds(moment: datetime.datetime) -> int:
    """Returns milliseconds since 1970."""
    return round(moment.timestamp() * 1000)


def moment_of(milliseconds: int) -> datetime.datetime:
    """Returns the time in UTC."""
    return datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)


def _different(texts: Sequence[str]) -> list[int]:
    if not texts:
        return []
    marks = signatures(texts)
    chosen = [0]
    for place in range(1, len(texts)):
        if len(chosen) == _TEXTS:
            break
        if similarity(marks[place], marks[chosen]).max() <= _DIFFERENT:
            chosen.append(place)
    return chosen


def _evidence(row: Any) -> Evidence:
    return Evidence(
        row.number,
        row.source,
        row.id,
        moment_of(row.time).isoformat(),
        row.language,
        round(row.negative, 4),
        row.text[:_SHOWN_CHARACTERS],
    )
