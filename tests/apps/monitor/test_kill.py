"""However often the monitor is killed, each row is stored and counted once."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

import dlkit
from apps.sentiment.monitor.store import reader
from apps.sentiment.monitor.store.engine import open_engine
from apps.sentiment.monitor.store.schema import ALERTS, TEXTS, WINDOWS
from tests.apps.monitor import worker
from tests.apps.monitor.made import lines, row
from tests.apps.monitor.test_kafka import cluster, send  # noqa: F401

ROOT = Path(dlkit.__file__).parents[1]


def start(folder, names):
    command = [sys.executable, worker.__file__, f"sqlite:///{folder}/store.db"]
    return subprocess.Popen(
        [*command, str(folder / "rejects.jsonl"), *map(str, names)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )


def run_with_kills(folder, names, kills):
    """Kills the worker at random moments of its work, then lets it end; returns the kills."""
    moments = random.Random(0)
    done = 0
    while done < kills:
        with start(folder, names) as process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(moments.uniform(0, 0.3))
            process.send_signal(signal.SIGKILL)
        if process.returncode == 0:
            break  # it was done before the kill
        assert process.returncode == -signal.SIGKILL
        done += 1
    with start(folder, names) as process:
        process.communicate(timeout=1200)
    assert process.returncode == 0
    return done


def rows_of(count):
    """Rows of which some are bad news, some come out of order, some are copies."""
    words = ["copper", "zinc", "steel", "tin", "lead", "iron", "gold", "silver"]
    for number in range(count):
        pair = number // 2
        minute = number / 500 - (0.3 if number % 37 == 0 else 0)
        what = "bad" if number // 500 % 3 == 1 else "fine"
        text = f"metals {what} {words[pair % 8]} {words[pair // 8 % 8]} {pair}"
        yield row(number, minute=minute, text=text)


def contents(folder):
    """What the store says that does not depend on the moment."""
    engine = open_engine(f"sqlite:///{folder}/store.db")
    order = (TEXTS.c.source, TEXTS.c.number)
    columns = [TEXTS.c[name] for name in ("id", "time", "late", "copy_of", "topic", "sentiment")]
    with engine.connect() as connection:
        return {
            "texts": list(connection.execute(select(*columns).order_by(*order))),
            "windows": list(connection.execute(select(WINDOWS).order_by(*WINDOWS.primary_key))),
            "alerts": list(connection.scalars(select(ALERTS.c.id).order_by(ALERTS.c.id))),
            "counts": reader.counts_by_source(engine),
        }


def check_file(folder, *, rows, kills):
    path = folder / "posts.jsonl"
    path.write_bytes(lines(rows_of(rows)) + b"broken\n")
    for name in ("whole", "killed"):
        (folder / name).mkdir()
    run_with_kills(folder / "whole", [path], 0)
    assert run_with_kills(folder / "killed", [path], kills) == kills
    whole, killed = contents(folder / "whole"), contents(folder / "killed")
    assert len(whole["texts"]) == rows
    assert whole["counts"][str(path)]["rejected"] == 1
    assert whole["counts"][str(path)]["late"] > 0
    assert whole["counts"][str(path)]["copies"] > rows / 4
    assert len(whole["alerts"]) > 2
    assert killed == whole


def test_a_file_and_two_kills(tmp_path):
    check_file(tmp_path, rows=12_000, kills=2)


@pytest.mark.slow
def test_a_file_and_twenty_kills(tmp_path):
    check_file(tmp_path, rows=120_000, kills=20)


@pytest.mark.slow
def test_a_topic_of_kafka_and_kills(tmp_path, cluster):  # noqa: F811
    for part in range(4):
        send(cluster, "kills", range(part * 20_000, (part + 1) * 20_000), partition=part)
    name = f"kafka://{cluster.address}/kills"
    run_with_kills(tmp_path, [name], 5)
    with open_engine(f"sqlite:///{tmp_path}/store.db").connect() as connection:
        assert connection.scalar(select(func.count()).select_from(TEXTS)) == 80_000
        assert connection.scalar(select(func.sum(WINDOWS.c.texts + WINDOWS.c.late))) == 80_000
