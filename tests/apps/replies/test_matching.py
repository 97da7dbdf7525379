import numpy as np
import pytest

from apps.intent.replies.conversations import Conversations, Option, Pending
from apps.intent.replies.language import LanguageGuess
from apps.intent.replies.matching import LEARNED, PRETRAINED, Matcher
from dlkit.errors import InputError

ALL = np.ones(3, bool)
QUESTIONS = ["lost my card", "card stolen", "更改收货地址"]
VECTORS = np.eye(3, dtype="float32")


def matcher_of(replies):
    return Matcher(QUESTIONS, VECTORS, replies, calibration=PRETRAINED)


def test_words_and_meaning_are_weighed():
    def best(text, vector, weight):
        calibration = PRETRAINED._replace(lexical_weight=weight)
        matcher = Matcher(QUESTIONS, VECTORS, QUESTIONS, calibration=calibration)
        return int(matcher.similarities(text, np.array(vector)).argmax())

    assert best("card stolen", [1.0, 0, 0], 0.0) == 0
    assert best("card stolen", [1.0, 0, 0], 1.0) == 1
    assert best("地址怎么改", [0.0, 0, 0], 0.2) == 2


def test_the_same_text_has_similarity_one():
    matcher = matcher_of(QUESTIONS)
    assert matcher.similarities("Card stolen", VECTORS[1])[1] == pytest.approx(1, abs=1e-6)


def test_the_lead_over_other_replies_makes_confident():
    apart = matcher_of(QUESTIONS).match("card stolen", VECTORS[1], ALL)
    assert (apart.best, apart.confidence > 0.9, apart.other_confidence < 0.1) == (1, True, True)
    between = np.array([0.7071, 0.7071, 0], "float32")
    unclear = matcher_of(QUESTIONS).match("card", between, ALL)
    assert unclear.other_confidence > 0.25
    assert unclear.confidence + unclear.other_confidence <= 1
    same = matcher_of(["x", "x", "y"]).match("card", between, ALL)
    assert same.other == 2
    assert same.confidence > unclear.confidence


def test_only_what_is_allowed_is_matched():
    matcher = matcher_of(QUESTIONS)
    match = matcher.match("card stolen", VECTORS[1], np.array([False, False, True]))
    assert (match.best, match.other, match.other_confidence) == (2, None, 0.0)
    assert match.confidence < 0.1


def test_questions_without_words():
    with pytest.raises(InputError, match="questions with words"):
        Matcher(["?"], VECTORS[:1], ["a"], calibration=PRETRAINED)


def test_languages_are_told_by_their_characters():
    guess = LanguageGuess(
        {
            "en": ["Where is my order? You can cancel it."],
            "de": ["Wo bleibt meine Bestellung? Sie können sie stornieren."],
            "zh": ["我的订单在哪里?"],
        }
    )
    texts = ["can you help me with this", "Können Sie mir bitte helfen", "订单怎么取消"]
    assert [guess(text) for text in texts] == ["en", "de", "zh"]
    assert LanguageGuess({})("hello") is None
    assert LanguageGuess({"zh": ["我"]})("hello") == "zh"


def test_old_conversations_are_forgotten():
    conversations, option = Conversations(), Option("x", None, None)
    for number in range(10_001):
        conversations.ask(str(number), Pending("", None, (option, option)))
    assert conversations.take("0") is None
    assert conversations.take("10000") is not None
    assert conversations.take("10000") is None
    assert conversations.take(None) is None


def test_words_count_more_where_vectors_know_little():
    matcher = Matcher(QUESTIONS, VECTORS, QUESTIONS, calibration=LEARNED)
    assert matcher.match("card stolen", VECTORS[0], ALL).best == 1
    assert matcher_of(QUESTIONS).match("card stolen", VECTORS[0], ALL).best == 0
