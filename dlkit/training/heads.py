"""A network and its heads, trained on prepared rows as the settings say."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from dlkit.data.messages import shown
from dlkit.data.pipeline import Rows
from dlkit.errors import DivergenceError, InputError
from dlkit.networks import TextSizes, text_network
from dlkit.settings import TextTraining
from dlkit.tasks import Task, join_heads
from dlkit.text.tokenizer import Tokenizer
from dlkit.training.fit import Recipe, fit, outputs_of
from dlkit.training.prepared import PreparedTexts

_STEPS = 1600
_EPOCHS = (5, 30)
"""As many epochs as make so many steps, within bounds: small files are read often enough, large
ones not for hours."""


class TrainedHeads(NamedTuple):
    """A trained model, what each epoch reached, and its raw outputs on validation."""

    heads: keras.Model
    history: dict[str, list[float]]
    validation: Rows
    outputs: dict[str, np.ndarray]

    @property
    def best_epoch(self) -> int:
        """Returns the number of the epoch that validation chose, from 1."""
        return int(np.argmin(self.history["val_loss"])) + 1


def train_heads(
    settings: TextTraining,
    tasks: Sequence[Task],
    prepared: PreparedTexts,
    *,
    strategy: Any,
    folder: Path | None,
) -> TrainedHeads:
    """Builds, fits and calibrates the network and the heads of all tasks.

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
    heads = _heads(settings, tasks, prepared, strategy)
    validation = prepared.validation(heads.input, tasks)
    recipe = _recipe(settings, len(prepared.data.train.texts))
    history = fit(
        heads,
        tasks,
        prepared.training(heads.input, tasks),
        validation,
        recipe=recipe,
        folder=folder,
        resume=settings.resume,
        strategy=strategy,
    )
    outputs = outputs_of(heads, validation, batch_size=recipe.batch_size)
    _calibrate(tasks, outputs, validation, recipe)
    return TrainedHeads(heads, history, validation, outputs)


def refit_heads(
    settings: TextTraining,
    tasks: Sequence[Task],
    prepared: PreparedTexts,
    *,
    epochs: int,
    strategy: Any,
    folder: Path,
) -> keras.Model:
    """Trains the network and the heads on all training rows, without validation.

    Args:
        settings: What to do; with `settings.resume` the checkpoint of the folder is continued.
        tasks: What to learn, adapted and calibrated.
        prepared: The rows, of which those of validation are ignored.
        epochs: How many epochs to train, of as many as the settings say: the learning rate falls
            as it did when validation chose.
        strategy: The distribution strategy.
        folder: Gets the checkpoint.

    Returns:
        The heads.

    Raises:
        DivergenceError: The loss is no number.
    """
    keras.utils.set_random_seed(settings.seed)  # also after a resume, which trained less before
    heads = _heads(settings, tasks, prepared, strategy)
    recipe = _recipe(settings, len(prepared.data.train.texts))
    folder.mkdir(exist_ok=True)
    history = fit(
        heads,
        tasks,
        prepared.training(heads.input, tasks),
        None,
        recipe=recipe,
        folder=folder,
        resume=settings.resume,
        strategy=strategy,
        last_epoch=min(epochs, recipe.epochs),
    )
    if not np.isfinite(history["loss"][-1]):
        raise _divergence(recipe, "the loss is no number")
    return heads


def _heads(
    settings: TextTraining, tasks: Sequence[Task], prepared: PreparedTexts, strategy: Any
) -> keras.Model:
    with strategy.scope():
        return join_heads(_network(settings, prepared.tokenizer), tasks)


def _network(settings: TextTraining, tokenizer: Tokenizer) -> keras.Model:
    sizes = TextSizes(tokenizer.token_count, tokenizer.subword_count, tokenizer.ngram_count)
    arguments = _network_arguments(settings)
    try:
        return text_network(settings.network, sizes=sizes, **arguments)
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


def _network_arguments(settings: TextTraining) -> dict[str, Any]:
    try:
        arguments = json.loads(settings.network_arguments)
    except ValueError as error:
        arguments = error
    if not isinstance(arguments, dict):
        msg = (
            "`--network-arguments` must be a JSON object. Received: "
            f"{settings.network_arguments!r}. Write it like '{{\"units\": 64}}'."
        )
        raise InputError(msg)
    return arguments


def _recipe(settings: TextTraining, rows: int) -> Recipe:
    steps = -(-rows // settings.batch_size)
    return Recipe(
        epochs=settings.epochs or automatic_epochs(steps),
        batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        patience=settings.patience,
        seed=settings.seed,
    )


def automatic_epochs(steps: int) -> int:
    """Returns how often to read rows that make so many steps."""
    return min(max(-(-_STEPS // steps), _EPOCHS[0]), _EPOCHS[1])


def _calibrate(
    tasks: Sequence[Task], outputs: dict[str, np.ndarray], validation: Rows, recipe: Recipe
) -> None:
    for task in tasks:
        if not np.isfinite(outputs[task.name]).all():
            raise _divergence(recipe, "the outputs are no numbers")
        present = validation.weights[task.name] > 0
        if present.any():
            task.calibrate(outputs[task.name][present], validation.targets[task.name][present])


def _divergence(recipe: Recipe, what: str) -> DivergenceError:
    msg = "`--learning-rate` must let the training converge. Received: "
    return DivergenceError(f"{msg}{recipe.learning_rate}, and {what}. Lower it.")
