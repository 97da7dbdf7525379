"""A model and a detector whose answers are known, and rows for them."""

import datetime
import json

import numpy as np

from apps.sentiment.monitor.pipeline import Lengths, Pipeline
from apps.sentiment.monitor.scores import Scores
from apps.sentiment.monitor.store.engine import open_engine
from apps.sentiment.monitor.store.writer import Writer
from apps.sentiment.surge.events import Surge

START = datetime.datetime(2026, 3, 2, tzinfo=datetime.UTC)
START_MS = round(START.timestamp() * 1000)
MINUTE = 60_000
TOPICS = ["metals", "energy"]
LIMIT = 3


def row(number, *, minute=0.0, text=None, **others):
    """A row that no other is like."""
    time = START + datetime.timedelta(minutes=minute)
    text = text or f"metals w{number}a w{number}b w{number}c w{number}d"
    return {"id": f"r{number}", "text": text, "time": time.isoformat(), **others}


def lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def score(texts):
    """The first word is the topic; who says bad is negative."""
    negative = np.array([0.9 if " bad" in text else 0.1 for text in texts])
    sentiments = ["negative" if value > 0.5 else "neutral" for value in negative]
    topics = [text.split()[0] for text in texts]
    details = [
        {"topic": {topic: 1.0}, "sentiment": {"negative": value, "neutral": 1 - value}}
        for topic, value in zip(topics, negative.tolist(), strict=True)
    ]
    return Scores(topics, sentiments, negative, details)


class Detector:
    """An episode lasts while a window has at least three negative texts."""

    def __init__(self, state=None):
        self.open = dict(state or {})
        self.seen = []

    def update(self, window_start, counts):
        self.seen.append((window_start, {topic: tuple(pair) for topic, pair in counts.items()}))
        found = []
        for topic in sorted({*counts, *self.open}):
            negative, total = counts.get(topic, (0, 0))
            if negative >= LIMIT and topic not in self.open:
                self.open[topic] = f"{topic}-{window_start:%H%M%S}"
                found.append(self._surge(topic, "start", window_start, negative, total))
            elif negative < LIMIT and topic in self.open:
                found.append(self._surge(topic, "end", window_start, negative, total))
                del self.open[topic]
        return found

    def _surge(self, topic, kind, start, negative, total):
        share = negative / max(total, 1)
        return Surge(
            topic=topic,
            kind=kind,
            window_start=start,
            observed=negative,
            expected=1.0,
            p_value=1e-4,
            negative_share=share,
            method="surge",
            episode=self.open[topic],
            span=datetime.timedelta(minutes=1),
        )

    def to_json(self):
        return dict(self.open)


def store_url(folder):
    return f"sqlite:///{folder}/store.db"


def make_pipeline(url, *, window=MINUTE, lateness=0, duplicates=1440 * MINUTE, **others):
    """A pipeline as another process would make it: all it knows comes from the store."""
    writer = Writer(open_engine(url))
    options = {"sources": ["s"], "sinks": ["terminal"], "negative": "negative", **others}
    detector = Detector(writer.state("detector"))
    lengths = Lengths(window, lateness, duplicates)
    return Pipeline(writer, score, detector, lengths, **options), detector, writer


def alert(**others):
    """An alert as sinks get it."""
    found = {
        "id": "metals-1-start",
        "episode": "metals-1",
        "kind": "start",
        "method": "surge",
        "topic": "metals",
        "topics": ["metals"],
        "window_start": "2026-03-02T00:00:00+00:00",
        "window_end": "2026-03-02T00:15:00+00:00",
        "span_seconds": 900.0,
        "observed": 12,
        "expected": 2.5,
        "p_value": 1.5e-5,
        "negative_share": 0.6,
        "texts": [{"number": 1, "negative": 0.95, "text": "copper is bad", "time": "2026-03-02"}],
        "created": "2026-03-02T00:15:01+00:00",
    }
    return found | others
