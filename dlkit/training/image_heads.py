"""A network and its head over images, trained as the settings say."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.data.images import LabelledImages
from dlkit.data.messages import shown
from dlkit.data.pipeline import Rows
from dlkit.errors import DivergenceError, InputError
from dlkit.networks.image import find_image_network, image_network
from dlkit.settings import ImageTraining
from dlkit.tasks import Task, join_heads
from dlkit.tasks.image_answers import mirrored_heads
from dlkit.training.devices import has_fast_bfloat16
from dlkit.training.fit import Recipe, fit, outputs_of
from dlkit.training.image_data import ImageData
from dlkit.training.text_front import network_arguments

_SEEN_ROWS = 5000
"""Training images that say what pixels are like."""


def train_image_heads(
    settings: ImageTraining, data: ImageData, *, strategy: Any, folder: Path | None
) -> tuple[keras.Model, dict[str, list[float]]]:
    """Builds, fits and calibrates the network and its head.

    Args:
        settings: What to do; with `settings.resume` the checkpoint of the folder is continued.
        data: The rows and the task, which is calibrated afterwards.
        strategy: The distribution strategy.
        folder: The run folder, or None to write and to show nothing.

    Returns:
        The heads, which answer as a run does, and what each epoch reached.

    Raises:
        InputError: The network does not take its arguments.
        DivergenceError: The outputs are no numbers.
    """
    recipe = image_recipe(settings)
    heads, history = _fitted(
        settings, data, recipe, validate=True, strategy=strategy, folder=folder
    )
    rows = image_rows(data.validation, data.task)
    outputs = outputs_of(heads, rows, batch_size=4 * recipe.batch_size)[data.task.name]
    if not np.isfinite(outputs).all():
        raise _divergence(recipe, "the outputs are no numbers")
    data.task.calibrate(outputs, rows.targets[data.task.name])
    return heads, history


def refit_image_heads(
    settings: ImageTraining, data: ImageData, *, epochs: int, strategy: Any
) -> keras.Model:
    """Trains the network and its head without validation.

    Args:
        settings: What to do.
        data: The rows, of which those of validation are ignored, and the task, calibrated.
        epochs: How many to train; the learning rate falls to zero over them.
        strategy: The distribution strategy.

    Returns:
        The heads.

    Raises:
        DivergenceError: The loss is no number.
    """
    recipe = image_recipe(settings)._replace(epochs=epochs, patience=None)
    heads, history = _fitted(settings, data, recipe, validate=False, strategy=strategy, folder=None)
    if not np.isfinite(history["loss"][-1]):
        raise _divergence(recipe, "the loss is no number")
    return heads


def image_recipe(settings: ImageTraining) -> Recipe:
    """Returns how to fit: as the settings say, or as suits their network where they say nothing."""
    suited = find_image_network(settings.network).recipe
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


def image_rows(images: LabelledImages, task: Task) -> Rows:
    """Returns images and what is to be learned from them."""
    targets = task.encode(images.labels)
    return Rows(
        {"image": tf.constant(images.pixels)},
        {task.name: targets},
        {task.name: task.weights(targets)},
        np.zeros(len(targets), np.int64),
    )


def _fitted(
    settings: ImageTraining,
    data: ImageData,
    recipe: Recipe,
    *,
    validate: bool,
    strategy: Any,
    folder: Path | None,
) -> tuple[keras.Model, dict[str, list[float]]]:
    gains = find_image_network(settings.network).recipe.bfloat16
    if settings.mixed_precision and gains and has_fast_bfloat16():
        keras.config.set_dtype_policy("mixed_bfloat16")
    with strategy.scope():
        heads = join_heads(_network(settings, data), [data.task])
    history = fit(
        heads,
        [data.task],
        image_rows(data.train, data.task),
        image_rows(data.validation, data.task) if validate else None,
        recipe=recipe,
        folder=folder,
        resume=settings.resume,
        strategy=strategy,
    )
    return mirrored_heads(_in_float32(heads, settings, data), flip=settings.flip), history


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


def _in_float32(heads: keras.Model, settings: ImageTraining, data: ImageData) -> keras.Model:
    """Returns the same model to answer with, on any machine."""
    if keras.config.dtype_policy().name == "float32":
        return heads
    keras.config.set_dtype_policy("float32")
    copy = join_heads(_network(settings, data), [data.task])
    copy.set_weights(heads.get_weights())
    return copy


def _divergence(recipe: Recipe, what: str) -> DivergenceError:
    msg = "`--learning-rate` must let the training converge. Received: "
    return DivergenceError(f"{msg}{recipe.learning_rate}, and {what}. Lower it.")
