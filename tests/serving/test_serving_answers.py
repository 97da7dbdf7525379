import json

import pytest

from dlkit.serving.answers import answer_texts
from dlkit.tasks import Classification, Regression
from tests.fixed_answers import fixed_model

TOPIC = Classification(name="topic", classes=["金属", "rates", "chips"], threshold=0.5)
PRICE = Regression(name="price", mean=10.0, scale=2.0)


def answers_of(texts, *tasks, batch_size=2, top=2):
    return list(answer_texts(fixed_model(*tasks), texts, batch_size=batch_size, top=top))


def test_one_head():
    sure, unsure = answers_of(["aaa", "-"], TOPIC)
    names = ["decision", "runner_up", "scope_score", "probabilities"]
    assert list(sure) == ["text", "label", "confidence", "out_of_scope", *names]
    assert (sure["decision"], sure["runner_up"]) == ("answer", "rates")
    assert (sure["text"], sure["label"], sure["out_of_scope"]) == ("aaa", "金属", False)
    assert list(sure["probabilities"]) == ["金属", "rates"]
    assert sure["probabilities"]["金属"] == sure["confidence"]
    assert unsure["out_of_scope"] is True
    assert sum(unsure["probabilities"].values()) == pytest.approx(2 / 3, abs=1e-5)


def test_several_heads():
    [answer] = answers_of(["aaa"], TOPIC, PRICE)
    assert list(answer) == [
        "text",
        "topic_label",
        "topic_confidence",
        "topic_out_of_scope",
        "topic_decision",
        "topic_runner_up",
        "topic_scope_score",
        "topic_probabilities",
        "price_value",
    ]
    assert answer["price_value"] == 16.0


@pytest.mark.parametrize(("top", "named"), [(1, 1), (3, 3), (99, 3)])
def test_top(top, named):
    [answer] = answers_of(["aaa"], TOPIC, top=top)
    values = list(answer["probabilities"].values())
    assert len(values) == named
    assert values == sorted(values, reverse=True)


def test_answers_are_json():
    texts = ["", "\x00", "naïve 情感", "\U0001f600" * 5000, "\ufffd"]
    answers = answers_of(texts, TOPIC, PRICE)
    assert json.loads(json.dumps(answers)) == answers
    assert [answer["text"] for answer in answers] == texts


def test_texts_are_answered_as_they_come():
    def endless():
        while True:
            yield "aaa"

    answers = answer_texts(fixed_model(PRICE), endless(), batch_size=3, top=1)
    assert [next(answers)["value"] for _ in range(4)] == [16.0] * 4


def test_no_texts():
    assert answers_of([], TOPIC) == []
