"""The verbs of applications that answer texts."""

import dataclasses
import functools
import json
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from dlkit.app import TextApp, Verb
from dlkit.errors import InputError
from dlkit.runs import existing_run, load_model, saved_settings, start_run
from dlkit.serving.command import Serve, serve
from dlkit.settings import TextTraining
from dlkit.tuning.options import Tune, tune_options

if TYPE_CHECKING:
    import keras

_PROBE_STEP = 20


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Measure a run on labelled rows."""

    data: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Labelled rows, with the columns that the run was trained with. Without it, the bundled
    sample, which a run without --data has learned from."""

    run: Path | None = None
    """Folder of the run; without it runs/APP/latest."""


@dataclasses.dataclass(frozen=True)
class Predict:
    """Answer texts: one JSON object a line on standard output."""

    texts: tyro.conf.Positional[tuple[str, ...]] = ()
    """The texts; "-" reads one a line from standard input."""

    input: str | None = None
    """File of rows whose text column is answered."""

    text_column: str | None = None
    """Column of the texts in --input; without it the one that the run was trained with."""

    run: Path | None = None
    """Folder of the run; without it runs/APP/latest."""

    top: int = 3
    """How many of the most probable classes to name."""

    batch_size: int = 256
    """Texts that are answered together."""

    def __post_init__(self) -> None:
        for name in ("top", "batch_size"):
            if getattr(self, name) < 1:
                option, value = name.replace("_", "-"), getattr(self, name)
                raise InputError(f"`--{option}` must be at least 1. Received: {value}.")


@dataclasses.dataclass(frozen=True)
class Export:
    """Write a SavedModel for TensorFlow Serving; the last line printed is its path."""

    run: Path | None = None
    """Folder of the run; without it runs/APP/latest."""

    output: Path = Path("saved_models")
    """Where OUTPUT/APP/VERSION is written."""

    version: int | None = None
    """A new positive number; without it the next one."""


def text_verbs(app: TextApp) -> Mapping[str, Verb]:
    """Returns the verbs by their words, to which an application may add its own."""
    return {
        "train": Verb(app.settings, functools.partial(train, app)),
        "tune": Verb(tune_options(app.settings), functools.partial(tune, app)),
        "evaluate": Verb(Evaluate, functools.partial(evaluate, app)),
        "predict": Verb(Predict, functools.partial(predict, app)),
        "export": Verb(Export, functools.partial(export, app)),
        "serve": Verb(Serve, functools.partial(serve, app.name)),
    }


def train(app: TextApp, settings: TextTraining) -> Path:
    """Trains a model and returns its run folder."""
    folder, settings = start_run(app.name, settings)
    from dlkit.training.run_folder import discard_run
    from dlkit.training.text import train_text_model

    tasks = app.tasks(settings)
    try:
        trained = train_text_model(
            settings, app.sources(settings), app.label_columns(settings, tasks), tasks, folder
        )
    except InputError:
        if not settings.resume:
            discard_run(folder)
        raise
    _print_report(trained.metrics, trained.predictions)
    _say(f"run: {trained.folder}\nreport: {trained.folder / 'report.html'}")
    return trained.folder


def tune(app: TextApp, options: Tune) -> Path:
    """Searches, trains the winner, and returns the folder of its run."""
    from dlkit.tuning import verb
    from dlkit.tuning.text_subject import TextSubject

    return verb.tune(TextSubject(app), options)


def evaluate(app: TextApp, options: Evaluate) -> None:
    """Measures a run on labelled rows and prints the metrics as JSON."""
    folder = existing_run(app.name, options.run)
    settings = saved_settings(app.name, app.settings, folder)
    from dlkit.data.text_rows import read_text_rows, take
    from dlkit.training.scoring import measure, predict_labelled
    from dlkit.training.text_data import check_test_labels

    model = load_text_model(app, folder, settings)
    tasks = model.get_layer("answers").tasks
    columns = app.label_columns(settings, tasks)
    sources = app.sources(dataclasses.replace(settings, data=options.data))
    table = read_text_rows(sources, settings.text_column, columns, {})
    for task in tasks:
        check_test_labels(task, table)
    predictions = predict_labelled(model, take(table, None, list(columns)))
    metrics = measure(predictions, tasks)
    _print_report({"test": metrics}, predictions)
    _say(json.dumps(metrics, ensure_ascii=False))


def predict(app: TextApp, options: Predict) -> None:
    """Answers texts from the arguments, a file or standard input."""
    folder = existing_run(app.name, options.run)
    settings = saved_settings(app.name, app.settings, folder)
    texts = _texts(options, settings.text_column)
    from dlkit.serving.answers import answer_texts

    model = load_text_model(app, folder, settings)
    for answer in answer_texts(model, texts, batch_size=options.batch_size, top=options.top):
        _say(json.dumps(answer, ensure_ascii=False))


def export(app: TextApp, options: Export) -> None:
    """Writes a SavedModel and prints its path."""
    folder = existing_run(app.name, options.run)
    settings = saved_settings(app.name, app.settings, folder)
    from dlkit.data.tables import read_tables
    from dlkit.serving.export import export_text_model

    probes = read_tables(app.sample, {"text": "text"})["text"].to_pylist()[::_PROBE_STEP]
    path = export_text_model(
        load_text_model(app, folder, settings),
        options.output / app.name,
        version=options.version,
        probes=[*probes, "", "\x00 \U0001f600" * 300],
    )
    _say(str(path))


def load_text_model(app: TextApp, folder: Path, settings: TextTraining) -> "keras.Model":
    """Loads the answering model of a run.

    Raises:
        InputError: The run is not finished, or its model cannot be loaded.
    """
    import dlkit.networks
    import dlkit.text.sentencepiece
    import dlkit.text.tokenizer
    import dlkit.text.wordpiece

    app.tasks(settings)  # imports what the application has of its own
    if ":" in settings.network:
        dlkit.networks.find_network(settings.network)  # and what the user has
    return load_model(folder)


def _texts(options: Predict, text_column: str) -> Iterator[str]:
    if options.texts and options.input is not None:
        msg = "`TEXTS` and `--input` must not be given both. Received: "
        raise InputError(f"{msg}{len(options.texts)} texts and {options.input}. Leave one out.")
    if options.input is not None:
        from dlkit.data.tables import read_tables

        column = options.text_column or text_column
        table = read_tables([options.input], {"text": column})
        return iter(table["text"].to_pylist())
    if options.texts == ("-",) or not (options.texts or sys.stdin.isatty()):
        return _lines()
    if not options.texts:
        msg = "`TEXTS` must be given, or `--input FILE`, or `-` for standard input. Received none."
        raise InputError(msg)
    # an argument that is no UTF-8 reads like a line that is none
    return (os.fsencode(text).decode("utf-8", errors="replace") for text in options.texts)


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
