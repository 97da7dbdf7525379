"""What the store is asked: cheap questions, whose answers are bounded."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, Table, func, or_, select

from apps.sentiment.monitor.store.schema import ALERTS, COUNTS, TEXTS, WINDOWS

_MOST_POINTS = 120
_MOST_ALERTS = 200
_PAGE = 50
_SHOWN_CHARACTERS = 400


class Chosen(NamedTuple):
    """What a reader wants to see; None is all. Times are milliseconds since 1970."""

    start: int
    end: int
    topic: str | None = None
    language: str | None = None


def open_episodes(connection: Connection) -> dict[str, str]:
    """Returns the topics of the episodes that have not ended."""
    ended = select(ALERTS.c.episode).where(ALERTS.c.kind == "end")
    query = select(ALERTS.c.episode, ALERTS.c.topic).where(ALERTS.c.episode.not_in(ended))
    return {row.episode: row.topic for row in connection.execute(query)}


def counts_by_source(engine: Engine) -> dict[str, dict[str, int]]:
    """Returns what became of the rows of each source."""
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    with engine.connect() as connection:
        for source, kind, count in connection.execute(select(COUNTS).order_by(*COUNTS.primary_key)):
            counts[source][kind] = count
    return dict(counts)


def newest_window(engine: Engine) -> int | None:
    """Returns the start of the newest window that has texts."""
    with engine.connect() as connection:
        return connection.scalar(select(func.max(WINDOWS.c.start)))


def series(engine: Engine, chosen: Chosen, window: int) -> tuple[int, list[Any]]:
    """Counts texts over time, late ones too.

    Args:
        engine: The store.
        chosen: Which texts.
        window: Milliseconds of a window.

    Returns:
        The length of a point in milliseconds, and `(point, topic, sentiment, texts)`.
    """
    windows = -(-max(chosen.end - chosen.start, 1) // window)
    length = window * -(-windows // _MOST_POINTS)
    point = (WINDOWS.c.start - WINDOWS.c.start % length).label("point")
    texts = func.sum(WINDOWS.c.texts + WINDOWS.c.late)
    query = (
        select(point, WINDOWS.c.topic, WINDOWS.c.sentiment, texts)
        .where(*_within(WINDOWS, WINDOWS.c.start, chosen))
        .group_by(point, WINDOWS.c.topic, WINDOWS.c.sentiment)
        .order_by(point)
    )
    with engine.connect() as connection:
        return length, [(*row[:3], int(row[3])) for row in connection.execute(query)]


def episodes(engine: Engine, chosen: Chosen) -> list[dict[str, Any]]:
    """Returns the newest episodes, each with its alerts; open ones whatever their time."""
    with engine.connect() as connection:
        opened = open_episodes(connection)
        columns = ALERTS.c
        timely = (columns.window_start >= chosen.start) & (columns.window_start < chosen.end)
        conditions: list[ColumnElement[bool]] = [or_(timely, columns.episode.in_(opened))]
        if chosen.topic is not None:
            conditions.append(columns.topic == chosen.topic)
        query = (
            select(columns.episode, columns.topic, columns.alert)
            .where(*conditions)
            .order_by(columns.window_start.desc())
            .limit(_MOST_ALERTS)
        )
        found: dict[str, dict[str, Any]] = {}
        for episode, topic, alert in connection.execute(query):
            new = {"episode": episode, "topic": topic, "open": episode in opened, "alerts": []}
            found.setdefault(episode, new)["alerts"].insert(0, json.loads(alert))
    return sorted(found.values(), key=lambda episode: not episode["open"])


def texts(
    engine: Engine, chosen: Chosen, before: tuple[int, int] | None
) -> tuple[list[dict[str, Any]], tuple[int, int] | None]:
    """Returns a page of texts, the newest first, without copies.

    Args:
        engine: The store.
        chosen: Which texts.
        before: What an earlier page gave to go on with.

    Returns:
        The texts, cut where they are long, and what gives the next page, None at the end.
    """
    columns = TEXTS.c
    conditions = [*_within(TEXTS, columns.time, chosen), columns.copy_of.is_(None)]
    if before:
        moment, number = before
        older = (columns.time == moment) & (columns.number < number)
        conditions += [columns.time <= moment, or_(columns.time < moment, older)]
    shown = ("number", "time", "text", "language", "topic", "sentiment", "negative", "late")
    query = (
        select(*(columns[name] for name in shown))
        .where(*conditions)
        .order_by(columns.time.desc(), columns.number.desc())
        .limit(_PAGE)
    )
    with engine.connect() as connection:
        found = [dict(row) for row in connection.execute(query).mappings()]
    for row in found:
        row["text"] = row["text"][:_SHOWN_CHARACTERS]
    more = (found[-1]["time"], found[-1]["number"]) if len(found) == _PAGE else None
    return found, more


def text(engine: Engine, number: int) -> dict[str, Any] | None:
    """Returns one text with its scores and how often it was repeated."""
    with engine.connect() as connection:
        row = connection.execute(select(TEXTS).where(TEXTS.c.number == number)).mappings().first()
        if row is None:
            return None
        if row["copy_of"] is not None:
            return text(engine, row["copy_of"])
        near = (TEXTS.c.copy_of == number) & (TEXTS.c.number > number)
        copies = connection.scalar(select(func.count()).where(near))
    scores: Mapping[str, Any] = json.loads(row["scores"])
    return {**row, "scores": scores, "copies": copies}


def _within(
    table: Table, time: ColumnElement[int], chosen: Chosen
) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [time >= chosen.start, time < chosen.end]
    for name in ("topic", "language"):
        if (value := getattr(chosen, name)) is not None:
            conditions.append(table.c[name] == value)
    return conditions
