"""A page on which a person decides about suspicious labels, one row after the other."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from dlkit.evaluation.page import write_page

MOST_ITEMS = 2000
"""So many rows are on a page, the worst ones; a reader has more than enough of them."""

_MOST_PAIRS = 12


class ReviewItem(NamedTuple):
    """A row whose label is to be looked at.

    Args:
        text: Its text, whole.
        label: The label that it has.
        suggested: Another label for it.
        probability: Of the label that it has.
        suggested_probability: Of the other.
        reason: Why it is here.
        place: Where it comes from, if the text does not say so.
        picture: The address of a picture of it, if it is one.
        likely: Whether the other label is likelier right than wrong.
    """

    text: str
    label: str
    suggested: str
    probability: float
    suggested_probability: float
    reason: str
    place: str
    picture: str = ""
    likely: bool = False


class LabelAudit(NamedTuple):
    """What an audit of labels found.

    Args:
        suspicious: Rows that models of the other rows speak against, the worst first.
        contradictions: Further rows that have another label than a near-duplicate of theirs.
        rows: How many rows there are.
        agreement: Share of the rows whose label is the most probable one.
    """

    suspicious: list[ReviewItem]
    contradictions: list[ReviewItem]
    rows: int
    agreement: float


def write_review_page(
    path: Path,
    items: Sequence[ReviewItem],
    *,
    title: str,
    facts: Sequence[tuple[str, str]],
    classes: Sequence[str],
    subject: str = "text",
) -> None:
    """Writes the page; it saves what was accepted as corrections, one JSON object a line.

    Args:
        path: The file; replaced in one step.
        items: The rows, the worst first; the first `MOST_ITEMS` are shown.
        title: Heading.
        facts: Names and amounts for the head of the page.
        classes: The labels that there are.
        subject: What `text` is called in the corrections.

    Raises:
        OSError: The file cannot be written.
    """
    write_page(
        path,
        "review.html.jinja",
        script="review.js",
        title=title,
        facts=facts,
        items=items[:MOST_ITEMS],
        rows=[(item.text, item.label) for item in items[:MOST_ITEMS]],
        subject=subject,
        left_out=max(0, len(items) - MOST_ITEMS),
        pairs=most_confused_labels(items),
        classes=classes,
    )


def most_confused_labels(items: Sequence[ReviewItem]) -> list[tuple[str, str, int]]:
    """Returns label, suggested label and number of rows of the pairs that come most often."""
    pairs = Counter((item.label, item.suggested) for item in items)
    return [(*pair, number) for pair, number in pairs.most_common(_MOST_PAIRS)]
