"""A run as one HTML page that needs no network, and as a few tables on the console."""

import base64
import dataclasses
import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from dlkit.evaluation import figures
from dlkit.evaluation import metrics as scores
from dlkit.evaluation.console import print_report
from dlkit.evaluation.predictions import ClassPredictions, ValuePredictions
from dlkit.evaluation.summary import run_facts, summary_tables

__all__ = ["print_report", "write_report"]

_TEMPLATES = Path(__file__).parent / "templates"
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

    The page holds all it needs. Foreign text cannot run as script in it: all is escaped, and
    the page allows only its own two scripts, by their hashes, and no connection.

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
    scripts = [_script(get_plotlyjs()), _script((_TEMPLATES / "report.js").read_text("utf-8"))]
    page = _environment().get_template("report.html.jinja")
    chunks = page.generate(
        title=title,
        notes=notes,
        settings=settings,
        facts=run_facts(metrics),
        tables=summary_tables(metrics),
        curves=curves,
        sections=sections,
        specs=[chart.spec for chart in charts],
        style=Markup((_TEMPLATES / "report.css").read_text("utf-8")),
        scripts=scripts,
        hashes=[_content_hash(script) for script in scripts],
    )
    _replace(path, chunks)


def _section(head: ClassPredictions | ValuePredictions) -> _Section:
    if isinstance(head, ValuePredictions):
        return _value_section(head.known())
    return _class_section(head.known())


def _class_section(head: ClassPredictions) -> _Section:
    if not len(head.labels):
        return _Section(head.name, 0)
    charts = [
        figures.confusion_figure(head),
        figures.reliability_figure(head),
        figures.confidence_figure(head),
    ]
    mistakes = [
        (_shown(mistake.text), mistake.label, mistake.predicted, f"{mistake.confidence:.3f}")
        for mistake in scores.worst_mistakes(head)
    ]
    columns = ("text", "label", "predicted", "confidence")
    title = "Most confident mistakes"
    return _Section(
        head.name, len(head.labels), charts, scores.per_class(head), title, columns, mistakes
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


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _script(source: str) -> Markup:
    """Marks our own script as safe; browsers hash it with plain line ends."""
    return Markup(source.replace("\r\n", "\n"))


def _content_hash(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _replace(path: Path, chunks: Iterator[str]) -> None:
    """Writes beside the file and moves over it, so that a reader never meets half a page."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", errors="replace", newline="\n") as file:
            file.writelines(chunks)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
