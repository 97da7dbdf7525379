"""Texts go to the model in bounded parts of like length; answers come in the order of the texts."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from apps.sentiment.monitor import scoring
from apps.sentiment.monitor.scoring import Scorer

TOPICS = ["metals", "energy"]
SENTIMENTS = ["negative", "neutral", "positive"]


class Signature:
    """Answers with the length of a text; remembers the lengths of each call.

    It leans to the negative, as `train --prior-correction` makes it: from a probability of 0.2.
    """

    outputs = dict.fromkeys(["topic_probabilities", "sentiment_probabilities"])

    def __init__(self):
        self.calls = []

    def __call__(self, inputs):
        lengths = np.array([len(text) for text in inputs["text"]])
        self.calls.append(lengths.tolist())
        odd = lengths % 2 == 1
        shares = np.stack([lengths / 1000, 1 - lengths / 1000, 0 * lengths], axis=1)
        return {
            "topic_label": np.array(TOPICS, "S")[odd.astype(int)],
            "topic_probabilities": np.stack([~odd, odd], axis=1).astype(np.float32),
            "sentiment_label": np.array(SENTIMENTS, "S")[np.where(lengths < 200, 1, 0)],
            "sentiment_probabilities": shares,
        }


@pytest.fixture
def signature(monkeypatch):
    made = Signature()
    classes = {"topic_probabilities": TOPICS, "sentiment_probabilities": SENTIMENTS}
    version = SimpleNamespace(number=1, classes=classes, signatures={"serving_default": made})
    monkeypatch.setattr(scoring, "load_versions", lambda *_, **__: {1: version})
    return made


def test_answers_come_in_the_order_of_the_texts(signature):
    lengths = np.random.default_rng(0).permutation(np.arange(1, 401)).tolist()
    scores = Scorer(Path("model"), "negative")(["x" * length for length in lengths])
    assert scores.topics == [TOPICS[length % 2] for length in lengths]
    assert scores.sentiments == ["neutral" if length < 200 else "negative" for length in lengths]
    np.testing.assert_allclose(scores.negative, np.array(lengths) / 1000)
    assert [one["sentiment"]["negative"] for one in scores.details] == [n / 1000 for n in lengths]
    assert [len(call) for call in signature.calls] == [256, 144]  # 256 * 256 and 144 * 400 bytes
    assert [length for call in signature.calls for length in call] == sorted(lengths)


def test_one_text(signature):
    scores = Scorer(Path("model"), "negative")(["油价"])  # six bytes
    assert (scores.topics, scores.sentiments) == (["metals"], ["neutral"])
    assert signature.calls == [[6]]


def test_a_long_text_goes_alone(signature):
    Scorer(Path("model"), "negative")(["x" * 100_000, "x", "x" * 70_000, "xx"])
    assert signature.calls == [[1, 2], [70_000], [100_000]]
