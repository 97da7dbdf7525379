import pytest

from apps.intent.replies.message import Message, parse_line, parse_message
from dlkit.errors import InputError


def test_a_line_is_a_text_or_an_object():
    assert parse_line("where is it") == Message("where is it")
    line = '{"text": "hi", "conversation": "7", "language": "en", "slots": {"n": 3}}'
    assert parse_line(line) == Message("hi", "7", "en", {"n": "3"})
    assert parse_line("{ not json") == Message("{ not json")


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        ([], "an object with a string `text`"),
        ({"text": 1}, "an object with a string `text`"),
        ({"text": "a", "txet": "b"}, "no other keys"),
        ({"text": "a", "conversation": 7}, "as `conversation`"),
        ({"text": "a", "conversation": "x" * 201}, "as `conversation`"),
        ({"text": "a", "language": []}, "as `language`"),
        ({"text": "a", "slots": [1]}, "values as `slots`"),
        ({"text": "a", "slots": {str(i): "" for i in range(101)}}, "values as `slots`"),
        ({"text": "a" * 20_001}, "characters of text"),
        ({"text": "a", "slots": {"a": "a" * 1001}}, "characters of text"),
    ],
)
def test_mistakes_are_named(document, rule):
    with pytest.raises(InputError, match=rule):
        parse_message(document)
