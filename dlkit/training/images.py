"""The road of an image model: images in, a run folder with a measured model out."""

import dataclasses
import time
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlkit.data.images import LabelledImages
from dlkit.data.messages import shown
from dlkit.data.pipeline import Rows
from dlkit.errors import DivergenceError, InputError
from dlkit.evaluation.image_baselines import image_baseline_metrics
from dlkit.evaluation.predictions import Predictions
from dlkit.evaluation.report import write_report
from dlkit.networks.image import ImageRecipe, find_image_network, image_network
from dlkit.settings import ImageTraining
from dlkit.tasks import Task, join_heads
from dlkit.tasks.image_answers import answer_pixels, image_answering_model, mirrored_heads
from dlkit.training.devices import has_fast_bfloat16, prepare_devices
from dlkit.training.fit import Recipe, fit, outputs_of
from dlkit.training.image_data import ImageData, fingerprint, load_image_data
from dlkit.training.memory import peak_memory_mb
from dlkit.training.run_folder import write_atomically, write_json
from dlkit.training.same_data import check_same_data
from dlkit.training.scoring import measure
from dlkit.training.text_front import network_arguments

_SEEN_ROWS = 5000
"""Training images that say what pixels are like."""


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
    suited = find_image_network(settings.network).recipe
    smoothing = settings.label_smoothing
    data = load_image_data(
        settings, label_smoothing=suited.label_smoothing if smoothing is None else smoothing
    )
    learned = [fingerprint(data.train), fingerprint(data.validation)]
    check_same_data(folder, learned, resume=settings.resume)
    recipe = _recipe(settings, suited)
    if settings.mixed_precision and suited.bfloat16 and has_fast_bfloat16():
        keras.config.set_dtype_policy("mixed_bfloat16")
    with strategy.scope():
        heads = join_heads(_network(settings, data), [data.task])
    validation = _rows(data.validation, data.task)
    history = fit(
        heads,
        [data.task],
        _rows(data.train, data.task),
        validation,
        recipe=recipe,
        folder=folder,
        resume=settings.resume,
        strategy=strategy,
    )
    heads = mirrored_heads(_in_float32(heads), flip=settings.flip)
    outputs = outputs_of(heads, validation, batch_size=4 * recipe.batch_size)[data.task.name]
    if not np.isfinite(outputs).all():
        msg = "`--learning-rate` must let the training converge. Received: "
        raise DivergenceError(
            f"{msg}{recipe.learning_rate}, and the outputs are no numbers. Lower it."
        )
    data.task.calibrate(outputs, validation.targets[data.task.name])
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


def predict_labelled_images(model: keras.Model, task: Task, rows: LabelledImages) -> Predictions:
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


def _rows(images: LabelledImages, task: Task) -> Rows:
    targets = task.encode(images.labels)
    return Rows(
        {"image": tf.constant(images.pixels)},
        {task.name: targets},
        {task.name: task.weights(targets)},
        np.zeros(len(targets), np.int64),
    )


def _network(settings: ImageTraining, data: ImageData) -> keras.Model:
    arguments = network_arguments(settings)
    height, width, _ = data.shape
    step = max(1, len(data.train.pixels) // _SEEN_ROWS)
    seen = data.train.pixels[::step].astype(np.float32)
    mean, variance = seen.mean((0, 1, 2)), seen.var((0, 1, 2))
    try:
        network = image_network(
            settings.network,
            input_shape=data.shape,
            mean=mean.tolist(),
            variance=np.maximum(variance, 1.0).tolist(),
            flip=settings.flip,
            shift=round(settings.shift * min(height, width)),
            cutout=round(settings.cutout * min(height, width)),
            seed=settings.seed,
            **arguments,
        )
    except InputError:
        raise
    except (TypeError, ValueError) as error:
        if not arguments:
            raise
        msg = (
            f"`--network-arguments` must suit {settings.network}. Received: "
            f"{settings.network_arguments} ({shown(error, 300)}). Give other values."
        )
        raise InputError(msg) from error
    if adapt := find_image_network(settings.network).adapt:
        scaled = (seen - mean) / np.sqrt(np.maximum(variance, 1.0))
        adapt(network.layers[-1], scaled)
    return network


def _in_float32(heads: keras.Model) -> keras.Model:
    """Returns the same model to answer with: exact, and as fast on any CPU."""
    keras.config.set_dtype_policy("float32")

    def in_float32(layer: keras.layers.Layer) -> keras.layers.Layer:
        config = layer.get_config()
        if "dtype" in config and layer.compute_dtype in ("float16", "bfloat16"):
            config["dtype"] = "float32"
        return type(layer).from_config(config)

    copied = keras.models.clone_model(heads, clone_function=in_float32, recursive=True)
    copied.set_weights(heads.get_weights())
    return copied


def _recipe(settings: ImageTraining, suited: ImageRecipe) -> Recipe:
    """Returns how to fit: as the settings say, or as suits their network where they say nothing."""
    return Recipe(
        epochs=settings.epochs or suited.epochs,
        batch_size=settings.batch_size or suited.batch_size,
        learning_rate=settings.learning_rate or suited.learning_rate,
        weight_decay=settings.weight_decay or suited.weight_decay,
        patience=settings.patience,
        seed=settings.seed,
        optimizer=suited.optimizer,
        average=suited.average,
    )
