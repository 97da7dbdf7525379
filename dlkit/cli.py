"""The verbs that all applications share."""

import dataclasses
import json
import os
import sys
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from dlkit.app import TextApp
from dlkit.errors import InputError
from dlkit.serving.command import Serve, serve
from dlkit.settings import TextTraining, changed, from_json, to_json
from dlkit.tuning.options import Tune, tune_options

if TYPE_CHECKING:
    import keras

_RUNS = Path("runs")
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


def main(app: TextApp, arguments: Sequence[str] | None = None) -> None:
    """Runs one verb; a user's mistake ends in one sentence and exit code 2."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    try:
        options = tyro.cli(
            _verbs(app),
            prog=f"python -m apps.{app.name}",
            description=app.description,
            args=arguments,
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
        )
        _run(app, options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell does
    except BrokenPipeError:  # the reader of the answers has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _verbs(app: TextApp) -> Any:
    kinds: dict[str, Any] = {"train": app.settings, "tune": tune_options(app.settings)}
    kinds |= {"evaluate": Evaluate, "predict": Predict, "export": Export, "serve": Serve}
    subcommands = [
        Annotated[kind, tyro.conf.subcommand(verb, prefix_name=False)]
        for verb, kind in kinds.items()
    ]
    union = subcommands[0]
    for subcommand in subcommands[1:]:
        union = union | subcommand
    return union


def _run(app: TextApp, options: Any) -> None:
    if isinstance(options, Tune):
        from dlkit.tuning.verb import tune

        tune(app, options)
    elif isinstance(options, Evaluate):
        evaluate(app, options)
    elif isinstance(options, Predict):
        predict(app, options)
    elif isinstance(options, Export):
        export(app, options)
    elif isinstance(options, Serve):
        serve(app.name, options)
    else:
        train(app, options)


def train(app: TextApp, settings: TextTraining) -> Path:
    """Trains a model and returns its run folder."""
    folder, settings = _run_folder(app, settings)
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


def evaluate(app: TextApp, options: Evaluate) -> None:
    """Measures a run on labelled rows and prints the metrics as JSON."""
    folder = _existing_run(app, options.run)
    settings = _saved_settings(app, folder)
    from dlkit.data.text_rows import read_text_rows, take
    from dlkit.training.scoring import measure, predict_labelled
    from dlkit.training.text_data import check_test_labels

    model = _load(app, folder, settings)
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
    folder = _existing_run(app, options.run)
    settings = _saved_settings(app, folder)
    texts = _texts(options, settings.text_column)
    from dlkit.serving.answers import answer_texts

    model = _load(app, folder, settings)
    for answer in answer_texts(model, texts, batch_size=options.batch_size, top=options.top):
        _say(json.dumps(answer, ensure_ascii=False))


def export(app: TextApp, options: Export) -> None:
    """Writes a SavedModel and prints its path."""
    folder = _existing_run(app, options.run)
    settings = _saved_settings(app, folder)
    from dlkit.data.tables import read_tables
    from dlkit.serving.export import export_text_model

    probes = read_tables(app.sample, {"text": "text"})["text"].to_pylist()[::_PROBE_STEP]
    path = export_text_model(
        _load(app, folder, settings),
        options.output / app.name,
        version=options.version,
        probes=[*probes, "", "\x00 \U0001f600" * 300],
    )
    _say(str(path))


def _run_folder(app: TextApp, settings: TextTraining) -> tuple[Path, TextTraining]:
    """Makes the folder of a new run, or finds the one to go on with."""
    from dlkit.training.run_folder import create_run, new_run, write_json

    if settings.resume:
        folder = _existing_run(app, settings.run_dir, option="--run-dir")
        saved = _saved_settings(app, folder, option="--run-dir")
        if different := changed(settings, saved):
            options = ", ".join(f"`--{name.replace('_', '-')}`" for name in different)
            msg = f"`--resume` goes on with the settings of {folder}. Received others: {options}."
            raise InputError(msg + " Leave them out, or train without --resume.")
        return folder, dataclasses.replace(saved, resume=True)
    if settings.run_dir:
        folder = create_run(settings.run_dir)
    else:
        folder = new_run(_RUNS / app.name, settings.network)
    write_json(folder / "config.json", {"app": app.name, "settings": to_json(settings)})
    return folder, settings


def _existing_run(app: TextApp, run: Path | None, *, option: str = "--run") -> Path:
    from dlkit.training.run_folder import find_run

    return find_run(run or _RUNS / app.name / "latest", option=option)


def _saved_settings(app: TextApp, folder: Path, *, option: str = "--run") -> TextTraining:
    from dlkit.training.run_folder import read_json

    config = read_json(folder / "config.json")
    if config.get("app") != app.name:
        msg = f"`{option}` must be a run of {app.name}. Received: {folder} of {config.get('app')}."
        raise InputError(msg + f" Name another, or call `python -m apps.{config.get('app')}`.")
    try:
        return from_json(app.settings, config["settings"])
    except (KeyError, TypeError) as error:
        msg = f"`config.json` of {folder} has settings of another version: {error}. Train again."
        raise InputError(msg) from error


def _load(app: TextApp, folder: Path, settings: TextTraining) -> "keras.Model":
    path = folder / "model.keras"
    if not path.is_file():
        msg = f"`--run` must be a finished run. Received: {folder}, without model.keras."
        raise InputError(msg + " Finish it with `train --resume --run-dir`.")
    import keras

    import dlkit.networks
    import dlkit.text.tokenizer
    import dlkit.text.wordpiece
    from dlkit.data.messages import shown

    app.tasks(settings)  # imports what the application has of its own
    if ":" in settings.network:
        dlkit.networks.find_network(settings.network)  # and what the user has
    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        cause = shown(str(error).rsplit("Exception encountered: ", 1)[-1], 300)
        msg = f"`--run` must be a run whose model can be loaded. Received: {path} ({cause})."
        raise InputError(msg + " Train it again.") from error


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
