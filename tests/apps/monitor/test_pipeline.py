"""What becomes of rows: stored once, counted once, told once."""

import datetime

import pytest
from sqlalchemy import select

from apps.sentiment.monitor.rows import BadRow, make_row
from apps.sentiment.monitor.sources.base import Batch
from apps.sentiment.monitor.store import reader
from apps.sentiment.monitor.store.deliveries import delivered, pending
from apps.sentiment.monitor.store.engine import open_engine
from apps.sentiment.monitor.store.schema import TEXTS, WINDOWS
from tests.apps.monitor.made import MINUTE, START, START_MS, make_pipeline, row, store_url


def batch(rows, positions=None, bad=()):
    made = [make_row(row["id"], row["text"], row["time"]) for row in rows]
    return Batch(made, bad, positions or {"": 0})


SUBJECTS = ["copper mine", "zinc smelter", "steel tariff", "nickel hoard"]
EVENTS = ["closes after a flood", "halts output", "fire kills two"]


def bad_news(number, *, minute):
    subject, event = SUBJECTS[number % 4], EVENTS[number % 3]
    return row(number, minute=minute, text=f"metals bad {subject} {event}")


@pytest.fixture
def url(tmp_path):
    return store_url(tmp_path)


def stored(url):
    with open_engine(url).connect() as connection:
        return list(connection.execute(select(TEXTS).order_by(TEXTS.c.number)).mappings())


def counted(url):
    with open_engine(url).connect() as connection:
        found = connection.execute(select(WINDOWS).order_by(*WINDOWS.primary_key)).mappings()
        return [((one["start"] - START_MS) // MINUTE, *list(one.values())[1:]) for one in found]


def test_rows_are_scored_stored_and_counted(url):
    pipeline, _, _ = make_pipeline(url)
    rows = [
        row(0),
        row(1, minute=0.5),
        bad_news(2, minute=1),
        row(3, minute=1, text="energy 油价下跌了"),
    ]
    pipeline.process("s", batch(rows, bad=[BadRow("line 9", "no JSON", "{")]))
    assert [one["id"] for one in stored(url)] == ["r0", "r1", "r2", "r3"]
    assert stored(url)[2]["scores"] == (
        '{"topic":{"metals":1.0},"sentiment":{"negative":0.9,"neutral":0.1}}'.replace(
            "0.1", str(1 - 0.9)
        )
    )
    assert counted(url) == [
        (0, "metals", "en", "neutral", 2, 0),
        (1, "energy", "zh", "neutral", 1, 0),
        (1, "metals", "en", "negative", 1, 0),
    ]
    assert reader.counts_by_source(open_engine(url)) == {"s": {"rejected": 1, "stored": 4}}


def test_the_same_id_is_stored_once(url):
    pipeline, _, _ = make_pipeline(url)
    pipeline.process("s", batch([row(0), row(0), row(1)]))
    pipeline.process("s", batch([row(1, text="metals other"), row(2)]))
    pipeline.process("t", batch([row(0, text="metals of another source")]))
    assert [(one["source"], one["id"]) for one in stored(url)] == [
        ("s", "r0"), ("s", "r1"), ("s", "r2"), ("t", "r0"),
    ]  # fmt: skip
    assert reader.counts_by_source(open_engine(url))["s"] == {"same_id": 2, "stored": 3}


def test_a_copy_is_stored_but_neither_scored_nor_counted(url):
    pipeline, _, _ = make_pipeline(url)
    rows = [row(number, text="metals bad copper falls again in London") for number in (0, 1)]
    pipeline.process("s", batch(rows))
    again, _, _ = make_pipeline(url)  # remembered through a restart
    again.process("s", batch([row(2, text="METALS bad: copper falls again in London!")]))
    assert [one["copy_of"] for one in stored(url)] == [None, 1, 1]
    assert stored(url)[1]["topic"] is None
    assert counted(url) == [(0, "metals", "en", "negative", 1, 0)]
    assert reader.text(open_engine(url), 2)["copies"] == 2


def test_late_texts_are_stored_and_counted_apart(url):
    pipeline, detector, _ = make_pipeline(url)
    pipeline.process("s", batch([row(0), row(1, minute=2), row(2, minute=0.9), row(3, minute=1.9)]))
    pipeline.process("s", batch([row(4, minute=1), row(5, minute=2.5)]))
    assert [one["late"] for one in stored(url)] == [False, False, True, True, True, False]
    assert [one[4:] for one in counted(url)] == [(1, 1), (0, 2), (2, 0)]
    assert [counts for _, counts in detector.seen] == [{"metals": (0, 1)}, {}]
    assert reader.counts_by_source(open_engine(url))["s"]["late"] == 3


def test_lateness_waits(url):
    pipeline, detector, _ = make_pipeline(url, lateness=MINUTE)
    pipeline.process("s", batch([row(0), row(1, minute=1.9), row(2, minute=0.5)]))
    assert detector.seen == []
    pipeline.process("s", batch([row(3, minute=2)]))
    assert detector.seen == [(START, {"metals": (0, 2)})]


def test_an_alert_brings_its_evidence_and_waits_for_the_sinks(url):
    pipeline, _, _ = make_pipeline(url, sinks=["terminal", "file"])
    rows = [bad_news(number, minute=0) for number in range(8)]
    rows += [row(90, minute=0, text="metals rise"), row(91, minute=0, text="energy bad pipe leaks")]
    assert pipeline.process("s", batch(rows)) == 0
    assert pipeline.process("s", batch([row(99, minute=1)])) == 1
    engine = open_engine(url)
    [alert] = pending(engine, "file")
    assert alert["id"] == "metals-000000-start"
    assert (alert["topic"], alert["topics"], alert["kind"]) == ("metals", ["metals"], "start")
    assert alert["window_start"] == START.isoformat()
    assert alert["observed"] == 8
    assert len(alert["texts"]) >= 3
    assert all(text["text"].startswith("metals bad") for text in alert["texts"])
    delivered(engine, "file", alert["id"])
    assert list(pending(engine, "file")) == []
    assert list(pending(engine, "terminal")) == [alert]
    assert pipeline.process("s", batch([row(100, minute=2)])) == 1
    [episode] = reader.episodes(engine, reader.Chosen(0, 2**53))
    assert not episode["open"]
    assert [one["kind"] for one in episode["alerts"]] == ["start", "end"]


def test_evidence_is_not_five_times_the_same(url):
    pipeline, _, _ = make_pipeline(url, duplicates=0)
    same = [row(n, text="metals bad copper falls again in London") for n in range(9)]
    pipeline.process("s", batch([*same, row(9, text="metals bad strike closes a mine in Chile")]))
    pipeline.process("s", batch([row(99, minute=1)]))
    [alert] = pending(open_engine(url), "terminal")
    assert [text["id"] for text in alert["texts"]] == ["r0", "r9"]


def test_silence_closes_a_window(url):
    pipeline, detector, _ = make_pipeline(url)
    pipeline.process("s", batch([bad_news(number, minute=0.999) for number in range(3)]))
    assert pipeline.pass_time() == 0
    pipeline.clock._seen["s"] -= 0.2  # as if so many seconds had passed
    pipeline.clock.caught_up("s")
    assert pipeline.pass_time() == 1
    assert detector.seen == [(START, {"metals": (3, 3)})]


def test_a_restart_at_any_batch_comes_to_the_same(tmp_path):
    minutes = [0, 0.5, 0.2, 1.5, 0.9, 1.6, 3.0, 2.9, 3.2, 4.5, 4.6, 6.0]
    rows = [bad_news(n % 7, minute=m) | {"id": f"r{n}"} for n, m in enumerate(minutes)]
    whole = store_url(tmp_path)
    pipeline, _, _ = make_pipeline(whole)
    pipeline.process("s", batch(rows))
    parts = f"sqlite:///{tmp_path}/parts.db"
    for number, one in enumerate(rows):
        pipeline, _, writer = make_pipeline(parts)
        pipeline.process("s", batch([one], {"": number}))
        assert writer.positions("s") == {"": number}
    assert stored(parts) == stored(whole)
    assert counted(parts) == counted(whole)
    everything = reader.Chosen(0, 2**53)
    found = [reader.episodes(open_engine(url), everything) for url in (parts, whole)]
    for episodes in found:
        for alert in episodes[0]["alerts"]:
            del alert["created"]
    assert found[0] == found[1]


def test_what_fails_leaves_nothing_behind(url, monkeypatch):
    pipeline, _, writer = make_pipeline(url)
    pipeline.process("s", batch([row(0)], {"": 1}))
    monkeypatch.setattr(writer, "put_positions", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        pipeline.process("s", batch([row(1)], {"": 2}))
    assert [one["id"] for one in stored(url)] == ["r0"]
    assert writer.positions("s") == {"": 1}
    assert counted(url) == [(0, "metals", "en", "neutral", 1, 0)]


def test_times_before_1970(url):
    pipeline, _, _ = make_pipeline(url)
    old = START.replace(year=1929) - datetime.timedelta(seconds=1)
    pipeline.process("s", batch([row(0) | {"time": old.isoformat()}]))
    assert stored(url)[0]["time"] < 0
