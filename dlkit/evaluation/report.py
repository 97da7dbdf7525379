"""A run as one HTML page that needs no network, and as a few tables on the console."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dlkit.evaluation import figures
from dlkit.evaluation import metrics as scores
from dlkit.evaluation.console import print_report
from dlkit.evaluation.page import write_page
from dlkit.evaluation.pictures import data_uri
from dlkit.evaluation.predictions import ClassPredictions, ValuePredictions
from dlkit.evaluation.summary import run_facts, summary_tables

__all__ = ["print_report", "write_report"]

_TEXT_LENGTH = 400


@dataclasses.dataclass(frozen=True)
class _Section:
    """What the page shows of one head."""

    name: str
    rows: int
    charts: Sequence[figures.Figure] = ()
    classes: Sequence[scores.ClassScores] = ()
    mistakes_title: str = ""
    mistakes_columns: Sequence[str] = ()
    mistakes: Sequence[Sequence[str]] = ()
    pictures: Sequence[str] = ()


def write_report(
    path: Path,
    *,
    title: str,
    settings: Mapping[str, Any],
    metrics: Mapping[str, Any],
    history: Mapping[str, list[float]],
    predictions: Sequence[ClassPredictions | ValuePredictions],
    notes: Sequence[str],
) -> None:
    """Writes a page with the numbers, the curves and the mistakes of a run.

    The page holds all it needs, and foreign text in it is only text.

    Args:
        path: The file; replaced in one step once the page is complete.
        title: Heading of the page.
        settings: What the run was started with, shown as text.
        metrics: As in `metrics.json`: `validation`, `baseline` and perhaps `test`, each flat or
            by head, and `train_seconds` and `peak_memory_mb`.
        history: Values by epoch; `val_NAME` is the validation of `NAME`.
        predictions: One per head, in the order of the page.
        notes: Sentences for the top of the page.

    Raises:
        OSError: The file cannot be written.
    """
    curves = figures.history_figures(history)
    sections = [_section(head) for head in predictions]
    charts = [*curves, *(chart for section in sections for chart in section.charts)]
    write_page(
        path,
        "report.html.jinja",
        charts=charts,
        title=title,
        notes=notes,
        settings=settings,
        facts=run_facts(metrics),
        tables=summary_tables(metrics),
        curves=curves,
        sections=sections,
    )


def _section(head: ClassPredictions | ValuePredictions) -> _Section:
    if isinstance(head, ValuePredictions):
        return _value_section(head.known())
    return _class_section(head)


def _class_section(rows: ClassPredictions) -> _Section:
    head = rows.known()
    if not len(head.labels):
        return _Section(head.name, 0)
    charts = [
        figures.confusion_figure(head),
        figures.reliability_figure(head),
        figures.confidence_figure(head),
    ]
    if len(head.labels) < len(rows.labels):
        charts.append(figures.scope_figure(rows))
    worst = scores.worst_mistakes(head)
    mistakes = [
        (_shown(mistake.text), mistake.label, mistake.predicted, f"{mistake.confidence:.3f}")
        for mistake in worst
    ]
    pictures = [data_uri(mistake.picture) for mistake in worst if mistake.picture is not None]
    columns = ("text", "label", "predicted", "confidence")
    title = "Most confident mistakes"
    return _Section(
        head.name,
        len(head.labels),
        charts,
        scores.per_class(head),
        title,
        columns,
        mistakes,
        pictures,
    )


def _value_section(head: ValuePredictions) -> _Section:
    if not len(head.targets):
        return _Section(head.name, 0)
    errors = np.abs(head.predictions - head.targets)
    values = (head.targets, head.predictions, errors)
    mistakes = [
        (_shown(head.texts[row]), *(f"{column[row]:.4g}" for column in values))
        for row in np.argsort(-errors, kind="stable")[:20]
    ]
    columns = ("text", "target", "predicted", "error")
    charts = [figures.values_figure(head)]
    return _Section(head.name, len(head.targets), charts, (), "Largest errors", columns, mistakes)


def _shown(text: str) -> str:
    return text if len(text) <= _TEXT_LENGTH else text[: _TEXT_LENGTH - 1] + "…"
