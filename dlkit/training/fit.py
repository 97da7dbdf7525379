"""Fits a model with one head or more."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import keras
import numpy as np

from dlkit.data.pipeline import Rows, evaluation_batches, steps_per_epoch, training_batches
from dlkit.tasks import Task
from dlkit.training.checkpoint import BestWeights, Checkpoint
from dlkit.training.one_cycle import OneCycle
from dlkit.training.optimizers import TableAdam
from dlkit.training.progress import ProgressBar

_WARMUP_SHARE = 0.05
_MOMENTUM = 0.85


class Recipe(NamedTuple):
    """How to fit: the same words as the options of the command line.

    Without `patience` all epochs are trained and the last one is kept. With `average` a moving
    average of the weights, over that share of all steps, is what is scored and kept.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    patience: int | None
    seed: int
    optimizer: Literal["adamw", "sgd"] = "adamw"
    average: float | None = None


def best_epoch(history: Mapping[str, list[float]]) -> int:
    """Returns the number of the epoch with the lowest validation loss, from 1.

    An epoch whose loss is no number is never it while another is one.
    """
    return int(np.argmin(np.nan_to_num(history["val_loss"], nan=np.inf))) + 1


def shorter_recipe(recipe: Recipe, history: Mapping[str, list[float]]) -> Recipe | None:
    """Returns how to train again where the best epoch came while the learning rate was high.

    Over so few epochs that the rate has fallen by the best one; None where it had fallen already.
    """
    epochs = 2 * best_epoch(history) + 1
    return recipe._replace(epochs=epochs, patience=None) if epochs < recipe.epochs else None


def fit(
    model: keras.Model,
    tasks: Sequence[Task],
    training: Rows,
    validation: Rows | None,
    *,
    recipe: Recipe,
    folder: Path | None,
    resume: bool,
    strategy: Any,
) -> dict[str, list[float]]:
    """Trains a model and leaves it with the weights of its best epoch, or of its last.

    Args:
        model: From the features of the rows to `{task.name: outputs}`, made under `strategy`.
        tasks: The tasks whose heads the model has.
        training: Rows to learn from.
        validation: Rows that are scored after each epoch, and choose the epoch that is kept.
        recipe: How to fit.
        folder: The run folder, or None to write and to show nothing.
        resume: Goes on from the state that an earlier call left in the folder.
        strategy: The distribution strategy.

    Returns:
        The history: a list of one value an epoch by the name of the value.
    """
    steps = steps_per_epoch(training, recipe.batch_size)
    with strategy.scope():
        model.compile(
            optimizer=_optimizer(recipe, steps * recipe.epochs),
            loss={task.name: task.loss for task in tasks},
            weighted_metrics={task.name: task.metrics for task in tasks},
            jit_compile=False,  # sparse gradients of embeddings have no XLA kernels
        )
        model.optimizer.build(model.trainable_variables)
    if folder is None:
        best = BestWeights(patience=recipe.patience)
        _fit(model, training, validation, recipe=recipe, best=best)
        return best.history
    checkpoint = Checkpoint(folder, patience=recipe.patience)
    if resume and checkpoint.restore(model) and checkpoint.is_over(recipe.epochs):
        checkpoint.set_model(model)
        checkpoint.on_train_end()
        return checkpoint.history
    bar = ProgressBar(steps)
    tensorboard = keras.callbacks.TensorBoard(folder / "logs", write_graph=False)
    with bar.progress:
        callbacks = [bar, tensorboard]
        _fit(model, training, validation, recipe=recipe, best=checkpoint, callbacks=callbacks)
    return checkpoint.history


def _fit(
    model: keras.Model,
    training: Rows,
    validation: Rows | None,
    *,
    recipe: Recipe,
    best: BestWeights,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> None:
    batches = training_batches(
        training,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        first_epoch=best.epochs_done,
        seed=recipe.seed,
    )
    scored = (
        evaluation_batches(validation, batch_size=4 * recipe.batch_size)[0] if validation else None
    )
    model.fit(
        batches,
        validation_data=scored,
        epochs=recipe.epochs,
        initial_epoch=best.epochs_done,
        steps_per_epoch=steps_per_epoch(training, recipe.batch_size),
        shuffle=False,  # the batches are shuffled already
        callbacks=[*_averaging(recipe), best, *callbacks],
        verbose=0,
    )


def outputs_of(model: keras.Model, rows: Rows, *, batch_size: int) -> dict[str, Any]:
    """Returns the raw outputs of every head in the order of the rows.

    Each is an array `(rows, ...)`, or a dictionary of them.
    """
    batches, order = evaluation_batches(rows, batch_size=batch_size)
    outputs = model.predict(batches, verbose=0)
    back = np.argsort(order)
    return keras.tree.map_structure(lambda value: value[back], outputs)


def _averaging(recipe: Recipe) -> list[keras.callbacks.Callback]:
    return [] if recipe.average is None else [keras.callbacks.SwapEMAWeights()]


def _optimizer(recipe: Recipe, total_steps: int) -> keras.optimizers.Optimizer:
    options: dict[str, Any] = {"weight_decay": recipe.weight_decay}
    if recipe.average is not None:
        averaged = recipe.average * total_steps
        options |= {"use_ema": True, "ema_momentum": averaged / (1 + averaged)}
    if recipe.optimizer == "sgd":
        schedule = OneCycle(peak=recipe.learning_rate, steps=total_steps)
        sgd = keras.optimizers.SGD(schedule, momentum=_MOMENTUM, nesterov=True, **options)
        sgd.exclude_from_weight_decay(var_names=["beta", "bias"])
        return sgd
    warmup = max(1, int(total_steps * _WARMUP_SHARE))
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        decay_steps=max(1, total_steps - warmup),
        warmup_target=recipe.learning_rate,
        warmup_steps=warmup,
    )
    return TableAdam(schedule, **options)
