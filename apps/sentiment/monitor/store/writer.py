"""The one who writes texts, counts, positions, state and alerts, all in one transaction."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Table, func, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from apps.sentiment.monitor.alerts import Alert, milliseconds
from apps.sentiment.monitor.store.schema import (
    ALERTS,
    COUNTS,
    DELIVERIES,
    POSITIONS,
    STATE,
    TEXTS,
    WINDOWS,
)
from dlkit.errors import InputError

_MOST_IDS = 500


class Writer:
    """Writes to a store that no other process writes to.

    Args:
        engine: An opened store.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._insert = sqlite.insert if engine.dialect.name == "sqlite" else postgresql.insert
        with engine.connect() as connection:
            self.next_number = (connection.scalar(select(func.max(TEXTS.c.number))) or 0) + 1
            self._next_delivery = (
                connection.scalar(select(func.max(DELIVERIES.c.number))) or 0
            ) + 1

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Commits all or nothing.

        Raises:
            InputError: Somebody else writes to the store.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except IntegrityError as error:
            msg = f"`--store` must have one monitor. Received: {self._engine.url}, to which "
            raise InputError(msg + "another one writes. Stop it, or name another.") from error

    def known_ids(self, source: str, ids: Sequence[str]) -> set[str]:
        """Returns which ids of a source are stored."""
        known: set[str] = set()
        with self._engine.connect() as connection:
            for start in range(0, len(ids), _MOST_IDS):
                chosen = TEXTS.c.id.in_(ids[start : start + _MOST_IDS])
                query = select(TEXTS.c.id).where(TEXTS.c.source == source, chosen)
                known.update(connection.scalars(query))
        return known

    def add_texts(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Stores texts; their numbers go on from `next_number`."""
        if rows:
            connection.execute(insert(TEXTS), rows)
            self.next_number = rows[-1]["number"] + 1

    def add_to_windows(
        self, connection: Connection, counts: Mapping[tuple[int, str, str, str], list[int]]
    ) -> None:
        """Adds on-time and late texts by (start, topic, language, sentiment)."""
        names = ("start", "topic", "language", "sentiment")
        rows = [
            dict(zip(names, key, strict=True)) | {"texts": texts, "late": late}
            for key, (texts, late) in sorted(counts.items())
        ]
        self._add(connection, WINDOWS, rows, sums=("texts", "late"))

    def add_to_counts(self, connection: Connection, source: str, kinds: Mapping[str, int]) -> None:
        """Adds to what became of the rows of a source."""
        rows = [
            {"source": source, "kind": kind, "count": count}
            for kind, count in sorted(kinds.items())
            if count
        ]
        self._add(connection, COUNTS, rows, sums=("count",))

    def put_positions(
        self, connection: Connection, source: str, positions: Mapping[str, Any]
    ) -> None:
        """Says how far the parts of a source are stored."""
        rows = [
            {"source": source, "part": part, "position": json.dumps(position)}
            for part, position in sorted(positions.items())
        ]
        self._put(connection, POSITIONS, rows)

    def put_state(self, connection: Connection, name: str, value: Any) -> None:
        """Replaces one value of the state."""
        self._put(connection, STATE, [{"name": name, "value": json.dumps(value)}])

    def add_alerts(
        self, connection: Connection, alerts: Iterable[Alert], sinks: Iterable[str]
    ) -> None:
        """Stores alerts, and that the sinks have yet to take them."""
        for alert in alerts:
            surge = alert.surge
            row = {
                "id": alert.id,
                "episode": surge.episode,
                "kind": surge.kind,
                "topic": surge.topic,
                "window_start": milliseconds(surge.window_start),
                "alert": json.dumps(alert.to_json(), ensure_ascii=False),
            }
            connection.execute(insert(ALERTS), row)
            for sink in sinks:
                delivery = {"sink": sink, "alert_id": alert.id, "number": self._next_delivery}
                connection.execute(insert(DELIVERIES), delivery)
            self._next_delivery += 1

    def positions(self, source: str) -> dict[str, Any]:
        """Returns how far the parts of a source are stored."""
        query = select(POSITIONS.c.part, POSITIONS.c.position).where(POSITIONS.c.source == source)
        with self._engine.connect() as connection:
            return {part: json.loads(position) for part, position in connection.execute(query)}

    def state(self, name: str) -> Any:
        """Returns one value of the state, None where there is none."""
        with self._engine.connect() as connection:
            value = connection.scalar(select(STATE.c.value).where(STATE.c.name == name))
        return None if value is None else json.loads(value)

    def claim_window(self, length: int) -> int:
        """Returns the length of the windows of this store, which is the first that was claimed."""
        if (claimed := self.state("window")) is not None:
            return claimed
        with self.transaction() as connection:
            self.put_state(connection, "window", length)
        return length

    def newest_texts(self, count: int, since: int) -> Iterator[Any]:
        """Yields `number`, `time`, `text`, `copy_of` of the newest texts, the oldest first."""
        first = self.next_number - count
        query = (
            select(TEXTS.c.number, TEXTS.c.time, TEXTS.c.text, TEXTS.c.copy_of)
            .where(TEXTS.c.number >= first, TEXTS.c.time >= since)
            .order_by(TEXTS.c.number)
        )
        with self._engine.connect() as connection:
            yield from connection.execution_options(yield_per=1000).execute(query)

    def open_windows(self, since: int) -> Iterator[tuple[int, str, str, int]]:
        """Yields start, topic, sentiment and texts of the windows from a start on."""
        query = (
            select(WINDOWS.c.start, WINDOWS.c.topic, WINDOWS.c.sentiment, func.sum(WINDOWS.c.texts))
            .where(WINDOWS.c.start >= since)
            .group_by(WINDOWS.c.start, WINDOWS.c.topic, WINDOWS.c.sentiment)
        )
        with self._engine.connect() as connection:
            for start, topic, sentiment, texts in connection.execute(query):
                yield start, topic, sentiment, int(texts)

    def _add(
        self, connection: Connection, table: Table, rows: Sequence[Any], sums: Sequence[str]
    ) -> None:
        if rows:
            new = self._insert(table)
            changed = {name: table.c[name] + new.excluded[name] for name in sums}
            statement = new.on_conflict_do_update(index_elements=table.primary_key, set_=changed)
            connection.execute(statement, rows)

    def _put(self, connection: Connection, table: Table, rows: Sequence[Any]) -> None:
        if rows:
            new = self._insert(table)
            values = [column.name for column in table.c if not column.primary_key]
            changed = {name: new.excluded[name] for name in values}
            statement = new.on_conflict_do_update(index_elements=table.primary_key, set_=changed)
            connection.execute(statement, rows)
