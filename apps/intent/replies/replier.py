"""From a message to an approved reply, a clarifying question, or a person."""

import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from apps.intent.replies.answer_base import CLARIFY, HAND_OVER, Entry
from apps.intent.replies.conversations import Conversations, Option, Pending
from apps.intent.replies.language import LanguageGuess
from apps.intent.replies.matching import LEARNED, PRETRAINED, Matcher
from apps.intent.replies.message import Message

Answer = Callable[[list[str]], Mapping[str, np.ndarray]]
"""From texts to the answers of the model, with their `embedding`."""

_ASK = "Do you mean “{first}” or “{second}”?"
_FIRST, _SECOND = (
    re.compile(rf"\W*(?:the )?(?:{words})(?: one)?\W*", re.IGNORECASE)
    for words in ("1|1st|first|former|one|第一.?|前者|一", "2|2nd|second|latter|two|第二.?|后者|二")
)
_LEAD = 0.1
"""By so much an answer to a clarifying question must be more like one option than the other."""


class Outcome(NamedTuple):
    """What is to be done about a message, before it is put into words."""

    action: str
    reason: str
    options: tuple[Option, ...] = ()
    confidence: float = 0.0


class Replier:
    """Replies from an answer base.

    Questions of the base are matched first; where none is like the message, the intent that the
    model finds decides. Of two replies that are about as likely, a question asks.

    Args:
        entries: The answer base.
        answer: Answers texts.
        least_confidence: A question or an intent that is found with less is not replied to.
        question_cost: A question is asked where the other reply is more probable than this.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        answer: Answer,
        *,
        least_confidence: float = 0.4,
        question_cost: float = 0.25,
    ) -> None:
        self._entries = list(entries)
        self._answer = answer
        self._least_confidence = least_confidence
        self._question_cost = question_cost
        is_pretrained = answer([""])["embedding_is_pretrained"][0]
        self._calibration = PRETRAINED if is_pretrained else LEARNED
        self._conversations = Conversations()
        self._asked = [i for i, entry in enumerate(entries) if entry.question]
        self._matcher = self._match_questions([str(entries[i].question) for i in self._asked])
        texts: dict[str, list[str]] = {}
        for entry in entries:
            if entry.language:
                words = [entry.reply, entry.question or "", entry.title or ""]
                texts.setdefault(entry.language, []).extend(words)
        self._language = LanguageGuess(texts)

    def reply(self, message: Message, day: datetime.date) -> dict[str, Any]:
        """Replies to a message.

        Args:
            message: The message.
            day: Replies that are not valid on it are not given.

        Returns:
            `text`; `conversation`, if there is one; `action`: "reply", "clarify" or "hand_over";
            `reply`, what to say; `matched`, the question or the intent replied to; `confidence`;
            `reason`, the rule that fired; and `missing_slots`, those of the reply without a value.
        """
        pending = self._conversations.take(message.conversation)
        language = message.language or (pending and pending.language)
        language = language or self._language(message.text)
        usable = [
            entry.is_valid(day) and entry.language in (None, language) for entry in self._entries
        ]
        outcome = None
        if pending:
            outcome = self._resolve(pending, message.text, usable)
        outcome = outcome or self._decide(message.text, usable)
        if outcome.action == CLARIFY and pending:
            outcome = outcome._replace(action=HAND_OVER, reason="still unclear after a question")
        if outcome.action == CLARIFY:
            first, second = outcome.options
            question = Pending(message.text, language, (first, second))
            self._conversations.ask(message.conversation, question)
        return self._said(message, outcome, usable)

    def _match_questions(self, questions: list[str]) -> Matcher | None:
        if not questions:
            return None
        vectors = [
            self._answer(questions[start : start + 256])["embedding"]
            for start in range(0, len(questions), 256)
        ]
        replies = [self._entries[i].reply for i in self._asked]
        return Matcher(questions, np.concatenate(vectors), replies, calibration=self._calibration)

    def _decide(self, text: str, usable: list[bool]) -> Outcome:
        answers = self._answer([text])
        by_question = self._by_question(text, answers["embedding"][0], usable)
        if by_question and by_question.action != HAND_OVER:
            return by_question
        if any(entry.label not in (None, CLARIFY, HAND_OVER) for entry in self._entries):
            return self._by_label(answers, usable)
        return by_question or Outcome(HAND_OVER, "no reply is valid today in this language")

    def _by_question(self, text: str, vector: np.ndarray, usable: list[bool]) -> Outcome | None:
        allowed = np.array([usable[i] for i in self._asked], bool)
        if self._matcher is None or not allowed.any():
            return None
        match = self._matcher.match(text, vector, allowed)
        both = tuple(
            self._option(self._asked[i]) for i in (match.best, match.other) if i is not None
        )
        if match.other_confidence > self._question_cost:
            if match.confidence + match.other_confidence >= self._least_confidence:
                return Outcome(CLARIFY, "two questions are as likely", both, match.confidence)
        elif match.confidence >= self._least_confidence:
            return Outcome("reply", "matched question", both[:1], match.confidence)
        return Outcome(HAND_OVER, "no question is like it", both[:1], match.confidence)

    def _by_label(self, answers: Mapping[str, np.ndarray], usable: list[bool]) -> Outcome:
        label, other = (answers[name][0].decode() for name in ("label", "runner_up"))
        decision, confidence = answers["decision"][0].decode(), float(answers["confidence"][0])
        first = self._of_label(label, usable)
        if decision == "out_of_scope":
            return Outcome(HAND_OVER, "out of scope", (), confidence)
        if decision == CLARIFY:
            both = (first, self._of_label(other, usable))
            return Outcome(CLARIFY, "two intents are as likely", both, confidence)
        if confidence < self._least_confidence:
            return Outcome(HAND_OVER, "no intent is likely enough", (first,), confidence)
        return self._with_reply(first, "intent", confidence)

    def _with_reply(self, option: Option, reason: str, confidence: float) -> Outcome:
        if option.entry is None:
            reason = f"no reply to “{option.name}” is valid today in this language"
            return Outcome(HAND_OVER, reason, (option,), confidence)
        return Outcome("reply", reason, (option,), confidence)

    def _resolve(self, pending: Pending, text: str, usable: list[bool]) -> Outcome | None:
        """Takes a message as the answer to a clarifying question, or returns None."""
        for option, pattern in zip(pending.options, (_FIRST, _SECOND), strict=True):
            if pattern.fullmatch(text):
                return self._with_reply(option, "answer to the question", 1.0)
        names = [option.name for option in pending.options]
        vectors = self._answer([text, *names])["embedding"]
        matcher = Matcher(names, vectors[1:], names, calibration=self._calibration)
        likeness = matcher.similarities(text, vectors[0])
        is_new = text.casefold().split() != pending.text.casefold().split()
        if is_new and abs(likeness[0] - likeness[1]) >= _LEAD:
            chosen = pending.options[int(likeness.argmax())]
            return self._with_reply(chosen, "answer to the question", float(likeness.max()))
        fresh = self._decide(text, usable)
        if fresh.action == "reply":
            return fresh
        together = self._decide(f"{pending.text} {text}", usable)
        known = {option.name for option in pending.options}
        if together.action == "reply" and together.options[0].name in known:
            return together._replace(reason="answer to the question")
        return fresh

    def _option(self, entry: int) -> Option:
        return Option(self._entries[entry].name, self._entries[entry].label, entry)

    def _of_label(self, label: str, usable: list[bool]) -> Option:
        """Returns the first usable reply of an intent."""
        for number, entry in enumerate(self._entries):
            if entry.label == label and usable[number]:
                return Option(entry.title or label.replace("_", " "), label, number)
        return Option(label.replace("_", " "), label, None)

    def _said(self, message: Message, outcome: Outcome, usable: list[bool]) -> dict[str, Any]:
        said, missing = "", list[str]()
        matched: str | list[str] | None = None
        if outcome.action == "reply":
            [option] = outcome.options
            entry = self._entries[option.entry or 0]
            said, missing = entry.fill(message.slots)
            matched = entry.question or entry.label
        elif outcome.action == CLARIFY:
            first, second = (option.name for option in outcome.options)
            template = self._text_of(CLARIFY, usable) or _ASK
            said = template.replace("{first}", first).replace("{second}", second)
            matched = [option.label or option.name for option in outcome.options]
        else:
            said = self._text_of(HAND_OVER, usable) or ""
        conversation = {"conversation": message.conversation} if message.conversation else {}
        return {
            "text": message.text,
            **conversation,
            "action": outcome.action,
            "reply": said,
            "matched": matched,
            "confidence": round(outcome.confidence, 6),
            "reason": outcome.reason,
            "missing_slots": missing,
        }

    def _text_of(self, label: str, usable: list[bool]) -> str | None:
        entry = self._of_label(label, usable).entry
        return None if entry is None else self._entries[entry].reply
