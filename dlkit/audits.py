"""What an audit of labels leaves: a page to review, rows, and corrections to train with."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from rich.console import Console

    from dlkit.evaluation.review import LabelAudit, ReviewItem

_SHOWN = 10


def write_audit(
    folder: Path,
    found: "LabelAudit",
    *,
    classes: Sequence[str],
    subject: Literal["text", "image"],
) -> None:
    """Writes `audit.html`, `suspicious.jsonl` and `corrections.jsonl`.

    Only corrections that are likelier right than wrong are written: a reader of the page decides
    about the others.

    Args:
        folder: Where to.
        found: What was found.
        classes: The labels that there are.
        subject: What is labelled.

    Raises:
        OSError: A file cannot be written.
    """
    from dlkit.evaluation.review import write_review_page
    from dlkit.training.run_folder import write_rows

    items = [*found.suspicious, *found.contradictions]
    write_review_page(
        folder / "audit.html",
        items,
        title=f"Labels of {folder.name}",
        facts=_facts(found, subject),
        classes=classes,
        subject=subject,
    )
    write_rows(folder / "suspicious.jsonl", [_row(item, subject) for item in items])
    write_rows(folder / "corrections.jsonl", _corrections(found.suspicious, subject))


def print_audit(
    console: "Console", found: "LabelAudit", *, subject: Literal["text", "image"]
) -> None:
    """Prints the most suspicious rows and the amounts."""
    from dlkit.evaluation.console import print_table

    items = [*found.suspicious, *found.contradictions]
    rows = [[item.text, item.label, item.suggested, item.place] for item in items[:_SHOWN]]
    columns = [subject, "label", "predicted", "place"]
    if not any(item.place for item in items):
        rows, columns = [row[:-1] for row in rows], columns[:-1]
    if rows:
        print_table(console, "most suspicious", columns, rows)
    for name, amount in _facts(found, subject):
        console.print(f"{name}: {amount}")


def _facts(found: "LabelAudit", subject: str) -> list[tuple[str, str]]:
    facts = [("rows", f"{found.rows:,}"), ("suspicious", f"{len(found.suspicious):,}")]
    if subject == "text":
        further = f"{len(found.contradictions):,}"
        facts.append(("near-duplicates with another label", further))
    agreement = f"{100 * found.agreement:.1f} %"
    return [*facts, ("labels that models of other rows agree with", agreement)]


def _row(item: "ReviewItem", subject: str) -> dict[str, Any]:
    row = item._asdict()
    rest = {name: row[name] for name in row if name not in ("text", "picture") and row[name] != ""}
    return {subject: item.text, **rest}


def _corrections(items: Sequence["ReviewItem"], subject: str) -> list[dict[str, str]]:
    """One for each subject and label: copies of a row may have come with several suggestions."""
    likely = [item for item in items if item.likely]
    first = {(item.text, item.label): item.suggested for item in reversed(likely)}
    return [
        {subject: text, "label": label, "corrected": suggested}
        for (text, label), suggested in reversed(first.items())
    ]
