"""What a check finds."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One line of the doctor's table."""

    name: str
    value: str
    problem: str | None = None
    """What is wrong with the value; None where nothing is."""
    fix: str = ""
    """What mends the problem."""
