"""Kafka: librdkafka's own mock cluster speaks the real protocol on a local port."""

import threading
from typing import NamedTuple

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from apps.sentiment.monitor.sources.kafka import Kafka
from tests.apps.monitor.made import lines, row

_SECONDS = 30


class Cluster(NamedTuple):
    """Lives as long as its producer."""

    producer: Producer
    address: str


@pytest.fixture(scope="module")
def cluster():
    producer = Producer({"test.mock.num.brokers": 1, "log_level": 0})
    [broker] = producer.list_topics(timeout=_SECONDS).brokers.values()
    return Cluster(producer, f"{broker.host}:{broker.port}")


def send(cluster, topic, numbers, partition=0):
    for number in numbers:
        cluster.producer.produce(topic, lines([row(number)]).strip(), partition=partition)
    assert cluster.producer.flush(_SECONDS) == 0


def read(cluster, topic, group, positions=None):
    """Reads to the end; returns ids, bad rows and the last positions."""
    source = Kafka(cluster.address, topic, group=group, follow=False)
    ids, bad, positions = [], [], dict(positions or {})
    for batch in source.read(positions, threading.Event()):
        ids += [row.id for row in batch.rows]
        bad += batch.bad
        positions |= batch.positions
        if batch.positions:
            source.committed(batch.positions)
    return ids, bad, positions


def committed(cluster, topic, group):
    consumer = Consumer({"bootstrap.servers": cluster.address, "group.id": group})
    [known] = consumer.committed([TopicPartition(topic, 0)], timeout=_SECONDS)
    consumer.close()
    return known.offset


def test_from_the_beginning_and_on(cluster):
    send(cluster, "posts", range(700))
    cluster.producer.produce("posts", b"broken", partition=1)
    send(cluster, "posts", range(700, 705), partition=1)
    ids, bad, positions = read(cluster, "posts", "one")
    assert sorted(ids) == sorted(f"r{number}" for number in range(705))
    assert [one.place for one in bad] == ["partition 1 offset 0"]
    assert {part: positions[part] for part in "01"} == {"0": 700, "1": 6}
    assert committed(cluster, "posts", "one") == 700

    send(cluster, "posts", range(705, 710))
    ids, _, _ = read(cluster, "posts", "another", positions)
    assert sorted(ids) == [f"r{number}" for number in range(705, 710)]


def test_the_store_knows_better_than_the_group(cluster):
    send(cluster, "news", range(4))
    read(cluster, "news", "shared")
    assert committed(cluster, "news", "shared") == 4
    send(cluster, "news", range(4, 10))
    ids, _, _ = read(cluster, "news", "shared", {"0": 6})
    assert ids == ["r6", "r7", "r8", "r9"]
