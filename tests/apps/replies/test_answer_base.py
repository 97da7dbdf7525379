import datetime

import pytest

from apps.intent.replies.answer_base import read_answer_base
from apps.intent.replies.command import SAMPLE_REPLIES
from dlkit.errors import InputError


def write(folder, text):
    path = folder / "replies.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_read(tmp_path):
    path = write(
        tmp_path,
        "question,label,reply,language,valid_from,valid_until\n"
        "Where?,,Here {a} and {b}.,en,2026-01-01,2026-01-31\n"
        ",refund,Soon {a}{a}.,,,\n",
    )
    first, second = read_answer_base([path])
    assert (first.question, first.label, first.language) == ("Where?", None, "en")
    assert not first.is_valid(datetime.date(2025, 12, 31))
    assert first.is_valid(datetime.date(2026, 1, 1))
    assert first.is_valid(datetime.date(2026, 1, 31))
    assert not first.is_valid(datetime.date(2026, 2, 1))
    assert first.fill({"a": "x"}) == ("Here x and {b}.", ["b"])
    assert (first.name, second.name) == ("Where?", "refund")
    assert second.fill({}) == ("Soon {a}{a}.", ["a"])
    assert second.is_valid(datetime.date(1999, 1, 1))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("label,answer\na,b\n", "--replies"),
        ("label,reply\na,\n", "reply"),
        ("label,question,reply\n,,Hello.\n", "row 1 of replies.csv with neither"),
        ("label,reply,valid_from\na,b,soon\n", "row 1 of replies.csv with 'soon'"),
        (
            "label,reply,valid_from,valid_until\na,b,2026-02-01,2026-01-01\n",
            "must not end before it begins",
        ),
    ],
)
def test_mistakes_are_named(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_answer_base([write(tmp_path, text)])


def test_the_sample():
    entries = read_answer_base(SAMPLE_REPLIES)
    assert {entry.language for entry in entries} == {"en", "zh"}
    assert all(entry.label for entry in entries)
