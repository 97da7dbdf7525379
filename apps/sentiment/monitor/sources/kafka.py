"""A topic of Kafka, read by a consumer group."""

import logging
import threading
import time
from collections.abc import Generator
from typing import Any, cast

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from apps.sentiment.monitor.rows import BadRow, Row, RowError, read_row
from apps.sentiment.monitor.sources.base import Batch, Positions, Source

_LOG = logging.getLogger(__name__)
_ROWS = 512
_WAIT_SECONDS = 0.2
_SESSION_SECONDS = 6  # brokers allow no less; as long a group waits for a member that was killed
_SHOWN = 2000
_ASK_SECONDS = 10


class Kafka(Source):
    """JSON objects from all partitions that the group gives to this member.

    The store says where to go on, in the same transaction as the rows; the offsets of the group
    follow it, so that the tools of Kafka show the lag.

    Args:
        servers: HOST:PORT.
        topic: Its name.
        group: Members of one group share the partitions.
        follow: Whether to wait at the end of the partitions.
    """

    def __init__(self, servers: str, topic: str, *, group: str, follow: bool) -> None:
        super().__init__(f"kafka://{servers}/{topic}")
        self._topic = topic
        self._follow = follow
        self._next: dict[int, int] = {}
        self._ended: set[int] = set()
        self._assigned: set[int] = set()
        self._last_error = 0.0
        self._consumer = Consumer(
            {
                "bootstrap.servers": servers,
                "group.id": group,
                "session.timeout.ms": 1000 * _SESSION_SECONDS,
                "heartbeat.interval.ms": 300 * _SESSION_SECONDS,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
                "isolation.level": "read_committed",
                "queued.max.messages.kbytes": 16384,
                "error_cb": self._failed,
            },
            logger=_LOG,
        )

    def read(self, positions: Positions, stop: threading.Event) -> Generator[Batch]:
        """Yields what the partitions hold, then what is added."""
        self._next = {int(part): offset for part, offset in positions.items()}
        self._consumer.subscribe([self._topic], on_assign=self._assign, on_revoke=self._revoke)
        try:
            while not stop.is_set():
                messages = self._consumer.consume(_ROWS, timeout=_WAIT_SECONDS)
                if batch := self._batch(messages):
                    yield batch
                if self._assigned and self._assigned <= self._ended:
                    yield Batch()
                    if not self._follow:
                        return
        finally:
            self._consumer.close()

    def committed(self, positions: Positions) -> None:
        """Tells the group; a member that has left tells nothing."""
        offsets = [
            TopicPartition(self._topic, int(part), offset) for part, offset in positions.items()
        ]
        try:
            self._consumer.commit(offsets=offsets, asynchronous=True)
        except (KafkaException, RuntimeError) as error:
            _LOG.debug("offsets of %s are not committed: %s", self.name, error)

    def _batch(self, messages: list[Message]) -> Batch | None:
        rows: list[Row] = []
        bad: list[BadRow] = []
        moved: dict[str, Any] = {}
        for message in messages:
            error = message.error()
            partition, offset = cast(int, message.partition()), cast(int, message.offset())
            if error and error.code() == KafkaError._PARTITION_EOF:
                self._ended.add(partition)
            elif error:
                self._failed(error)
            elif offset >= self._next.get(partition, 0):
                self._ended.discard(partition)
                self._next[partition] = moved[str(partition)] = offset + 1
                value = message.value() or b""
                try:
                    rows.append(read_row(value))
                except RowError as reason:
                    raw = value[:_SHOWN].decode("utf-8", errors="replace")
                    bad.append(BadRow(f"partition {partition} offset {offset}", str(reason), raw))
        return Batch(rows, bad, moved) if moved else None

    def _assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Starts each partition behind what the store, this process and the group have seen."""
        try:
            known = consumer.committed(partitions, timeout=_ASK_SECONDS)
        except KafkaException as error:
            _LOG.warning("%s: the offsets of the group are not known: %s", self.name, error)
            known = partitions
        for partition, group in zip(partitions, known, strict=True):
            stored = self._next.get(partition.partition, OFFSET_BEGINNING)
            partition.offset = max(stored, group.offset) if group.offset >= 0 else stored
        consumer.assign(partitions)
        self._assigned = {partition.partition for partition in partitions}
        self._ended = set()

    def _revoke(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._assigned = set()

    def _failed(self, error: KafkaError) -> None:
        """Logs what librdkafka goes on trying to mend, once a minute; the rest ends the stream."""
        if error.fatal():
            raise KafkaException(error)
        self._ended = set()  # without a broker nobody knows whether there is more
        if time.monotonic() - self._last_error > 60:
            self._last_error = time.monotonic()
            _LOG.warning("%s: %s", self.name, error.str())
