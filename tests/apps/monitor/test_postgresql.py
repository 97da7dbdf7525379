"""The same store in PostgreSQL, where its server is installed."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from sqlalchemy import func, select

from apps.sentiment.monitor.rows import make_row
from apps.sentiment.monitor.sources.base import Batch
from apps.sentiment.monitor.store import reader
from apps.sentiment.monitor.store.deliveries import delivered, pending
from apps.sentiment.monitor.store.engine import open_engine
from apps.sentiment.monitor.store.schema import TEXTS
from tests.apps.monitor.made import MINUTE, START_MS, make_pipeline, row

_SECONDS = 30


@pytest.fixture(scope="module")
def folder():
    """A folder that another user may reach, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="module")
def url(folder):
    if shutil.which("initdb") is None or shutil.which("postgres") is None:
        pytest.skip("PostgreSQL is not installed")
    user = {}
    if os.geteuid() == 0:  # the server does not run as root
        user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        shutil.chown(folder, "nobody", "nogroup")
    data = str(folder / "data")
    make = ["initdb", "-D", data, "-A", "trust", "-U", "monitor", "--no-sync"]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, cwd=folder, **user)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["-h", "127.0.0.1", "-p", str(port), "-k", "", "-F"]
    server = subprocess.Popen(
        ["postgres", "-D", data, *options], cwd=folder, stderr=subprocess.DEVNULL, **user
    )
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.1)
    yield f"postgresql+psycopg://monitor@127.0.0.1:{port}/postgres"
    server.send_signal(signal.SIGINT)  # does not wait for open connections
    server.wait(_SECONDS)


def process(url, rows, position):
    pipeline, _, writer = make_pipeline(url)
    made = [make_row(one["id"], one["text"], one["time"]) for one in rows]
    alerts = pipeline.process("s", Batch(made, (), {"": position}))
    assert writer.positions("s") == {"": position}
    writer._engine.dispose()
    return alerts


def test_the_pipeline(url):
    news = ["copper mine floods", "zinc smelter \0strike", "tariff hits steel"]
    rows = [row(number, text=f"metals bad {what}") for number, what in enumerate(news)]
    assert process(url, rows, 1) == 0
    assert process(url, [row(0), row(5, minute=0.5, text="metals 铜价下跌")], 2) == 0
    assert process(url, [row(6, minute=1), row(7, minute=0.2)], 3) == 1
    engine = open_engine(url)
    everything = reader.Chosen(0, 2**53)
    assert reader.counts_by_source(engine) == {"s": {"late": 1, "same_id": 1, "stored": 6}}
    within = everything._replace(start=START_MS, end=START_MS + 10 * MINUTE)
    assert sorted(reader.series(engine, within, MINUTE)[1]) == [
        (START_MS, "metals", "negative", 3),
        (START_MS, "metals", "neutral", 2),
        (START_MS + MINUTE, "metals", "neutral", 1),
    ]
    [alert] = pending(engine, "terminal")
    assert [text["id"] for text in alert["texts"]] == ["r0", "r1", "r2"]
    delivered(engine, "terminal", alert["id"])
    assert list(pending(engine, "terminal")) == []
    [episode] = reader.episodes(engine, everything)
    assert episode["open"]
    found, more = reader.texts(engine, everything._replace(language="zh"), None)
    assert [text["text"] for text in found] == ["metals 铜价下跌"]
    assert more is None
    assert reader.text(engine, 1)["scores"]["topic"] == {"metals": 1.0}
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(TEXTS)) == 6
    engine.dispose()
