import datetime
import json

import pytest

from apps.intent.replies.answer_base import Entry
from apps.intent.replies.message import Message
from apps.intent.replies.replier import Replier
from tests.apps.replies.made_answers import answer

DAY = datetime.date(2026, 11, 22)
BY_LABEL = [
    Entry("Your parcel {order_id} is on its way.", "track_order", title="a parcel", language="en"),
    Entry("We cancel order {order_id}.", "cancel_order", title="a cancellation", language="en"),
    Entry("包裹 {order_id} 在路上。", "track_order", title="物流", language="zh"),
    Entry("我们取消订单。", "cancel_order", title="取消订单", language="zh"),
    Entry("Is it {first} or {second}?", "clarify", language="en"),
    Entry("您想问{first}还是{second}?", "clarify", language="zh"),
    Entry("A colleague takes over.", "hand_over", language="en"),
]
BY_QUESTION = [
    Entry("Within three days.", question="When will my parcel be here?"),
    Entry("Within a week.", question="When do I get my money back?"),
    Entry("At any branch.", question="Where do I get a new card?"),
]


@pytest.fixture
def say():
    """Replies to a message from `BY_LABEL`, in one conversation."""
    replier = Replier(BY_LABEL, answer)

    def say(text, conversation="c", **message):
        return replier.reply(Message(text, conversation, **message), DAY)

    return say


def test_an_intent_is_replied_to(say):
    said = say("where is my parcel", slots={"order_id": "17"})
    assert said == {
        "text": "where is my parcel",
        "conversation": "c",
        "action": "reply",
        "reply": "Your parcel 17 is on its way.",
        "matched": "track_order",
        "confidence": 1.0,
        "reason": "intent",
        "missing_slots": [],
    }


def test_a_slot_without_a_value_is_named_and_stays(say):
    said = say("where is my parcel", slots={"other": "{order_id}"})
    assert said["reply"] == "Your parcel {order_id} is on its way."
    assert said["missing_slots"] == ["order_id"]


def test_a_value_is_no_template(say):
    assert say("cancel it", slots={"order_id": "{x.__class__}"})["reply"] == (
        "We cancel order {x.__class__}."
    )


def test_the_language_is_that_of_the_message(say):
    assert say("包裹在哪", slots={"order_id": "9"})["reply"] == "包裹 9 在路上。"
    assert say("where is it? parcel 9", language="zh")["reply"].startswith("包裹")


def test_out_of_scope_goes_to_a_person(say):
    said = say("what is the weather")
    assert (said["action"], said["reason"]) == ("hand_over", "out of scope")
    assert said["reply"] == "A colleague takes over."
    assert said["matched"] is None


def test_an_intent_without_a_reply_goes_to_a_person(say):
    said = say("refund please")
    assert said["action"] == "hand_over"
    assert said["reason"] == "no reply to “refund status” is valid today in this language"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("the second one", "cancel_order"),
        ("1", "track_order"),
        ("First!", "track_order"),
        ("a cancellation", "cancel_order"),
        ("just stop it", "cancel_order"),
    ],
)
def test_a_clarification_is_resolved_by_the_next_message(say, text, label):
    asked = say("cancel my parcel")
    assert (asked["action"], asked["reply"]) == ("clarify", "Is it a parcel or a cancellation?")
    assert asked["matched"] == ["track_order", "cancel_order"]
    said = say(text)
    assert (said["action"], said["matched"]) == ("reply", label)


def test_a_chinese_clarification(say):
    assert say("取消包裹")["reply"] == "您想问物流还是取消订单?"
    assert say("第二个")["reply"] == "我们取消订单。"


def test_it_asks_once_only(say):
    assert say("cancel my parcel")["action"] == "clarify"
    again = say("cancel my parcel")
    assert (again["action"], again["reason"]) == ("hand_over", "still unclear after a question")
    assert say("1")["reason"] == "out of scope"  # the question is forgotten


def test_something_else_is_not_taken_for_an_answer(say):
    assert say("cancel my parcel")["action"] == "clarify"
    assert say("what is the weather")["reason"] == "out of scope"


def test_conversations_do_not_mix(say):
    assert say("cancel my parcel", "a")["action"] == "clarify"
    assert say("1", "b")["action"] == "hand_over"
    assert say("1", None)["action"] == "hand_over"
    assert say("1", "a")["matched"] == "track_order"


def test_a_question_in_other_words():
    said = Replier(BY_QUESTION, answer).reply(Message("parcel arrives when?"), DAY)
    assert (said["action"], said["reply"]) == ("reply", "Within three days.")
    assert said["matched"] == "When will my parcel be here?"
    assert 0.5 <= said["confidence"] < 1
    assert "conversation" not in said


def test_nothing_alike_goes_to_a_person():
    said = Replier(BY_QUESTION, answer).reply(Message("hi there"), DAY)
    assert (said["action"], said["reason"]) == ("hand_over", "no question is like it")


def test_two_questions_that_are_as_likely_are_asked_about():
    replier = Replier(BY_QUESTION, answer)
    said = replier.reply(Message("Money, card: when or where?", "c"), DAY)
    assert said["action"] == "clarify"
    assert said["reply"] == (
        "Do you mean “Where do I get a new card?” or “When do I get my money back?”?"
    )
    assert replier.reply(Message("the new card", "c"), DAY)["reply"] == "At any branch."


def test_questions_with_one_reply_are_not_asked_about():
    entries = [*BY_QUESTION[1:], Entry("At any branch.", question="When is my money on my card?")]
    same = [Entry("At any branch.", question=str(entry.question)) for entry in entries]
    said = Replier(same, answer).reply(Message("When is my money on a card?"), DAY)
    assert (said["action"], said["reply"]) == ("reply", "At any branch.")


def test_replies_are_given_on_their_days_only():
    winter = Entry("Closed.", "track_order", valid_from=datetime.date(2026, 12, 24))
    autumn = Entry("Open.", "track_order", valid_until=datetime.date(2026, 12, 23))
    replier = Replier([winter, autumn], answer)

    def said(day):
        return replier.reply(Message("parcel"), datetime.date(2026, 12, day))["reply"]

    assert [said(23), said(24)] == ["Open.", "Closed."]


def test_an_intent_decides_where_no_question_is_alike():
    replier = Replier([*BY_QUESTION[2:], *BY_LABEL], answer)
    assert replier.reply(Message("new card where?"), DAY)["reply"] == "At any branch."
    said = replier.reply(Message("the parcel"), DAY)
    assert (said["reason"], said["matched"]) == ("intent", "track_order")


def test_answers_are_json(say):
    for text in ("", "\x00", "\U0001f600" * 3000, "parcel", "cancel parcel"):
        said = say(text)
        assert json.loads(json.dumps(said)) == said
