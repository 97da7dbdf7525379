"""The verbs of images: the words and options are those of every application."""

import dataclasses
import functools
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from apps.vision.audit import Audit, audit
from apps.vision.generate import Generate, TrainGenerator, generate, train_generator
from dlkit.app import App, Verb
from dlkit.errors import InputError
from dlkit.runs import existing_run, load_model, saved_settings, start_run
from dlkit.serving.command import Serve, serve
from dlkit.settings import SAMPLE, ImageTraining
from dlkit.text_verbs import Export
from dlkit.tuning.image_options import ImageSearch
from dlkit.tuning.options import Tune, tune_options

if TYPE_CHECKING:
    import keras

    from dlkit.data.image_folders import BrokenImage


@dataclasses.dataclass(frozen=True)
class Train(ImageTraining):
    """Learn the classes of images."""


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Measure a run on labelled images."""

    data: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Folders with a sub-folder of images for each class, tfds:NAME[/config][:split], or "sample".
    Without it the sample, which a run without --data has learned from."""

    broken_images: Literal["refuse", "skip"] = "refuse"
    """Whether files that are no images end the command, or are left out and listed."""

    run: Path | None = None
    """Folder of the run; without it runs/vision/latest."""


@dataclasses.dataclass(frozen=True)
class Predict:
    """Answer images: one JSON object a line on standard output."""

    images: tyro.conf.Positional[tuple[Path, ...]] = ()
    """Files of images, or folders of them."""

    broken_images: Literal["refuse", "skip"] = "refuse"
    """Whether files that are no images end the command, or are left out and listed."""

    run: Path | None = None
    """Folder of the run; without it runs/vision/latest."""

    top: int = 3
    """How many of the most probable classes to name."""

    batch_size: int = 64
    """Images that are answered together."""

    def __post_init__(self) -> None:
        for name in ("top", "batch_size"):
            if getattr(self, name) < 1:
                option, value = name.replace("_", "-"), getattr(self, name)
                raise InputError(f"`--{option}` must be at least 1. Received: {value}.")


def image_verbs(app: App) -> Mapping[str, Verb]:
    """Returns the verbs by their words."""
    return {
        "train": Verb(Train, functools.partial(train, app)),
        "tune": Verb(tune_options(Train, ImageSearch), functools.partial(tune, app)),
        "evaluate": Verb(Evaluate, functools.partial(evaluate, app)),
        "predict": Verb(Predict, functools.partial(predict, app)),
        "export": Verb(Export, functools.partial(export, app)),
        "audit": Verb(Audit, functools.partial(audit, app)),
        "train-generator": Verb(TrainGenerator, functools.partial(train_generator, app)),
        "generate": Verb(Generate, functools.partial(generate, app)),
        "serve": Verb(Serve, functools.partial(serve, app.name)),
    }


def train(app: App, settings: Train) -> Path:
    """Trains a model and returns its run folder."""
    folder, settings = start_run(app.name, settings)
    from dlkit.training.images import train_image_model
    from dlkit.training.run_folder import discard_run

    try:
        trained = train_image_model(settings, folder)
    except InputError:
        if not settings.resume:
            discard_run(folder)
        raise
    _print_report(trained.metrics, trained.predictions)
    _say(f"run: {folder}\nreport: {folder / 'report.html'}")
    return folder


def tune(app: App, options: Tune) -> Path:
    """Searches, trains the winner, and returns the folder of its run."""
    from dlkit.tuning import verb
    from dlkit.tuning.image_subject import ImageSubject

    return verb.tune(ImageSubject(app.name, Train), options)


def evaluate(app: App, options: Evaluate) -> None:
    """Measures a run on labelled images and prints the metrics as JSON."""
    folder = existing_run(app.name, options.run)
    settings = saved_settings(app.name, Train, folder)
    from dlkit.tasks.image_answers import pixel_shape
    from dlkit.training.image_data import read_other_images
    from dlkit.training.images import predict_labelled_images
    from dlkit.training.scoring import measure

    model = _load(folder, settings)
    [task] = model.get_layer("answers").tasks
    rows = read_other_images(
        options.data or (SAMPLE,), task, shape=pixel_shape(model), broken=options.broken_images
    )
    _print_broken(rows.broken)
    predictions = [predict_labelled_images(model, task, rows)]
    metrics = measure(predictions, [task])
    _print_report({"test": metrics}, predictions)
    _say(json.dumps(metrics, ensure_ascii=False))


def predict(app: App, options: Predict) -> None:
    """Answers files of images."""
    folder = existing_run(app.name, options.run)
    settings = saved_settings(app.name, Train, folder)
    if not options.images:
        raise InputError("`IMAGES` must be files or folders of images. Received none.")
    from dlkit.data.image_folders import usable_images
    from dlkit.serving.answers import named_answers
    from dlkit.tasks.image_answers import answer_images

    paths, broken = usable_images(options.images, broken=options.broken_images)
    _print_broken(broken)
    model = _load(folder, settings)
    names = iter(paths)
    images = (path.read_bytes() for path in paths)
    for answers in answer_images(model, images, batch_size=options.batch_size):
        for answer in named_answers(model, answers, top=options.top):
            _say(json.dumps({"image": str(next(names)), **answer}, ensure_ascii=False))


def export(app: App, options: Export) -> None:
    """Writes a SavedModel and prints its path."""
    folder = existing_run(app.name, options.run)
    settings = saved_settings(app.name, Train, folder)
    from dlkit.serving.image_export import export_image_model

    model = _load(folder, settings)
    _say(str(export_image_model(model, options.output / app.name, version=options.version)))


def _load(folder: Path, settings: Train) -> "keras.Model":
    import dlkit.tasks.image_answers  # noqa: F401  (the layers that a model is made of)
    from dlkit.networks.image import find_image_network

    find_image_network(settings.network)  # and what the user has
    return load_model(folder)


def _print_broken(broken: "Sequence[BrokenImage]") -> None:
    if broken:
        from dlkit.data.image_folders import broken_message

        print(f"left out {broken_message(broken)}", file=sys.stderr)  # noqa: T201


def _print_report(metrics: dict[str, Any], predictions: Sequence[Any]) -> None:
    from rich.console import Console

    from dlkit.evaluation.report import print_report

    print_report(Console(stderr=True), metrics=metrics, predictions=predictions)


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
