"""A network and its heads, trained on prepared rows as the settings say."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from dlkit.data.messages import shown
from dlkit.data.pipeline import Rows
from dlkit.errors import DivergenceError, InputError
from dlkit.networks import TextSizes, deep_network, text_network
from dlkit.networks.recommended import Recommended
from dlkit.settings import TextTraining
from dlkit.tasks import Task, join_heads
from dlkit.training.centroids import with_centroids
from dlkit.training.checkpoint import has_checkpoint
from dlkit.training.fit import Recipe, best_epoch, fit, outputs_of, shorter_recipe
from dlkit.training.fitted_heads import fit_heads
from dlkit.training.generation.semi_supervised import AdversarialHeads
from dlkit.training.prepared import PreparedTexts
from dlkit.training.regularized_dropout import AgreeingHeads
from dlkit.training.scoring import chosen_rows
from dlkit.training.text_front import network_arguments

_EPOCHS = (5, 30)
"""Bounds of the epochs that make the steps that suit a network: small files are read often enough,
large ones not for hours."""


class TrainedHeads(NamedTuple):
    """A trained model, what each epoch reached, and its raw outputs on validation."""

    heads: keras.Model
    history: dict[str, list[float]]
    validation: Rows
    outputs: dict[str, Any]
    epochs: int
    """As many as validation chose."""


def train_heads(
    settings: TextTraining,
    tasks: Sequence[Task],
    prepared: PreparedTexts,
    *,
    strategy: Any,
    folder: Path | None,
) -> TrainedHeads:
    """Builds, fits and calibrates the network and the heads of all tasks.

    Where the number of epochs is left to us and the best one comes early, while the learning rate
    is still high, training starts again with so few epochs that the rate has fallen by then.

    Args:
        settings: What to do; with `settings.resume` the checkpoint of the folder is continued.
        tasks: What to learn, adapted; calibrated afterwards.
        prepared: The rows.
        strategy: The distribution strategy.
        folder: The run folder, or None to write nothing.

    Returns:
        The heads and what came of them.

    Raises:
        InputError: The network does not take its arguments.
        DivergenceError: The outputs are no numbers.
    """
    recipe = recipe_of(settings, len(prepared.data.train.texts))
    fit_once = functools.partial(_fit, settings, tasks, prepared, validate=True, strategy=strategy)
    heads, history = fit_once(recipe=recipe, folder=folder)
    epochs = best_epoch(history)
    if not settings.epochs and (shorter := shorter_recipe(recipe, history)):
        epochs = shorter.epochs
        heads, history = fit_once(recipe=shorter, folder=folder and folder / "shorter")
    heads = with_centroids(heads, tasks, prepared.training(heads.input, tasks))
    validation = prepared.validation(heads.input, tasks)
    outputs = outputs_of(heads, validation, batch_size=recipe.batch_size)
    _calibrate(tasks, outputs, validation, recipe)
    return TrainedHeads(heads, history, validation, outputs, epochs)


def refit_heads(
    settings: TextTraining,
    tasks: Sequence[Task],
    prepared: PreparedTexts,
    *,
    epochs: int,
    strategy: Any,
    folder: Path | None,
) -> keras.Model:
    """Trains the network and the heads on all training rows, without validation.

    Args:
        settings: What to do; with `settings.resume` the checkpoint of the folder is continued.
        tasks: What to learn, adapted and calibrated.
        prepared: The rows, of which those of validation are ignored.
        epochs: How many epochs to train; the learning rate falls to zero over them.
        strategy: The distribution strategy.
        folder: Gets the checkpoint; None writes nothing.

    Returns:
        The heads.

    Raises:
        DivergenceError: The loss is no number.
    """
    recipe = recipe_of(settings, len(prepared.data.train.texts))
    recipe = recipe._replace(epochs=epochs, patience=None)
    heads, history = _fit(
        settings, tasks, prepared, recipe=recipe, validate=False, strategy=strategy, folder=folder
    )
    if not np.isfinite(history["loss"][-1]):
        raise _divergence(recipe, "the loss is no number")
    return with_centroids(heads, tasks, prepared.training(heads.input, tasks))


def _fit(
    settings: TextTraining,
    tasks: Sequence[Task],
    prepared: PreparedTexts,
    *,
    recipe: Recipe,
    validate: bool,
    strategy: Any,
    folder: Path | None,
) -> tuple[keras.Model, dict[str, list[float]]]:
    keras.utils.set_random_seed(settings.seed)  # whatever was trained, or resumed, before
    if folder is not None:
        folder.mkdir(exist_ok=True)
    with strategy.scope():
        network = _network(settings, prepared.front.sizes)
        heads = join_heads(network, tasks)
    training = prepared.training(heads.input, tasks)
    goes_on = settings.resume and folder is not None and has_checkpoint(folder)
    if _recommended(settings).fitted_heads and not goes_on:
        fit_heads(heads, network, tasks, training, seed=settings.seed)
    learner = heads
    if settings.unlabelled and settings.semi_supervised == "gan":
        with strategy.scope():
            learner = AdversarialHeads(
                heads,
                network.output,
                tasks,
                learning_rate=recipe.learning_rate,
                seed=settings.seed,
            )
    elif settings.regularized_dropout:
        with strategy.scope():
            learner = AgreeingHeads(heads, tasks, weight=settings.regularized_dropout)
    history = fit(
        learner,
        tasks,
        training,
        prepared.validation(heads.input, tasks) if validate else None,
        recipe=recipe,
        folder=folder,
        resume=settings.resume,
        strategy=strategy,
    )
    return heads, history


def _network(settings: TextTraining, sizes: TextSizes) -> keras.Model:
    arguments = network_arguments(settings)
    pretrained: dict[str, Any] = {}
    if settings.pretrained and not settings.freeze_encoder:
        pretrained["pretrained"] = settings.pretrained
    try:
        return text_network(settings.network, sizes=sizes, **arguments, **pretrained)
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


def recipe_of(settings: TextTraining, rows: int) -> Recipe:
    """Returns how to fit: as the settings say, or as suits their network where they say nothing."""
    suited = _recommended(settings)
    batch_size = settings.batch_size or suited.batch_size
    steps = -(-rows // batch_size)
    return Recipe(
        epochs=settings.epochs or min(max(-(-suited.steps // steps), _EPOCHS[0]), _EPOCHS[1]),
        batch_size=batch_size,
        learning_rate=settings.learning_rate or suited.learning_rate,
        weight_decay=settings.weight_decay,
        patience=settings.patience,
        seed=settings.seed,
    )


def learns_again(settings: TextTraining) -> bool:
    """Returns whether a second training is to learn the rows of validation as well."""
    if settings.validation_data:
        return False
    return _recommended(settings).refit if settings.refit == "auto" else settings.refit == "yes"


def _recommended(settings: TextTraining) -> Recommended:
    if settings.freeze_encoder:
        return Recommended()
    return deep_network(settings.network, network_arguments(settings)).recommended


def _calibrate(
    tasks: Sequence[Task], outputs: dict[str, Any], validation: Rows, recipe: Recipe
) -> None:
    for task in tasks:
        if not all(np.isfinite(value).all() for value in keras.tree.flatten(outputs[task.name])):
            raise _divergence(recipe, "the outputs are no numbers")
        present = validation.weights[task.name] > 0
        if present.any():
            targets = validation.targets[task.name][present]
            task.calibrate(chosen_rows(outputs[task.name], present), targets)


def _divergence(recipe: Recipe, what: str) -> DivergenceError:
    msg = "`--learning-rate` must let the training converge. Received: "
    return DivergenceError(f"{msg}{recipe.learning_rate}, and {what}. Lower it.")
