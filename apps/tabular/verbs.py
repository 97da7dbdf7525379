"""The verbs of tables: the words and options are those of every application."""

import dataclasses
import functools
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from dlkit.app import App, Verb
from dlkit.errors import InputError
from dlkit.runs import existing_run, load_model, saved_settings, start_run
from dlkit.serving.command import Serve, serve
from dlkit.settings import SAMPLE, TableTraining
from dlkit.text_verbs import Export

if TYPE_CHECKING:
    import keras
    import pyarrow as pa

    from dlkit.data.column_kinds import Column

_SAMPLE = "sklearn:diabetes"


@dataclasses.dataclass(frozen=True)
class Train(TableTraining):
    """Learn a class or a number from the columns of a table.

    --data takes files, or sklearn:NAME, which needs no network: diabetes (which is the sample),
    breast_cancer, wine or digits.
    """


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Measure a run on rows with a target."""

    data: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Rows with the columns that the run was trained with. Without it, the bundled sample, which a
    run without --data has learned from."""

    run: Path | None = None
    """Folder of the run; without it runs/tabular/latest."""


@dataclasses.dataclass(frozen=True)
class Predict:
    """Answer rows: one JSON object a line on standard output."""

    rows: tyro.conf.Positional[tuple[str, ...]] = ()
    """Rows as JSON objects, such as '{"age": 59, "bmi": 32.1}'; "-" reads one a line from standard
    input. Columns that are left out are missing values."""

    input: str | None = None
    """File of rows to answer."""

    run: Path | None = None
    """Folder of the run; without it runs/tabular/latest."""

    top: int = 3
    """How many of the most probable classes to name."""

    batch_size: int = 256
    """Rows that are answered together."""

    def __post_init__(self) -> None:
        for name in ("top", "batch_size"):
            if getattr(self, name) < 1:
                option, value = name.replace("_", "-"), getattr(self, name)
                raise InputError(f"`--{option}` must be at least 1. Received: {value}.")


def table_verbs(app: App) -> Mapping[str, Verb]:
    """Returns the verbs by their words."""
    return {
        "train": Verb(Train, functools.partial(train, app)),
        "evaluate": Verb(Evaluate, functools.partial(evaluate, app)),
        "predict": Verb(Predict, functools.partial(predict, app)),
        "export": Verb(Export, functools.partial(export, app)),
        "serve": Verb(Serve, functools.partial(serve, app.name)),
    }


def train(app: App, settings: Train) -> Path:
    """Trains a model and returns its run folder."""
    folder, settings = start_run(app.name, settings)
    from dlkit.training.run_folder import discard_run
    from dlkit.training.table import train_table_model

    try:
        trained = train_table_model(settings, _sources(settings.data), folder)
    except InputError:
        if not settings.resume:
            discard_run(folder)
        raise
    _print_report(trained.metrics, trained.predictions)
    _say(f"run: {folder}\nreport: {folder / 'report.html'}")
    return folder


def evaluate(app: App, options: Evaluate) -> None:
    """Measures a run on rows with a target and prints the metrics as JSON."""
    folder = existing_run(app.name, options.run)
    settings = saved_settings(app.name, Train, folder)
    from dlkit.data.table_rows import read_table_rows
    from dlkit.training.scoring import measure
    from dlkit.training.table import predict_table
    from dlkit.training.table_data import check_targets

    model, columns = _load(folder)
    names = [column.name for column in columns]
    rows = read_table_rows(_sources(options.data), settings.target_column, names)
    [task] = model.get_layer("answers").tasks
    check_targets(task, rows)
    predictions = [predict_table(model, columns, rows)]
    metrics = measure(predictions, [task])
    _print_report({"test": metrics}, predictions)
    _say(json.dumps(metrics, ensure_ascii=False))


def predict(app: App, options: Predict) -> None:
    """Answers rows from the arguments, a file or standard input."""
    folder = existing_run(app.name, options.run)
    saved_settings(app.name, Train, folder)
    _check_source(options)
    from dlkit.serving.answers import named_answers
    from dlkit.tasks.table_answers import answer_rows
    from dlkit.training.table_data import column_arrays

    model, columns = _load(folder)
    names = [column.name for column in columns]
    for table in _tables(options, names):
        answers = answer_rows(model, column_arrays(columns, table), batch_size=options.batch_size)
        for answer in named_answers(model, answers, top=options.top):
            _say(json.dumps(answer, ensure_ascii=False))


def export(app: App, options: Export) -> None:
    """Writes a SavedModel and prints its path."""
    folder = existing_run(app.name, options.run)
    saved_settings(app.name, Train, folder)
    from dlkit.serving.table_export import export_table_model

    model, _ = _load(folder)
    _say(str(export_table_model(model, options.output / app.name, version=options.version)))


def _sources(data: Sequence[str]) -> list[str]:
    return [_SAMPLE if source == SAMPLE else source for source in data or (SAMPLE,)]


def _load(folder: Path) -> "tuple[keras.Model, list[Column]]":
    import dlkit.training.table  # noqa: F401  (the layers that a model is made of)
    from dlkit.training.table_data import read_run_columns

    return load_model(folder), read_run_columns(folder)


def _check_source(options: Predict) -> None:
    if options.rows and options.input is not None:
        msg = "`ROWS` and `--input` must not be given both. Received: "
        raise InputError(f"{msg}{len(options.rows)} rows and {options.input}. Leave one out.")
    if not options.rows and options.input is None and sys.stdin.isatty():
        msg = "`ROWS` must be given, or `--input FILE`, or `-` for standard input. Received none."
        raise InputError(msg)


def _tables(options: Predict, names: Sequence[str]) -> "Iterator[pa.Table]":
    """Yields the rows to answer, those of standard input as they come."""
    from dlkit.data.table_rows import parse_rows, read_columns

    if options.input is not None:
        yield read_columns(options.input, names)
        return
    lines = iter(options.rows) if options.rows not in ((), ("-",)) else _lines()
    while batch := list(islice(lines, options.batch_size)):
        yield parse_rows(batch, names)


def _lines() -> Iterator[str]:
    for line in sys.stdin.buffer:
        if text := line.decode("utf-8", errors="replace").strip():
            yield text


def _print_report(metrics: dict[str, Any], predictions: Sequence[Any]) -> None:
    from rich.console import Console

    from dlkit.evaluation.report import print_report

    print_report(Console(stderr=True), metrics=metrics, predictions=predictions)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
