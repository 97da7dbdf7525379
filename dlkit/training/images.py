"""The road of an image model: images in, a run folder with a measured model out."""

import dataclasses
import time
from pathlib import Path
from typing import Any, NamedTuple

import keras

from dlkit.data.images import LabelledImages
from dlkit.evaluation.image_baselines import image_baseline_metrics
from dlkit.evaluation.predictions import Predictions
from dlkit.evaluation.report import write_report
from dlkit.settings import ImageTraining
from dlkit.tasks import Classification
from dlkit.tasks.image_answers import answer_pixels, image_answering_model
from dlkit.training.devices import prepare_devices
from dlkit.training.image_data import ImageData, fingerprint, load_image_data
from dlkit.training.image_heads import train_image_heads
from dlkit.training.memory import peak_memory_mb
from dlkit.training.run_folder import write_atomically, write_json
from dlkit.training.same_data import check_same_data
from dlkit.training.scoring import measure


class TrainedImages(NamedTuple):
    """What a training leaves: the answering model, its measurement and where it was written."""

    model: keras.Model
    metrics: dict[str, Any]
    predictions: list[Predictions]
    folder: Path


def train_image_model(settings: ImageTraining, folder: Path) -> TrainedImages:
    """Trains, calibrates, saves and measures a model of images.

    Args:
        settings: What to do.
        folder: The run folder, made if need be. With `settings.resume` its checkpoint is
            continued.

    Returns:
        The trained model, which `folder/model.keras` holds too, and its metrics.

    Raises:
        InputError: The data or the settings break a rule.
    """
    start = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    strategy = prepare_devices(
        seed=settings.seed,
        deterministic=settings.deterministic,
        mixed_precision=settings.mixed_precision,
    )
    data = load_image_data(settings)
    learned = [fingerprint(data.train), fingerprint(data.validation)]
    check_same_data(folder, learned, resume=settings.resume)
    heads, history = train_image_heads(settings, data, strategy=strategy, folder=folder)
    model = image_answering_model(heads, data.task)
    write_atomically(folder / "model.keras", model.save)
    seconds = time.monotonic() - start
    metrics, predictions = _measured(model, data, settings)
    metrics |= {"train_seconds": round(seconds, 1), "peak_memory_mb": peak_memory_mb()}
    write_json(folder / "metrics.json", metrics)
    write_report(
        folder / "report.html",
        title=folder.name,
        settings=dataclasses.asdict(settings),
        metrics=metrics,
        history=history,
        predictions=predictions,
        notes=data.notes,
    )
    return TrainedImages(model, metrics, predictions, folder)


def predict_labelled_images(
    model: keras.Model, task: Classification, rows: LabelledImages
) -> Predictions:
    """Answers labelled images and pairs the answers with their classes.

    Args:
        model: The answering model of a run.
        task: Its task.
        rows: Images of the shape that the model decodes to.
    """
    answers = answer_pixels(model, rows.pixels)
    predictions = task.predictions(answers, task.encode(rows.labels), rows.names)
    return dataclasses.replace(predictions, pictures=rows.pixels)


def _measured(
    model: keras.Model, data: ImageData, settings: ImageTraining
) -> tuple[dict[str, Any], list[Predictions]]:
    predictions = predict_labelled_images(model, data.task, data.validation)
    metrics: dict[str, Any] = {"validation": measure([predictions], [data.task])}
    scored = data.validation
    if data.test is not None:
        scored = data.test
        predictions = predict_labelled_images(model, data.task, data.test)
        metrics["test"] = measure([predictions], [data.task])
    if settings.baseline:
        targets = [data.task.encode(rows.labels) for rows in (data.train, scored)]
        metrics["baseline"] = image_baseline_metrics(
            data.train.pixels, targets[0], scored.pixels, targets[1], seed=settings.seed
        )
    return metrics, [predictions]
