"""The rows that a search learns from: all but the test rows, split once for each repeat."""

import dataclasses
import functools
import hashlib
import json
from typing import Any

import numpy as np
import pyarrow as pa

from dlkit.app import TextApp
from dlkit.data.text_rows import split_rows, take
from dlkit.settings import TextTraining
from dlkit.tasks import Task
from dlkit.training.prepared import PreparedTexts
from dlkit.training.text_data import (
    TextData,
    class_columns,
    read_checked_rows,
    read_other_rows,
)
from dlkit.training.text_front import network_arguments, without_unused_encoder
from dlkit.tuning.options import SearchOptions
from dlkit.tuning.trial import Job, run_guarded, train_texts

VALIDATION_SHARE = 0.25
"""A search compares many trainings by these rows, so they are more than `train` holds out."""

_KEPT = 3
"""Tokenized copies of the rows that are kept: of some lengths of text and some repeats."""


class SearchRows:
    """Rows read once, tokenized once for each text setting, and no test row among them.

    Args:
        app: The application.
        settings: Say what to read, and how to hold out the test rows that `train` would.

    Attributes:
        digest: Tells these rows from others.

    Raises:
        InputError: The files or their labels break a rule.
    """

    def __init__(self, app: TextApp, settings: TextTraining) -> None:
        self._app = app
        self._settings = settings
        tasks = list(app.tasks(settings))
        labels = app.label_columns(settings, tasks)
        table = read_checked_rows(settings, app.sources(settings), labels, tasks)
        split = split_rows(table, class_columns(tasks), settings)
        self._columns = {task.name: table[task.name].to_pylist() for task in tasks}
        self._table = table.take(np.sort(np.concatenate([split.train, split.validation])))
        self._validation: pa.Table | None = None
        if settings.validation_data:
            self._validation = read_other_rows(settings.validation_data, settings, labels, tasks)
        self._classes = class_columns(tasks)
        parts = [self._table, self._validation]
        content = [part.to_pydict() for part in parts if part is not None]
        self.digest = hashlib.sha256(json.dumps(content).encode()).hexdigest()
        self._encodings: dict[bytes, np.ndarray] = {}
        self._prepared = functools.lru_cache(_KEPT)(self._prepare)

    def tasks(self, settings: TextTraining) -> list[Task]:
        """Returns the tasks that have labels, made by these settings and adapted."""
        tasks = [task for task in self._app.tasks(settings) if task.name in self._columns]
        for task in tasks:
            task.adapt(self._columns[task.name])
        return tasks

    def split(self, repeat: int) -> TextData:
        """Splits into training and validation rows; each repeat has other validation rows."""
        names = list(self._columns)
        if self._validation is not None:
            train, validation = take(self._table, None, names), take(self._validation, None, names)
            return TextData(train, validation, None, [])
        settings = dataclasses.replace(
            self._settings,
            validation_fraction=self._settings.validation_fraction or VALIDATION_SHARE,
            test_fraction=0.0,
            split_seed=(self._settings.seed_of_splits + 7919 * repeat) % 2**31,
        )
        split = split_rows(self._table, self._classes, settings)
        train, validation = (
            take(self._table, rows, names) for rows in (split.train, split.validation)
        )
        return TextData(train, validation, None, [])

    def prepared(self, repeat: int, settings: TextTraining) -> PreparedTexts:
        """Returns the rows of a repeat as the settings read them; those of others if they agree."""
        return self._prepared(repeat, _reading(settings))

    def run(self, job: Job, options: SearchOptions) -> dict[str, Any]:
        """Trains a job and measures it."""
        return run_guarded(job, lambda: train_texts(self, job, options))

    def _prepare(self, repeat: int, settings: TextTraining) -> PreparedTexts:
        return PreparedTexts(self.split(repeat), settings, encodings=self._encodings)


def _reading(settings: TextTraining) -> TextTraining:
    """Leaves nothing but how texts are read."""
    settings = without_unused_encoder(settings)
    reading = type(settings)(max_words=settings.max_words)
    if not settings.pretrained:
        return reading
    deep = network_arguments(settings).get("deep")
    return dataclasses.replace(
        reading,
        network=settings.network,
        network_arguments=json.dumps({"deep": deep} if deep else {}),
        pretrained=settings.pretrained,
        freeze_encoder=settings.freeze_encoder,
    )
