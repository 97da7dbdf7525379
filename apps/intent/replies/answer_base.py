"""The answer base: approved replies, read from files and checked."""

import dataclasses
import datetime
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from dlkit.errors import InputError

CLARIFY, HAND_OVER = "clarify", "hand_over"
"""Labels of what is said to ask "{first} or {second}?", and before a person takes over."""

_COLUMNS = ("reply", "label", "question", "title", "language", "valid_from", "valid_until")
_SLOT = re.compile(r"\{(\w+)\}")


@dataclasses.dataclass(frozen=True)
class Entry:
    """An approved reply, and what it replies to.

    Args:
        reply: May have slots such as `{order_id}`.
        label: The intent that it replies to.
        question: A question that it replies to; an entry has a label, a question or both.
        title: What its intent is called in a clarifying question.
        language: Such as "en"; None replies in every language.
        valid_from: First day on which it may be given; None has no bound.
        valid_until: Last day, likewise.
    """

    reply: str
    label: str | None = None
    question: str | None = None
    title: str | None = None
    language: str | None = None
    valid_from: datetime.date | None = None
    valid_until: datetime.date | None = None

    @property
    def name(self) -> str:
        """What the entry is called in a clarifying question."""
        return self.title or self.question or (self.label or "").replace("_", " ")

    def is_valid(self, day: datetime.date) -> bool:
        """Says whether the reply may be given on a day."""
        return (self.valid_from or day) <= day <= (self.valid_until or day)

    def fill(self, values: Mapping[str, str]) -> tuple[str, list[str]]:
        """Returns the reply with its slots filled, and the names of those without a value."""
        missing = [name for name in dict.fromkeys(_SLOT.findall(self.reply)) if name not in values]
        return _SLOT.sub(lambda slot: values.get(slot[1], slot[0]), self.reply), missing


def read_answer_base(sources: Sequence[str | Path]) -> list[Entry]:
    """Reads the entries of an answer base.

    Args:
        sources: Files with a column `reply`, and `label` or `question`, and where wanted `title`,
            `language`, `valid_from` and `valid_until` (days as 2026-12-31).

    Returns:
        The entries, in the order of the files.

    Raises:
        InputError: A file cannot be read, or an entry breaks a rule.
    """
    from dlkit.data.tables import read_tables

    table = read_tables(
        sources,
        {name: name for name in _COLUMNS},
        optional=_COLUMNS[1:],
        options=dict.fromkeys(_COLUMNS, "--replies"),
    )
    return [_entry(row) for row in table.to_pylist()]


def _entry(row: dict) -> Entry:
    place = f"Received: row {row['row']} of {row['file']}"
    values = {name: row[name] for name in _COLUMNS}
    if not (values["label"] or values["question"]):
        msg = "`--replies` must have a label or a question in every row."
        raise InputError(f"{msg} {place} with neither. Fill one of them.")
    days = {name: _day(values[name], name, place) for name in ("valid_from", "valid_until")}
    entry = Entry(**{**values, **days})
    if entry.valid_from and entry.valid_until and entry.valid_until < entry.valid_from:
        msg = "`--replies` must not end before it begins to be valid."
        raise InputError(f"{msg} {place}. Exchange valid_from and valid_until.")
    return entry


def _day(value: str | None, name: str, place: str) -> datetime.date | None:
    if value is None:
        return None
    from dlkit.data.messages import shown

    try:
        return datetime.date.fromisoformat(value)
    except ValueError as error:
        msg = f"`--replies` must have days such as 2026-12-31 in the column {name}."
        raise InputError(f"{msg} {place} with {shown(value)!r}. Write it like that.") from error
