"""Measures an answering model on labelled texts."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np

from dlkit.data.pipeline import Rows
from dlkit.data.text_rows import LabelledTexts
from dlkit.evaluation.metrics import (
    classification_metrics,
    decision_metrics,
    regression_metrics,
)
from dlkit.evaluation.predictions import Predictions, ValuePredictions
from dlkit.tasks import Classification, Task, answer_batches

_BATCH = 256


def predict_labelled(model: keras.Model, rows: LabelledTexts) -> list[Predictions]:
    """Answers labelled texts and pairs the answers with the labels.

    Args:
        model: The answering model of a run.
        rows: Texts with the labels of its tasks, None where a row has none.

    Returns:
        The predictions of each task, over the rows that have its label.
    """
    layer = model.get_layer("answers")
    order = np.argsort([len(text) for text in rows.texts], kind="stable")  # batches of one length
    texts = (rows.texts[i] for i in order)
    parts = [answers for _, answers in answer_batches(model, texts, batch_size=_BATCH)]
    back = np.argsort(order)
    answers = {name: np.concatenate([part[name] for part in parts])[back] for name in parts[0]}
    predictions = []
    for task in layer.tasks:
        present = np.flatnonzero([label is not None for label in rows.labels[task.name]])
        chosen = {name: value[present] for name, value in layer.of_task(task, answers).items()}
        targets = task.encode([rows.labels[task.name][i] for i in present])
        predictions.append(task.predictions(chosen, targets, [rows.texts[i] for i in present]))
    return predictions


def predict_rows(
    tasks: Sequence[Task], outputs: Mapping[str, Any], rows: Rows, texts: Sequence[str]
) -> list[Predictions]:
    """Pairs the raw outputs of tokenized rows with their targets, without tokenizing again.

    Args:
        tasks: The tasks, calibrated.
        outputs: Of every head, as of `outputs_of`.
        rows: The rows.
        texts: Their texts.

    Returns:
        What `predict_labelled` returns for the same rows.
    """
    predictions = []
    for task in tasks:
        present = np.flatnonzero(rows.weights[task.name] > 0)
        answers = task.decode(chosen_rows(outputs[task.name], present))
        chosen = {name: value.numpy() for name, value in answers.items()}
        targets = rows.targets[task.name][present]
        predictions.append(task.predictions(chosen, targets, [texts[int(i)] for i in present]))
    return predictions


def chosen_rows(outputs: Any, rows: np.ndarray) -> Any:
    """Picks rows, by number or by mask, of the outputs of a head."""
    return keras.tree.map_structure(lambda value: value[rows], outputs)


def measure(
    predictions: Sequence[Predictions], tasks: Sequence[Task]
) -> dict[str, float] | dict[str, dict[str, float]]:
    """Returns the metrics of one task, or of several by the name of the task."""
    metrics = {task.name: _measure(p, task) for p, task in zip(predictions, tasks, strict=True)}
    return metrics if len(metrics) > 1 else next(iter(metrics.values()))


def _measure(predictions: Predictions, task: Task) -> dict[str, float]:
    if isinstance(predictions, ValuePredictions):
        return regression_metrics(predictions)
    metrics = classification_metrics(predictions)
    if isinstance(task, Classification):
        metrics |= decision_metrics(predictions, task.threshold, task.question_cost)
    return metrics
