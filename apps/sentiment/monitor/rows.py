"""One text of a stream, and how it is read from a line of JSON."""

import datetime
import hashlib
import time
from typing import Any, NamedTuple

import orjson

LONGEST_LINE = 2**20
"""Bytes; what is longer is rejected."""

_LONGEST_ID = 200
_AHEAD_SECONDS = 600


class Row(NamedTuple):
    """A text that happened at a time."""

    id: str
    """Unique in its source."""
    text: str
    time: int
    """Milliseconds since 1970, UTC."""


class BadRow(NamedTuple):
    """What could not be read, and where it was."""

    place: str
    reason: str
    raw: str


class RowError(ValueError):
    """Why a line is no row."""


def read_row(line: bytes) -> Row:
    """Reads an object with `text`, `time` and perhaps `id`.

    Without an id, a text is the same as one with the same text and time.

    Raises:
        RowError: It is none.
    """
    if len(line) > LONGEST_LINE:
        raise RowError(f"longer than {LONGEST_LINE} bytes")
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise RowError(f"no JSON: {error}") from None
    if not isinstance(value, dict):
        raise RowError("no JSON object")
    return make_row(value.get("id"), value.get("text"), value.get("time"))


def make_row(id_: Any, text: Any, moment: Any) -> Row:
    """Checks the parts of a row; a time without an offset is UTC.

    Raises:
        RowError: There is no text, no time, or an id of another type.
    """
    text = _clean(text)
    if not text:
        raise RowError("no text: `text` must be a string that is not empty")
    milliseconds = _milliseconds(moment)
    if id_ is None:
        id_ = _hashed(f"{milliseconds} {text}")
    elif isinstance(id_, int) and not isinstance(id_, bool):
        id_ = str(id_)
    elif not isinstance(id_, str) or not (id_ := _clean(id_)):
        raise RowError("`id` must be a string that is not empty or a whole number")
    return Row(id_ if len(id_) <= _LONGEST_ID else _hashed(id_), text, milliseconds)


def _clean(value: Any) -> str:
    """Drops what PostgreSQL cannot store."""
    return value.replace("\0", "").strip() if isinstance(value, str) else ""


def _milliseconds(moment: Any) -> int:
    if not isinstance(moment, str):
        raise RowError("no time: `time` must be a string in ISO 8601")
    try:
        parsed = datetime.datetime.fromisoformat(moment)
        if parsed.tzinfo is None:
            parsed = parsed.replace(tzinfo=datetime.UTC)
        seconds = parsed.timestamp()
    except (ValueError, OverflowError):
        raise RowError(f"no time: `time` is not in ISO 8601: {moment[:40]!r}") from None
    if seconds > time.time() + _AHEAD_SECONDS:  # one such row would make all others late
        raise RowError(f"`time` lies ahead: {moment[:40]!r}; give its offset from UTC")
    return round(seconds * 1000)


def _hashed(text: str) -> str:
    return hashlib.blake2b(text.encode(errors="replace"), digest_size=16).hexdigest()
