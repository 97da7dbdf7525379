"""What is remembered of conversations: the question that was asked last, and nothing else."""

from collections import OrderedDict
from typing import NamedTuple

_MOST = 10_000
"""Conversations that wait for an answer; the oldest are forgotten."""


class Option(NamedTuple):
    """One of the two things that a clarifying question names.

    Attributes:
        name: What it is called in the question.
        label: Its intent, or None.
        entry: Number of its entry in the answer base, or None where there is no reply.
    """

    name: str
    label: str | None
    entry: int | None


class Pending(NamedTuple):
    """A clarifying question: the message that was not clear, its language, and both options."""

    text: str
    language: str | None
    options: tuple[Option, Option]


class Conversations:
    """Questions that wait for an answer, by the id of their conversation."""

    def __init__(self) -> None:
        self._pending: OrderedDict[str, Pending] = OrderedDict()

    def take(self, conversation: str | None) -> Pending | None:
        """Returns the question that waits in a conversation, and forgets it."""
        return self._pending.pop(conversation, None) if conversation is not None else None

    def ask(self, conversation: str | None, pending: Pending) -> None:
        """Remembers a question; without a conversation nobody can answer it."""
        if conversation is None:
            return
        self._pending[conversation] = pending
        if len(self._pending) > _MOST:
            self._pending.popitem(last=False)
