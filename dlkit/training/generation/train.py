"""Trains a GAN on images in memory."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dlkit.data.pipeline import Rows, steps_per_epoch, training_batches
from dlkit.training.checkpoint import BestWeights, Checkpoint
from dlkit.training.generation.gan import Gan
from dlkit.training.generation.grid import SampleGrid

_FIRST_MOMENTUM = 0.5  # more lets the two networks chase each other in circles
_SECOND_MOMENTUM = 0.99


def train_gan(
    gan: Gan,
    images: np.ndarray,
    classes: np.ndarray | None,
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    seed: int,
    folder: Path | None = None,
    resume: bool = False,
) -> dict[str, list[float]]:
    """Trains both networks.

    Args:
        gan: The two networks.
        images: uint8 `(images, height, width, channels)`.
        classes: int `(images,)` for networks by class, else None.
        epochs: How often each image is seen.
        batch_size: Images in a step.
        learning_rate: Of both networks.
        seed: Seeds the order of the images, and what the grids show.
        folder: Gets the state, the history, and `samples/` with a grid of images each epoch; None
            writes nothing.
        resume: Goes on from the state in the folder.

    Returns:
        The losses of both networks, a value an epoch.
    """
    gan.compile(*(_optimizer(learning_rate) for _ in range(2)))
    progress: BestWeights = BestWeights(patience=None)
    callbacks: list[keras.callbacks.Callback] = [progress]
    if folder is not None:
        progress = Checkpoint(folder, patience=None)
        count = 0 if classes is None else int(classes.max()) + 1
        grid = SampleGrid(folder / "samples", classes=count, seed=seed)
        callbacks = [grid, progress]
        if resume and progress.restore(gan) and progress.is_over(epochs):
            return progress.history
    features = {"image": tf.constant(images)}
    if classes is not None:
        features["class"] = tf.constant(classes, tf.int32)
    rows = Rows(features, {}, {}, np.ones(len(images), np.int64))
    batches = training_batches(
        rows, batch_size=batch_size, epochs=epochs, seed=seed, first_epoch=progress.epochs_done
    )
    gan.fit(
        batches.map(lambda features, *_: features),
        epochs=epochs,
        initial_epoch=progress.epochs_done,
        steps_per_epoch=steps_per_epoch(rows, batch_size),
        shuffle=False,
        callbacks=callbacks,
        verbose=0,
    )
    return progress.history


def _optimizer(learning_rate: float) -> keras.optimizers.Optimizer:
    return keras.optimizers.Adam(learning_rate, beta_1=_FIRST_MOMENTUM, beta_2=_SECOND_MOMENTUM)
