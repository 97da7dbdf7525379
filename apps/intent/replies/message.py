"""A customer's message, checked where it comes in."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from dlkit.errors import InputError

_LONGEST_TEXT = 20_000
_LONGEST_ID = 200
_MOST_SLOTS = 100


class Message(NamedTuple):
    """What a customer wrote.

    Attributes:
        text: The message.
        conversation: Id of the conversation, in which a clarifying question can be answered.
        language: Language of the reply, such as "en"; None takes that of the message.
        slots: Values for the slots of the reply.
    """

    text: str
    conversation: str | None = None
    language: str | None = None
    slots: Mapping[str, str] = MappingProxyType({})


def parse_line(line: str) -> Message:
    """Reads a line: a JSON object as of `parse_message`, or else the text itself.

    Raises:
        InputError: The object breaks a rule.
    """
    if line.startswith("{"):
        try:
            return parse_message(json.loads(line))
        except json.JSONDecodeError:
            pass  # a customer may begin with a brace
    return Message(line)


def parse_message(document: Any) -> Message:
    """Checks an object with `text`, and perhaps `conversation`, `language` and `slots`.

    Raises:
        InputError: It breaks a rule.
    """
    if not isinstance(document, dict) or not isinstance(document.get("text"), str):
        raise _error("be an object with a string `text`", document)
    if unknown := set(document) - set(Message._fields):
        raise _error(f"have no other keys than {', '.join(Message._fields)}", sorted(unknown))
    for name in ("conversation", "language"):
        value = document.get(name)
        if not (value is None or (isinstance(value, str) and len(value) <= _LONGEST_ID)):
            raise _error(f"have a string of at most {_LONGEST_ID} characters as `{name}`", value)
    slots = document.get("slots") or {}
    if not isinstance(slots, dict) or len(slots) > _MOST_SLOTS:
        raise _error(f"have an object of at most {_MOST_SLOTS} values as `slots`", slots)
    values = {str(name): str(value) for name, value in slots.items()}
    if len(document["text"]) > _LONGEST_TEXT or max(map(len, values.values()), default=0) > 1000:
        raise _error(
            f"have at most {_LONGEST_TEXT} characters of text, and 1000 in a slot", len(document)
        )
    return Message(document["text"], document.get("conversation"), document.get("language"), values)


def _error(rule: str, received: object) -> InputError:
    from dlkit.data.messages import shown

    return InputError(f"`message` must {rule}. Received: {shown(received)}.")
