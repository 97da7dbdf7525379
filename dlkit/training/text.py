"""The road of a text model: rows in, a run folder with a measured model out."""

import dataclasses
import hashlib
import json
import resource
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from dlkit.data.messages import shown
from dlkit.data.pipeline import Rows, tokenize_rows
from dlkit.data.text_rows import LabelledTexts
from dlkit.data.validation import duplicate_rows
from dlkit.errors import InputError
from dlkit.evaluation.baselines import baseline_metrics
from dlkit.evaluation.predictions import Predictions
from dlkit.evaluation.report import write_report
from dlkit.networks import TextSizes, deep_network, text_network
from dlkit.networks.recommended import Recommended
from dlkit.settings import TextTraining
from dlkit.tasks import Classification, Task, answering_model, encode_targets, join_heads
from dlkit.training.devices import prepare_devices
from dlkit.training.fit import Recipe, fit, outputs_of
from dlkit.training.fitted_heads import fit_heads
from dlkit.training.run_folder import read_json, write_atomically, write_json
from dlkit.training.scoring import measure, predict_labelled
from dlkit.training.text_data import TextData, load_text_data
from dlkit.training.text_front import ENCODING, PIECES, TextFront, encode_rows, text_front

_EPOCHS = (5, 30)
"""Bounds of the epochs that make the steps that suit a network: small files are read often enough,
large ones not for hours."""


class TrainedText(NamedTuple):
    """What a training leaves: the answering model, its measurement and where it was written."""

    model: keras.Model
    metrics: dict[str, Any]
    predictions: list[Predictions]
    folder: Path


def train_text_model(
    settings: TextTraining,
    sources: Sequence[str],
    labels: Mapping[str, str],
    tasks: Sequence[Task],
    folder: Path,
) -> TrainedText:
    """Trains, calibrates, saves and measures a text model.

    Args:
        settings: What to do.
        sources: Files to learn from.
        labels: Column of the labels by the name of the task.
        tasks: What to learn; a task without any label in the files is left out.
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
    tasks = list(tasks)
    data = load_text_data(settings, sources, labels, tasks)
    _check_same_data(folder, data, resume=settings.resume)
    arguments = _network_arguments(settings)
    front = text_front(settings, arguments, data.train.texts)
    with strategy.scope():
        network = _network(settings, arguments, front.sizes)
        heads = join_heads(network, tasks)
    training = _tokenized(front, heads, tasks, data.train)
    validation = _tokenized(front, heads, tasks, data.validation)
    suited = Recommended()
    if not settings.freeze_encoder:
        suited = deep_network(settings.network, arguments).recommended
    recipe = _recipe(settings, suited, len(data.train.texts))
    if suited.fitted_heads and not (folder / "checkpoint.npz").exists():
        fit_heads(heads, network, tasks, training, seed=settings.seed)
    history = fit(
        heads,
        tasks,
        training,
        validation,
        recipe=recipe,
        folder=folder,
        resume=settings.resume,
        strategy=strategy,
    )
    _calibrate(tasks, heads, validation, recipe)
    model = answering_model(front.layer(), heads, tasks)
    write_atomically(folder / "model.keras", model.save)
    seconds = time.monotonic() - start
    metrics, predictions = _measured(model, tasks, data, baseline=settings.baseline)
    metrics |= {"train_seconds": round(seconds, 1), "peak_memory_mb": _peak_memory_mb()}
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
    return TrainedText(model, metrics, predictions, folder)


def _network(settings: TextTraining, arguments: dict[str, Any], sizes: TextSizes) -> keras.Model:
    given = dict(arguments)
    if settings.pretrained and not settings.freeze_encoder:
        given["pretrained"] = settings.pretrained
    try:
        return text_network(settings.network, sizes=sizes, **given)
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


def _tokenized(
    front: TextFront, heads: keras.Model, tasks: Sequence[Task], rows: LabelledTexts
) -> Rows:
    targets, weights = encode_targets(tasks, rows.labels)
    names = [PIECES if name == ENCODING else name for name in heads.input]

    def features(texts: Any) -> dict[str, Any]:
        ids = front.tokenizer(texts)
        return {name: ids[name] for name in names}

    tokenized = tokenize_rows(features, rows.texts, targets, weights)
    return tokenized if front.encoder is None else encode_rows(front.encoder, tokenized)


def _recipe(settings: TextTraining, suited: Recommended, rows: int) -> Recipe:
    batch_size = settings.batch_size or suited.batch_size
    steps = -(-rows // batch_size)
    epochs = settings.epochs or min(max(-(-suited.steps // steps), _EPOCHS[0]), _EPOCHS[1])
    return Recipe(
        epochs=epochs,
        batch_size=batch_size,
        learning_rate=settings.learning_rate or suited.learning_rate,
        weight_decay=settings.weight_decay,
        patience=settings.patience,
        seed=settings.seed,
    )


def _calibrate(tasks: Sequence[Task], heads: keras.Model, validation: Rows, recipe: Recipe) -> None:
    outputs = outputs_of(heads, validation, batch_size=recipe.batch_size)
    for task in tasks:
        if not np.isfinite(outputs[task.name]).all():
            msg = "`--learning-rate` must let the training converge. Received: "
            raise InputError(
                f"{msg}{recipe.learning_rate}, and the outputs are no numbers. Lower it."
            )
        present = validation.weights[task.name] > 0
        if present.any():
            task.calibrate(outputs[task.name][present], validation.targets[task.name][present])


def _measured(
    model: keras.Model, tasks: Sequence[Task], data: TextData, *, baseline: bool
) -> tuple[dict[str, Any], list[Predictions]]:
    validation = predict_labelled(model, data.validation)
    metrics: dict[str, Any] = {"validation": measure(validation, tasks)}
    predictions, scored = validation, data.validation
    if data.test is not None:
        predictions, scored = predict_labelled(model, data.test), data.test
        metrics["test"] = measure(predictions, tasks)
        copies = duplicate_rows(data.train.texts, data.test.texts)
        if copies.any() and not copies.all():
            distinct = _without(data.test, copies)
            metrics["test_without_copies"] = measure(predict_labelled(model, distinct), tasks)
    if baseline:
        metrics["baseline"] = _baseline(tasks, data.train, scored)
    return metrics, predictions


def _without(rows: LabelledTexts, marked: np.ndarray) -> LabelledTexts:
    keep = np.flatnonzero(~marked)
    labels = {name: [column[i] for i in keep] for name, column in rows.labels.items()}
    return LabelledTexts([rows.texts[i] for i in keep], labels)


def _baseline(tasks: Sequence[Task], train: LabelledTexts, scored: LabelledTexts) -> dict[str, Any]:
    metrics = {
        task.name: baseline_metrics(
            train.texts,
            task.encode(train.labels[task.name]),
            scored.texts,
            task.encode(scored.labels[task.name]),
        )
        for task in tasks
        if isinstance(task, Classification)
    }
    return metrics if len(tasks) > 1 else next(iter(metrics.values()), {})


def _check_same_data(folder: Path, data: TextData, *, resume: bool) -> None:
    """Writes what the rows are, or compares it with what the run began with."""
    digest = hashlib.sha256(json.dumps([data.train, data.validation]).encode()).hexdigest()
    path = folder / "data.json"
    if resume and path.exists() and read_json(path).get("sha256") != digest:
        msg = (
            "`--resume` needs the rows that the run began with, but the data has changed. "
            "Train without --resume."
        )
        raise InputError(msg)
    write_json(path, {"sha256": digest})


def _peak_memory_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 if sys.platform != "darwin" else 1024**2), 1)
