import datetime
import json

import pytest

from apps.sentiment.monitor.rows import LONGEST_LINE, Row, RowError, read_row


def line(**value):
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("time", "milliseconds"),
    [
        ("1970-01-01T00:00:01Z", 1000),
        ("1970-01-01T01:00:00.250+01:00", 250),
        ("1970-01-02", 86_400_000),
        ("1969-12-31T23:59:59", -1000),
    ],
)
def test_a_row(time, milliseconds):
    found = read_row(line(id="a", text=" copper ", time=time))
    assert found == Row("a", "copper", milliseconds)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[1]", "no JSON object"),
        (line(id="a", time="2026-01-01"), "no text"),
        (line(id="a", text=" \x00", time="2026-01-01"), "no text"),
        (line(id="a", text=5, time="2026-01-01"), "no text"),
        (line(id="a", text="t"), "no time"),
        (line(id="a", text="t", time="yesterday"), "no time"),
        (line(id="a", text="t", time=1767225600), "no time"),
        (line(id="a", text="t", time="9999-01-01"), "lies ahead"),
        (line(id=1.5, text="t", time="2026-01-01"), "`id`"),
        (line(id="", text="t", time="2026-01-01"), "`id`"),
        (line(text="t" * LONGEST_LINE, time="2026-01-01"), "longer than"),
    ],
)
def test_what_is_no_row_says_why(raw, reason):
    with pytest.raises(RowError, match=reason):
        read_row(raw)


def test_a_clock_may_be_a_little_fast():
    soon = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=5)
    assert read_row(line(text="t", time=soon.isoformat())).text == "t"


def test_ids():
    time = "2026-01-01"
    assert read_row(line(id=7, text="t", time=time)).id == "7"
    without = [read_row(line(text=text, time=time)).id for text in ("t", "t", "u")]
    assert without[0] == without[1] != without[2]
    assert len(read_row(line(id="x" * 5000, text="t", time=time)).id) <= 200
    assert read_row(line(id="a\0b", text="t\0t", time=time))[:2] == ("ab", "tt")
