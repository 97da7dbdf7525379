"""What happens to a batch of rows: once each, all of it in one transaction."""

import datetime
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import orjson
from sqlalchemy import Connection

from apps.sentiment.monitor.alerts import Alert, find_evidence, moment_of
from apps.sentiment.monitor.duplicates import Duplicates
from apps.sentiment.monitor.event_time import EventClock
from apps.sentiment.monitor.language import language_of
from apps.sentiment.monitor.rows import Row
from apps.sentiment.monitor.scores import Scores
from apps.sentiment.monitor.sources.base import Batch
from apps.sentiment.monitor.store.reader import open_episodes
from apps.sentiment.monitor.store.writer import Writer
from apps.sentiment.monitor.windows import OpenWindows
from apps.sentiment.surge.detector import SurgeDetector
from apps.sentiment.surge.events import Surge

_REMEMBERED = 2**17
_PART = 1000


class Lengths(NamedTuple):
    """Lengths of time in milliseconds."""

    window: int
    lateness: int
    duplicates: int


class Pipeline:
    """Removes what is known, scores, counts and stores, and asks the detector.

    All that is remembered here is in the store too, so that another process goes on where this
    one was killed.

    Args:
        writer: The store.
        score: Scores texts; they come in one call a batch.
        detector: Told of each window that closes, in order.
        lengths: Of windows, lateness and of the memory for copies.
        negative: The class of the sentiments that is counted.
        sources: Names of the sources that will come.
        sinks: Names of those that want alerts.
    """

    def __init__(
        self,
        writer: Writer,
        score: Callable[[Sequence[str]], Scores],
        detector: SurgeDetector,
        lengths: Lengths,
        *,
        negative: str,
        sources: Sequence[str],
        sinks: Sequence[str],
    ) -> None:
        self._writer = writer
        self._score = score
        self._detector = detector
        self._lengths = lengths
        self._negative = negative
        self._sinks = sinks
        self.clock = EventClock(lengths.lateness)
        self._copies = Duplicates(lengths.duplicates, _REMEMBERED)
        self._windows = OpenWindows(lengths.window, writer.state("next_window"))
        with writer.transaction() as connection:
            self._episodes = open_episodes(connection)
        self._restore(sources)

    def process(self, source: str, batch: Batch) -> int:
        """Takes a batch of a source; returns how many alerts came of it."""
        known = self._writer.known_ids(source, [row.id for row in batch.rows])
        rows = _unknown(batch.rows, known)
        kinds = Counter(
            rejected=len(batch.bad), same_id=len(batch.rows) - len(rows), stored=len(rows)
        )
        stored, counts = self._examine(source, rows, kinds) if rows else ([], {})
        return self._commit(source, batch, stored, counts, kinds)

    def pass_time(self) -> int:
        """Closes windows in silence; returns how many alerts came of it."""
        watermark = self.clock.watermark()
        if watermark is None or watermark < (self._windows.next_start or 0) + self._windows.length:
            return 0
        return self._commit(None, Batch(), [], {}, Counter())

    def _examine(
        self, source: str, rows: Sequence[Row], kinds: Counter[str]
    ) -> tuple[list[dict], dict[tuple[int, str, str, str], list[int]]]:
        """Scores rows that are new; returns those of the tables `texts` and `windows`."""
        times = np.array([row.time for row in rows], np.int64)
        late = self._windows.late(times, self.clock.saw(source, times))
        numbers = self._writer.next_number + np.arange(len(rows))
        copies = self._copies.add(numbers, times, [row.text for row in rows])
        fresh = np.flatnonzero(copies < 0).tolist()
        scores = self._score([rows[place].text for place in fresh]) if fresh else None
        kinds.update(copies=len(rows) - len(fresh), late=int(late[fresh].sum()))
        stored = [
            {
                "number": number,
                "source": source,
                "id": row.id,
                "time": row.time,
                "text": row.text,
                "language": language_of(row.text),
                "late": is_late,
                "copy_of": copy if copy >= 0 else None,
                **dict.fromkeys(("topic", "sentiment", "negative", "scores")),
            }
            for row, number, is_late, copy in zip(
                rows, numbers.tolist(), late.tolist(), copies.tolist(), strict=True
            )
        ]
        counts: dict[tuple[int, str, str, str], list[int]] = {}
        starts = self._windows.start_of(times).tolist()
        for order, place in enumerate(fresh):
            assert scores
            row = stored[place]
            row["topic"], row["sentiment"] = scores.topics[order], scores.sentiments[order]
            row["negative"] = float(scores.negative[order])
            row["scores"] = orjson.dumps(scores.details[order]).decode()
            key = (starts[place], row["topic"], row["language"], row["sentiment"])
            counts.setdefault(key, [0, 0])[row["late"]] += 1
        return stored, counts

    def _commit(
        self,
        source: str | None,
        batch: Batch,
        stored: list[dict],
        counts: dict[tuple[int, str, str, str], list[int]],
        kinds: Counter[str],
    ) -> int:
        for (start, topic, _, sentiment), (texts, _) in counts.items():
            if texts:
                negative = texts if sentiment == self._negative else 0
                self._windows.add(start, topic, negative=negative, total=texts)
        with self._writer.transaction() as connection:
            self._writer.add_texts(connection, stored)
            self._writer.add_to_windows(connection, counts)
            alerts = self._close_windows(connection)
            self._writer.add_alerts(connection, alerts, self._sinks)
            if source is not None:
                self._writer.add_to_counts(connection, source, kinds)
                self._writer.put_positions(connection, source, batch.positions)
            self._writer.put_state(connection, "clock", self.clock.to_json())
        return len(alerts)

    def _close_windows(self, connection: Connection) -> list[Alert]:
        watermark = self.clock.watermark()
        if watermark is None:
            return []
        before = self._windows.next_start
        alerts = [
            self._alert(connection, surge)
            for start, counts in self._windows.close(watermark)
            for surge in self._detector.update(moment_of(start), counts)
        ]
        if self._windows.next_start != before:
            self._writer.put_state(connection, "next_window", self._windows.next_start)
            self._writer.put_state(connection, "detector", self._detector.to_json())
        return alerts

    def _alert(self, connection: Connection, surge: Surge) -> Alert:
        self._episodes[surge.episode] = surge.topic
        topics = sorted(set(self._episodes.values()))
        if surge.kind == "end":
            del self._episodes[surge.episode]
        return Alert(
            id=f"{surge.episode}-{surge.kind}",
            surge=surge,
            window_end=surge.window_start + datetime.timedelta(milliseconds=self._lengths.window),
            topics=topics,
            texts=find_evidence(connection, surge, self._lengths.window, self._negative),
            created=datetime.datetime.now(datetime.UTC),
        )

    def _restore(self, sources: Sequence[str]) -> None:
        if (state := self._writer.state("clock")) is None:
            return
        self.clock.restore(state, sources)
        newest = max(state["newest"].values(), default=0)
        texts = self._writer.newest_texts(_REMEMBERED, newest - self._lengths.duplicates)
        while part := list(islice(texts, _PART)):
            firsts = [row.number if row.copy_of is None else row.copy_of for row in part]
            times = np.array([row.time for row in part], np.int64)
            self._copies.add(np.array(firsts, np.int64), times, [row.text for row in part])
        since = -(2**62) if self._windows.next_start is None else self._windows.next_start
        for start, topic, sentiment, total in self._writer.open_windows(since):
            negative = total if sentiment == self._negative else 0
            self._windows.add(start, topic, negative=negative, total=total)


def _unknown(rows: Sequence[Row], known: set[str]) -> list[Row]:
    """Leaves out rows whose id is known or came before in the batch."""
    first: dict[str, Row] = {}
    for row in rows:
        if row.id not in known:
            first.setdefault(row.id, row)
    return list(first.values())
