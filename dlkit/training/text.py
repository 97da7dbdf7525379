"""The road of a text model: rows in, a run folder with a measured model out."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from dlkit.data.text_rows import LabelledTexts
from dlkit.data.validation import duplicate_rows
from dlkit.evaluation.baselines import baseline_metrics
from dlkit.evaluation.out_of_scope import calibration_note
from dlkit.evaluation.predictions import Predictions
from dlkit.evaluation.report import write_report
from dlkit.settings import TextTraining
from dlkit.tasks import Classification, Task, answering_model
from dlkit.training.devices import prepare_devices
from dlkit.training.heads import learns_again, refit_heads, train_heads
from dlkit.training.memory import peak_memory_mb
from dlkit.training.prepared import PreparedTexts
from dlkit.training.run_folder import write_atomically, write_json
from dlkit.training.same_data import check_same_data
from dlkit.training.scoring import measure, predict_labelled, predict_rows
from dlkit.training.text_data import TextData, load_text_data
from dlkit.training.unlabelled import UnlabelledTexts


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
    others = UnlabelledTexts(settings, data)
    rows = [data.train, data.validation, *others.texts]
    check_same_data(folder, rows, resume=settings.resume)
    prepared = PreparedTexts(others.labelled(data), settings, encodings=others.encodings)
    trained = train_heads(settings, tasks, prepared, strategy=strategy, folder=folder)
    validation = predict_rows(tasks, trained.outputs, trained.validation, data.validation.texts)
    heads, learned = trained.heads, data
    if learns_again(settings):
        learned = data.with_validation_learned()
        taught = others.labelled(learned)
        prepared = PreparedTexts(taught, settings, encodings=prepared.encodings)
        heads = refit_heads(
            settings,
            tasks,
            prepared,
            epochs=trained.epochs,
            strategy=strategy,
            folder=folder / "refit",
        )
    model = answering_model(prepared.front.layer(), heads, tasks)
    write_atomically(folder / "model.keras", model.save)
    seconds = time.monotonic() - start
    measured = learned if data.test else data  # the baseline never learns the rows it is scored on
    metrics, predictions = _measured(model, tasks, measured, validation, baseline=settings.baseline)
    calibrations = {task.name: task.calibration for task in tasks if task.calibration}
    if calibrations:
        metrics["calibration"] = calibrations
    metrics |= {"train_seconds": round(seconds, 1), "peak_memory_mb": peak_memory_mb()}
    write_json(folder / "metrics.json", metrics)
    write_report(
        folder / "report.html",
        title=folder.name,
        settings=dataclasses.asdict(settings),
        metrics=metrics,
        history=trained.history,
        predictions=predictions,
        notes=[
            *data.notes,
            *others.notes,
            *(calibration_note(*pair) for pair in calibrations.items()),
        ],
    )
    return TrainedText(model, metrics, predictions, folder)


def _measured(
    model: keras.Model,
    tasks: Sequence[Task],
    data: TextData,
    validation: list[Predictions],
    *,
    baseline: bool,
) -> tuple[dict[str, Any], list[Predictions]]:
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
