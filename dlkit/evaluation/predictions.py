"""What a model said about labelled rows: the one input of metrics, calibration and reports."""

import dataclasses
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from scipy.special import softmax

from dlkit.errors import InputError


@dataclasses.dataclass(frozen=True, eq=False)
class ClassPredictions:
    """The answers of one classification head.

    Args:
        name: Name of the head.
        classes: Names of the `c` classes, in the order of the logits.
        labels: int64 `(n,)`, index of the true class; -1 where the row has none.
        logits: float32 `(n, c)`, before the softmax.
        texts: `n` strings that show the rows to a reader.
        scope: float32 `(n,)`, how much each row looks in scope; without it the confidence.
        answered: int64 `(n,)`, index of the class that was answered; without it the most probable.
        pictures: uint8 `(n, height, width, channels)`, where the rows are images.

    Raises:
        ValueError: The lengths do not fit together, or a label is no class.
        InputError: A logit is not a number: the training diverged.
    """

    name: str
    classes: tuple[str, ...]
    labels: np.ndarray
    logits: np.ndarray
    texts: Sequence[str]
    scope: np.ndarray | None = None
    answered: np.ndarray | None = None
    pictures: np.ndarray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(self.classes))
        object.__setattr__(self, "labels", np.asarray(self.labels, np.int64))
        object.__setattr__(self, "logits", np.asarray(self.logits, np.float32))
        shape = (len(self.texts), len(self.classes))
        if not self.classes:
            raise ValueError(f"`classes` of {self.name!r} must name at least one class. Got none.")
        _check_shape(self.name, "labels", self.labels, shape[:1])
        _check_shape(self.name, "logits", self.logits, shape)
        if self.scope is not None:
            object.__setattr__(self, "scope", np.asarray(self.scope, np.float32))
            _check_shape(self.name, "scope", self.scope, shape[:1])
        if self.answered is not None:
            _check_shape(self.name, "answered", self.answered, shape[:1])
        if len(self.labels) and not -1 <= self.labels.min() <= self.labels.max() < shape[1]:
            raise ValueError(
                f"`labels` of {self.name!r} must be between -1 (missing) and {shape[1] - 1}. "
                f"Got values from {self.labels.min()} to {self.labels.max()}."
            )
        _check_numbers(self.name, "logits", self.logits.max(axis=1))

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Softmax of the logits: float64 `(n, c)`."""
        return softmax(self.logits.astype(np.float64), axis=1)

    @cached_property
    def predicted(self) -> np.ndarray:
        """Index of the answered class: int64 `(n,)`."""
        return self.logits.argmax(axis=1) if self.answered is None else self.answered

    @cached_property
    def confidence(self) -> np.ndarray:
        """Probability of the predicted class: float64 `(n,)`."""
        return np.take_along_axis(self.probabilities, self.predicted[:, None], axis=1)[:, 0]

    @cached_property
    def scope_score(self) -> np.ndarray:
        """How much each row looks in scope: float `(n,)`."""
        return self.confidence if self.scope is None else self.scope

    def known(self) -> "ClassPredictions":
        """Returns the rows that have a label."""
        rows = np.flatnonzero(self.labels >= 0)
        if len(rows) == len(self.labels):
            return self
        texts = [self.texts[row] for row in rows.tolist()]
        given = {
            name: value[rows]
            for name in ("scope", "answered", "pictures")
            if (value := getattr(self, name)) is not None
        }
        labels, logits = self.labels[rows], self.logits[rows]
        return dataclasses.replace(self, labels=labels, logits=logits, texts=texts, **given)


@dataclasses.dataclass(frozen=True, eq=False)
class ValuePredictions:
    """The answers of one regression head.

    Args:
        name: Name of the head.
        targets: float32 `(n,)`, the true values; nan where the row has none.
        predictions: float32 `(n,)`.
        texts: `n` strings that show the rows to a reader.
        half_width: Of the intervals around the predictions, in the unit of the targets.

    Raises:
        ValueError: The lengths do not fit together.
        InputError: A prediction is not a number: the training diverged.
    """

    name: str
    targets: np.ndarray
    predictions: np.ndarray
    texts: Sequence[str]
    half_width: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "targets", np.asarray(self.targets, np.float32))
        object.__setattr__(self, "predictions", np.asarray(self.predictions, np.float32))
        _check_shape(self.name, "targets", self.targets, (len(self.texts),))
        _check_shape(self.name, "predictions", self.predictions, (len(self.texts),))
        _check_numbers(self.name, "predictions", self.predictions)

    def known(self) -> "ValuePredictions":
        """Returns the rows that have a target."""
        rows = np.flatnonzero(~np.isnan(self.targets))
        if len(rows) == len(self.targets):
            return self
        texts = [self.texts[row] for row in rows.tolist()]
        return dataclasses.replace(
            self, targets=self.targets[rows], predictions=self.predictions[rows], texts=texts
        )


def _check_shape(name: str, argument: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise ValueError(
            f"`{argument}` of {name!r} must have the shape {shape}, as `texts` and `classes` say. "
            f"Got {values.shape}."
        )


def _check_numbers(name: str, argument: str, values: np.ndarray) -> None:
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise InputError(
            f"`{argument}` of {name!r} must be numbers. Got {values[bad[0]]} in row {bad[0]} and "
            f"{len(bad)} such rows: the training diverged; lower the learning rate."
        )


Predictions = ClassPredictions | ValuePredictions
"""The answers of one head, of either kind."""
