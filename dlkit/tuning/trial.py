"""One trial: a training on other settings, measured on its validation rows."""

import dataclasses
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import TYPE_CHECKING, Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlkit.data.messages import shown
from dlkit.errors import DivergenceError, InputError
from dlkit.tasks import Task, answering_model, compiled_answers
from dlkit.training.devices import prepare_devices
from dlkit.training.heads import TrainedHeads, train_heads
from dlkit.training.prepared import PreparedTexts
from dlkit.training.scoring import measure, predict_rows
from dlkit.tuning.options import SearchOptions

if TYPE_CHECKING:
    from dlkit.tuning.data import SearchRows

_TIMED_CALLS = 50


class Job(NamedTuple):
    """What to train: a trial by its id, the how-manieth time, and its settings."""

    trial: str
    repeat: int
    settings: Any


def run_guarded(job: Job, train: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Trains and measures; whatever goes wrong in it is this trial's failure alone.

    Args:
        job: What to train.
        train: Does it.

    Returns:
        `status` "completed" with `score`, `objective`, `cost`, `metrics` and `history`, or "failed"
        with a `message`; and `seconds`.

    Raises:
        InputError: The rows break a rule, or the defaults do.
    """
    start = time.monotonic()
    keras.backend.clear_session()  # a trial is what it would be in a process of its own
    try:
        found = train()
    except DivergenceError as error:
        found = _failed(error)
    except InputError as error:
        if int(job.trial) == 0:
            raise
        found = _failed(error)
    except Exception as error:  # a trial may fail in any way, and the others go on
        found = _failed(error)
    return {**found, "seconds": round(time.monotonic() - start, 2)}


def objective_of(metrics: Mapping[str, Any], objective: str) -> float:
    """Returns a metric, or its mean over the heads, with its sign such that more is better."""
    heads = [head for head in metrics.values() if isinstance(head, Mapping)] or [metrics]
    values = [head[objective] for head in heads if objective in head]
    if not values:
        known = ", ".join(sorted({name for head in heads for name in head}))
        msg = f"`--objective` must be a metric of the application, of {known}. "
        raise InputError(f"{msg}Received: {objective}.")
    return -mean(values) if objective == "log_loss" else mean(values)


def train_texts(rows: "SearchRows", job: Job, options: SearchOptions) -> dict[str, Any]:
    """Trains a job of a text application, and measures what it was asked to."""
    settings = dataclasses.replace(job.settings, unlabelled=())  # read once, after the search
    prepared = rows.prepared(job.repeat, settings)
    strategy = prepare_devices(
        seed=settings.seed,
        deterministic=settings.deterministic,
        mixed_precision=settings.mixed_precision,
    )
    tasks = rows.tasks(settings)
    trained = train_heads(settings, tasks, prepared, strategy=strategy, folder=None)
    texts = prepared.data.validation.texts
    predictions = predict_rows(tasks, trained.outputs, trained.validation, texts)
    metrics = measure(predictions, tasks)
    objective = objective_of(metrics, options.objective)
    if not np.isfinite(objective):
        msg = "`--learning-rate` must let the training converge. Received: "
        raise DivergenceError(f"{msg}{settings.learning_rate}. {options.objective} is {objective}.")
    cost = _cost(options.cost, prepared, trained, tasks)
    return {
        "status": "completed",
        "score": objective - options.cost_weight * (cost or 0.0),
        "objective": objective,
        "cost": cost,
        "metrics": metrics,
        "history": trained.history,
    }


def _cost(
    kind: str, prepared: PreparedTexts, trained: TrainedHeads, tasks: Sequence[Task]
) -> float | None:
    if kind == "none":
        return None
    model = answering_model(prepared.front.layer(), trained.heads, tasks)
    if kind == "size":
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.keras"
            model.save(path)
            return round(path.stat().st_size / 1e6, 3)
    return _latency(model, prepared.data.validation.texts)


def _latency(model: keras.Model, texts: Sequence[str]) -> float:
    """Returns the median milliseconds of the answer to one text."""
    answer = compiled_answers(model)
    seconds = []
    for number in range(_TIMED_CALLS + 5):
        text = tf.constant([texts[number % len(texts)]])
        start = time.perf_counter()
        for value in answer(text).values():
            value.numpy()
        seconds.append(time.perf_counter() - start)
    return round(1000 * median(seconds[5:]), 4)


def _failed(error: Exception) -> dict[str, Any]:
    return {"status": "failed", "message": f"{type(error).__name__}: {shown(error, 300)}"}
