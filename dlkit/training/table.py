"""The road of a table: rows in, a run folder with a measured model out."""

import dataclasses
import functools
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlkit.data.column_kinds import Column
from dlkit.data.messages import shown
from dlkit.data.pipeline import Rows
from dlkit.data.table_rows import TableRows
from dlkit.errors import DivergenceError, InputError
from dlkit.evaluation.predictions import Predictions, ValuePredictions
from dlkit.evaluation.report import write_report
from dlkit.evaluation.table_baselines import BASELINES, TableBaseline
from dlkit.networks.table import MEMBERS, TableSizes, table_network
from dlkit.settings import TableTraining
from dlkit.tasks import Classification, Regression, join_heads
from dlkit.tasks.ensemble import Ensemble
from dlkit.tasks.table_answers import answer_rows, table_answering_model
from dlkit.training.devices import prepare_devices
from dlkit.training.fit import Recipe, fit, outputs_of, shorter_recipe
from dlkit.training.memory import peak_memory_mb
from dlkit.training.run_folder import write_atomically, write_json
from dlkit.training.same_data import check_same_data
from dlkit.training.scoring import measure
from dlkit.training.table_data import TableData, column_arrays, load_table_data, write_run_columns
from dlkit.training.table_front import table_front
from dlkit.training.text_front import network_arguments

_BATCH_SIZES = (32, 256)
_BATCHES = 32
"""So many batches an epoch, as far as the bounds of their size allow."""
_STEPS = 1500
_EPOCHS = (10, 60)
_LEARNING_RATE = 2e-3

Features = Mapping[str, tf.Tensor | tf.RaggedTensor]


class TrainedTable(NamedTuple):
    """What a training leaves: the answering model, its measurement and where it was written."""

    model: keras.Model
    metrics: dict[str, Any]
    predictions: list[Predictions]
    folder: Path


def train_table_model(
    settings: TableTraining, sources: Sequence[str], folder: Path
) -> TrainedTable:
    """Trains, calibrates, saves and measures an ensemble over the columns of a table.

    Its members leave out different rows. What they say about rows that they left out chooses the
    epoch and calibrates, so that all rows are learned from and all calibrate: nothing is trained
    again.

    Args:
        settings: What to do.
        sources: Files to learn from.
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
    data = load_table_data(settings, sources, members=_members(settings))
    learned = [data.train.columns.to_pydict(), data.train.target.to_pylist()]
    check_same_data(folder, learned, resume=settings.resume)
    values = column_arrays(data.columns, data.train.columns)
    front, ensemble = table_front(data.columns, values), Ensemble(task=data.task)
    training, validation = _rows(front.read(values), ensemble, data)
    recipe = _recipe(settings, len(training.lengths))
    fit_once = functools.partial(
        _fit, settings, ensemble, front.sizes, training, validation, strategy=strategy
    )
    heads, history = fit_once(recipe=recipe, folder=folder)
    if not settings.epochs and (shorter := shorter_recipe(recipe, history)):
        heads, history = fit_once(recipe=shorter, folder=folder / "shorter")
    outputs = outputs_of(heads, validation, batch_size=recipe.batch_size)[ensemble.name]
    left_out = _calibrated(data, outputs, recipe)
    model = table_answering_model(front.layer, heads, ensemble)
    write_run_columns(folder, data.columns)
    write_atomically(folder / "model.keras", model.save)
    seconds = time.monotonic() - start
    metrics, predictions = _measured(model, data, left_out, baseline=settings.baseline)
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
    return TrainedTable(model, metrics, predictions, folder)


def _fit(
    settings: TableTraining,
    ensemble: Ensemble,
    sizes: TableSizes,
    training: Rows,
    validation: Rows,
    *,
    strategy: Any,
    recipe: Recipe,
    folder: Path,
) -> tuple[keras.Model, dict[str, list[float]]]:
    keras.utils.set_random_seed(settings.seed)  # whatever was trained, or resumed, before
    folder.mkdir(exist_ok=True)
    with strategy.scope():
        heads = join_heads(_network(settings, sizes), [ensemble])
    history = fit(
        heads,
        [ensemble],
        training,
        validation,
        recipe=recipe,
        folder=folder,
        resume=settings.resume,
        strategy=strategy,
    )
    return heads, history


def predict_table(model: keras.Model, columns: Sequence[Column], rows: TableRows) -> Predictions:
    """Answers rows and pairs the answers with their targets.

    Args:
        model: The answering model of a run.
        columns: What it reads.
        rows: Rows with a target.

    Returns:
        The predictions.
    """
    [task] = model.get_layer("answers").tasks
    answers = answer_rows(model, column_arrays(columns, rows.columns))
    return task.predictions(answers, task.encode(rows.target.to_pylist()), shown_rows(rows))


def shown_rows(rows: TableRows) -> list[str]:
    """Shows rows to a reader: what their columns hold."""
    return [
        ", ".join(f"{name}: {shown(value, 40)}" for name, value in row.items() if value is not None)
        for row in rows.columns.to_pylist()
    ]


def _measured(
    model: keras.Model, data: TableData, left_out: Predictions, *, baseline: bool
) -> tuple[dict[str, Any], list[Predictions]]:
    metrics: dict[str, Any] = {"validation": measure([left_out], [data.task])}
    if data.test is None:
        return metrics, [left_out]
    predictions = predict_table(model, data.columns, data.test)
    metrics["test"] = measure([predictions], [data.task])
    if baseline:
        metrics |= _baselines(data, data.test)
    return metrics, [predictions]


def _baselines(data: TableData, test: TableRows) -> dict[str, dict[str, Any]]:
    """Trains classical models on the same rows, and scores them on the test rows."""
    texts = shown_rows(test)
    train, scored = (column_arrays(data.columns, part.columns) for part in (data.train, test))
    learned, targets = (data.task.encode(part.target.to_pylist()) for part in (data.train, test))
    if isinstance(data.task, Regression):  # in its own units, as the answers are
        learned = learned * data.task.scale + data.task.mean
    metrics = {}
    for name, kind in BASELINES.items():
        model = TableBaseline(
            kind,
            [(c.input, c.kind) for c in data.columns],
            classes=isinstance(data.task, Classification),
        )
        model.fit(train, learned)
        predictions = data.task.predictions(model.answers(scored), targets, texts)
        if isinstance(predictions, ValuePredictions):  # the intervals are ours
            predictions = dataclasses.replace(predictions, half_width=None)
        metrics[name] = {**measure([predictions], [data.task]), "seconds": model.seconds}
    return metrics


def _rows(features: Features, ensemble: Ensemble, data: TableData) -> tuple[Rows, Rows]:
    """Returns the rows twice: with the weights for members that learn them, and for the others."""
    targets = ensemble.encode(data.train.target.to_pylist())
    weights = ensemble.weights(targets)[:, None]  # (rows, members), as the held-out ones are
    parts = []
    for chosen in (~data.held_out, data.held_out):
        rows = np.flatnonzero(chosen.any(1))
        part = {name: tf.gather(value, rows) for name, value in features.items()}
        lengths = np.zeros(len(rows), np.int64)
        for value in part.values():
            if isinstance(value, tf.RaggedTensor):
                lengths += value.row_lengths().numpy()
        scaled = weights[rows] * chosen[rows] / chosen[rows].mean()  # 1 in the mean
        name = ensemble.name
        parts.append(Rows(part, {name: targets[rows]}, {name: scaled.astype(np.float32)}, lengths))
    return parts[0], parts[1]


def _calibrated(data: TableData, outputs: np.ndarray, recipe: Recipe) -> Predictions:
    """Calibrates the task on what members say about rows that they left out."""
    if not np.isfinite(outputs).all():
        msg = "`--learning-rate` must let the training converge. Received: "
        raise DivergenceError(
            f"{msg}{recipe.learning_rate}, and the outputs are no numbers. Lower it."
        )
    rows = np.flatnonzero(data.held_out.any(1))
    left_out = data.held_out[rows][..., None]  # (rows, members, 1)
    mean = (outputs * left_out).sum(1) / left_out.sum(1)
    chosen = data.train.take(rows)
    targets = data.task.encode(chosen.target.to_pylist())
    data.task.calibrate(mean, targets)
    answers = {name: value.numpy() for name, value in data.task.decode(mean).items()}
    return data.task.predictions(answers, targets, shown_rows(chosen))


def _members(settings: TableTraining) -> int:
    members = network_arguments(settings).get("members", MEMBERS)
    if not isinstance(members, int) or members < 2:
        msg = "`--network-arguments` must have `members` of at least 2. Received: "
        raise InputError(f"{msg}{members!r}. Give a whole number, such as {MEMBERS}.")
    return members


def _network(settings: TableTraining, sizes: TableSizes) -> keras.Model:
    arguments = network_arguments(settings)
    try:
        return table_network(settings.network, sizes=sizes, **arguments)
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


def _recipe(settings: TableTraining, rows: int) -> Recipe:
    """Returns how to fit: as the settings say, or as suits the number of rows."""
    suited = 2 ** round(math.log2(max(rows / _BATCHES, 1)))
    batch_size = settings.batch_size or min(max(suited, _BATCH_SIZES[0]), _BATCH_SIZES[1])
    steps = -(-rows // batch_size)
    return Recipe(
        epochs=settings.epochs or min(max(-(-_STEPS // steps), _EPOCHS[0]), _EPOCHS[1]),
        batch_size=batch_size,
        learning_rate=settings.learning_rate or _LEARNING_RATE,
        weight_decay=settings.weight_decay,
        patience=settings.patience,
        seed=settings.seed,
    )
