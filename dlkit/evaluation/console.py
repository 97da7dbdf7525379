"""The short form of a report, for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dlkit.evaluation.metrics import ClassScores, per_class, worst_mistakes
from dlkit.evaluation.predictions import ClassPredictions, ValuePredictions
from dlkit.evaluation.summary import run_facts, summary_tables

_MOST_CLASSES = 5
_TEXT_LENGTH = 100


def print_report(
    console: Console,
    *,
    metrics: Mapping[str, Any],
    predictions: Sequence[ClassPredictions | ValuePredictions],
) -> None:
    """Prints the summary, the worst and the best classes and five of the worst mistakes.

    Args:
        console: Where to print.
        metrics: As in `metrics.json`.
        predictions: One per head; a head of values adds nothing to its numbers.
    """
    for table in summary_tables(metrics):
        rows = [[row.metric, *row.cells] for row in table.rows]
        print_table(console, table.head or "summary", ["metric", *table.columns], rows)
    for name, amount in run_facts(metrics):
        console.print(_safe(f"{name}: {amount}"))
    for head in predictions:
        if isinstance(head, ClassPredictions):
            _print_classes(console, head)
            _print_mistakes(console, head)


def _print_classes(console: Console, head: ClassPredictions) -> None:
    scores = sorted((row for row in per_class(head) if row.rows), key=lambda row: row.f1)
    if len(scores) <= 2 * _MOST_CLASSES:
        _print_scores(console, f"{head.name}: classes, worst first", scores)
        return
    _print_scores(console, f"{head.name}: worst classes", scores[:_MOST_CLASSES])
    _print_scores(console, f"{head.name}: best classes", scores[: -_MOST_CLASSES - 1 : -1])


def _print_scores(console: Console, title: str, scores: Sequence[ClassScores]) -> None:
    rows = [
        [row.name, f"{row.rows:,}", f"{row.precision:.3f}", f"{row.recall:.3f}", f"{row.f1:.3f}"]
        for row in scores
    ]
    if rows:
        print_table(console, title, ["class", "rows", "precision", "recall", "f1"], rows)


def _print_mistakes(console: Console, head: ClassPredictions) -> None:
    rows = [
        [mistake.text, mistake.label, mistake.predicted, f"{mistake.confidence:.3f}"]
        for mistake in worst_mistakes(head, 5)
    ]
    if rows:
        columns = ["text", "label", "predicted", "confidence"]
        print_table(console, f"{head.name}: most confident mistakes", columns, rows)


def print_table(
    console: Console, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> None:
    """Prints a table of foreign text, which cannot style it or move the cursor."""
    table = Table(title=_safe(title), title_justify="left")
    for place, column in enumerate(columns):
        numeric = column not in ("text", "label", "predicted") and place > 0
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_safe, row))
    console.print(table)


def _safe(value: str) -> Text:
    """Keeps markup and terminal codes in foreign text from being carried out."""
    line = "".join(character if character.isprintable() else " " for character in value)
    return Text(line if len(line) <= _TEXT_LENGTH else line[: _TEXT_LENGTH - 1] + "…")
