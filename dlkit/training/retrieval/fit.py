"""Fits the vectors of items and the encoder of histories."""

import itertools
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import scipy.sparse as sp
import tensorflow as tf

from dlkit.data.event_splits import Cases
from dlkit.data.histories import Histories
from dlkit.errors import DivergenceError
from dlkit.networks.builders import call_builder, import_builder
from dlkit.networks.causal_attention import LastStep, causal_attention
from dlkit.networks.set_encoder import set_encoder
from dlkit.tasks.item_tower import ItemTower
from dlkit.tasks.retrieval import Retrieval
from dlkit.training.checkpoint import Checkpoint
from dlkit.training.fit import Recipe
from dlkit.training.progress import ProgressBar
from dlkit.training.retrieval.batches import (
    Batch,
    as_dataset,
    case_batches,
    epoch_batches,
    training_rows,
)
from dlkit.training.retrieval.settings import RetrievalTraining
from dlkit.training.text_front import network_arguments

ENCODERS: dict[str, Callable[..., keras.Model]] = {
    "set_encoder": set_encoder,
    "causal_attention": causal_attention,
}
_BATCH_SIZES = (16, 256)
_BATCHES = 16
"""So many batches an epoch at least, as far as the bounds of their size allow."""
_STEPS = {False: 600, True: 1500}
"""So many steps, in order or not, as far as the bounds of the epochs allow."""
_EPOCHS = (5, 200)
_WARMUP_SHARE = 0.05


class ItemFeatures(NamedTuple):
    """What is known of the items without users.

    Args:
        terms: float32 `(items, terms)`, rows of unit length.
        encodings: float32 `(items, size)` of a pretrained encoder, or None.
    """

    terms: sp.csr_matrix
    encodings: np.ndarray | None


def network_of(settings: RetrievalTraining, *, in_order: bool) -> str:
    """Returns the name of the encoder that suits the data, or of that which the user wants."""
    if settings.network != "auto":
        return settings.network
    return "causal_attention" if in_order else "set_encoder"


def build_retrieval(
    settings: RetrievalTraining, network: str, features: ItemFeatures, popularity: np.ndarray
) -> Retrieval:
    """Builds the model that is trained.

    Raises:
        InputError: There is no such network, or it has no such argument.
    """
    arguments = {"input_shape": (None, settings.dim), **network_arguments(settings)}
    if network == "causal_attention":
        arguments |= {"every_step": True, "longest": settings.history}
    build = ENCODERS.get(network) or import_builder(network, ENCODERS)[0]
    encoder = call_builder(network, build, arguments)
    tower = ItemTower(
        features.terms,
        features.encodings,
        dim=settings.dim,
        id_dropout=settings.id_dropout,
        name="tower",
    )
    return Retrieval(tower, encoder, popularity, name="retrieval")


def recipe_of(settings: RetrievalTraining, users: int, *, in_order: bool) -> Recipe:
    """Returns how to fit: as the settings say, or as suits the number of users."""
    suited = 2 ** round(math.log2(max(users / _BATCHES, 1)))
    most = _BATCH_SIZES[1] // 4 if in_order else _BATCH_SIZES[1]  # an event is a row there
    batch_size = settings.batch_size or min(max(suited, _BATCH_SIZES[0]), most)
    steps = -(-users // batch_size)
    return Recipe(
        epochs=settings.epochs
        or min(max(-(-_STEPS[in_order] // max(steps, 1)), _EPOCHS[0]), _EPOCHS[1]),
        batch_size=batch_size,
        learning_rate=settings.learning_rate or 3e-3,
        weight_decay=settings.weight_decay,
        patience=settings.patience,
        seed=settings.seed,
    )


def fit_retrieval(
    model: Retrieval,
    histories: Histories,
    cases: Cases | None,
    *,
    recipe: Recipe,
    longest: int,
    folder: Path,
    resume: bool,
) -> dict[str, list[float]]:
    """Trains a model and leaves it with the weights of its best epoch, or of its last.

    Args:
        model: The model.
        histories: What is learned from.
        cases: What validates each epoch; None trains all epochs.
        recipe: How to fit.
        longest: Most events of a history.
        folder: Gets the checkpoint.
        resume: Goes on from the state that an earlier call left in the folder.

    Returns:
        The history: a list of one value an epoch by the name of the value.

    Raises:
        DivergenceError: The loss is no number.
    """
    in_order = len(model.encoder.output.shape) == 3
    steps = -(-len(training_rows(histories)) // recipe.batch_size)
    model.compile(_optimizer(recipe, steps * recipe.epochs), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint = Checkpoint(folder, patience=recipe.patience if cases else None)
    if resume and checkpoint.restore(model) and checkpoint.is_over(recipe.epochs):
        checkpoint.set_model(model)
        checkpoint.on_train_end()
        return checkpoint.history
    shape: dict[str, Any] = {
        "batch_size": recipe.batch_size,
        "longest": longest,
        "in_order": in_order,
    }

    def training() -> Iterator[Batch]:
        return itertools.chain.from_iterable(
            epoch_batches(histories, epoch=epoch, seed=recipe.seed, **shape)
            for epoch in range(checkpoint.epochs_done, recipe.epochs)
        )

    def validation() -> Iterator[Batch]:
        return case_batches(cases.given, cases.wanted, **shape) if cases else iter(())

    bar = ProgressBar(steps)
    left = steps * (recipe.epochs - checkpoint.epochs_done)
    checks = -(-len(cases.users) // recipe.batch_size) if cases else 0
    with bar.progress:
        model.fit(
            as_dataset(training, left),
            validation_data=as_dataset(validation, checks) if cases else None,
            epochs=recipe.epochs,
            initial_epoch=checkpoint.epochs_done,
            steps_per_epoch=steps,
            shuffle=False,
            callbacks=[checkpoint, bar],
            verbose=0,
        )
    if not np.isfinite(checkpoint.history["loss"][-1]):
        msg = "`--learning-rate` must let the training converge. Received: "
        raise DivergenceError(f"{msg}{recipe.learning_rate}, and the loss is no number. Lower it.")
    return checkpoint.history


def _optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    warmup = max(1, int(steps * _WARMUP_SHARE))
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, steps - warmup), warmup_target=recipe.learning_rate, warmup_steps=warmup
    )
    return keras.optimizers.AdamW(schedule, weight_decay=recipe.weight_decay)


def deep_part(model: Retrieval) -> tuple[np.ndarray, np.ndarray, keras.Model]:
    """Returns vectors `(items, dim)`, biases `(items,)`, and the encoder to one vector."""
    encoder = model.encoder
    if len(encoder.output.shape) == 3:
        encoder = keras.Model(encoder.input, LastStep(name="last")(encoder.output), name="encoder")
    return model.tower().numpy(), tf.convert_to_tensor(model.bias).numpy(), encoder
