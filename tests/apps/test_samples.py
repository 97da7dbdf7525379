import datetime
import json
from collections import Counter
from itertools import product

import pytest

from apps.intent.app import APP as INTENT
from apps.sentiment.app import APP as SENTIMENT

OUT_OF_SCOPE = INTENT.settings().out_of_scope_label


def read(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def is_chinese(text):
    return any("\u4e00" <= character <= "\u9fff" for character in text)


@pytest.mark.parametrize("app", [INTENT, SENTIMENT], ids=lambda app: app.name)
def test_rows(app):
    english, chinese = (read(path) for path in app.sample)
    rows = [*english, *chinese]
    assert len(rows) >= 600
    assert 0.45 < len(english) / len(rows) < 0.55
    assert not [row["text"] for row in english if is_chinese(row["text"])]
    assert not [row["text"] for row in chinese if not is_chinese(row["text"])]
    keys = Counter("".join(row["text"].lower().split()) for row in rows)
    assert [text for text, count in keys.items() if count > 1] == []
    assert all(row["text"] == row["text"].strip() for row in rows)
    assert len({frozenset(row) for row in rows}) == 1


def test_every_class_has_rows_in_both_languages():
    for path in INTENT.sample:
        counts = Counter(row["label"] for row in read(path))
        assert len(counts) >= 21
        assert counts[OUT_OF_SCOPE] >= 10
        assert min(counts.values()) >= 5
    labels = [{row["label"] for row in read(path)} for path in INTENT.sample]
    assert labels[0] == labels[1]


def test_every_class_has_a_reply_in_both_languages():
    labels = {row["label"] for path in INTENT.sample for row in read(path)} - {OUT_OF_SCOPE}
    for language in ("en", "zh"):
        path = INTENT.sample[0].parent / f"replies_{language}.jsonl"
        replies = read(path)
        assert {row["label"] for row in replies} - {"clarify", "hand_over"} == labels
        assert len({row.get("title") for row in replies}) == len(labels) + 1
        assert len({row["label"] for row in replies}) == len(replies)
        assert {row["language"] for row in replies} == {language}
        assert all(is_chinese(row["reply"]) == (language == "zh") for row in replies)


def test_every_pair_of_classes_occurs_in_both_languages():
    for path in SENTIMENT.sample:
        rows = read(path)
        pairs = Counter((row["topic"], row["sentiment"]) for row in rows)
        topics = {topic for topic, _ in pairs}
        assert set(pairs) == set(product(topics, ["negative", "neutral", "positive"]))
        assert min(pairs.values()) >= 3


def test_times_are_times():
    for path in SENTIMENT.sample:
        times = [datetime.datetime.fromisoformat(row["time"]) for row in read(path)]
        assert all(time.tzinfo for time in times)
        assert max(times) - min(times) > datetime.timedelta(days=7)
