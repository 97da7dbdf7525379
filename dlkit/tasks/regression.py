"""A number."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.data.validation import check_numbers
from dlkit.evaluation.predictions import ValuePredictions
from dlkit.tasks.base import Task


@keras.saving.register_keras_serializable("dlkit")
class Regression(Task):
    """A number, learned in units of its spread over the training rows and answered in its own.

    Args:
        name: See `Task`.
        mean: Subtracted from the targets; `adapt` sets it.
        scale: Divides the targets; `adapt` sets it.
        delta: Errors larger than this, in units of the scale, count linearly (Huber, "Robust
            estimation of a location parameter", 1964).
    """

    def __init__(
        self, *, name: str, mean: float = 0.0, scale: float = 1.0, delta: float = 1.0
    ) -> None:
        super().__init__(name=name)
        self.mean = mean
        self.scale = scale
        self.delta = delta

    def adapt(self, values: Sequence[str | None]) -> None:
        """Takes mean and scale from a column of numbers."""
        numbers = _numbers(values, self.name)
        self.mean = float(np.nanmean(numbers))
        self.scale = float(np.nanstd(numbers)) or 1.0

    def encode(self, values: Sequence[str | None]) -> np.ndarray:
        """Returns float32 `(rows,)`, standardized; 0 where the number is missing."""
        return np.nan_to_num((_numbers(values, self.name) - self.mean) / self.scale)

    def head(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Returns standardized values `(batch, 1)`, in float32 under mixed precision too."""
        return keras.layers.Dense(1, dtype="float32", name=f"{self.name}_value")(features)

    @property
    def loss(self) -> keras.losses.Loss:
        """The Huber loss."""
        return keras.losses.Huber(delta=self.delta)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The mean absolute error, in units of the scale."""
        return [keras.metrics.MeanAbsoluteError(name="mae")]

    def decode(self, outputs: Any) -> dict[str, Any]:
        """Returns value float32 `(batch,)` in the units of the training rows."""
        return {"value": tf.cast(outputs, tf.float32)[:, 0] * self.scale + self.mean}

    def predictions(
        self, answers: dict[str, np.ndarray], targets: np.ndarray, texts: Sequence[str]
    ) -> ValuePredictions:
        """Returns the predictions in the units of the training rows."""
        targets = (targets * self.scale + self.mean).astype(np.float32)
        return ValuePredictions(self.name, targets, answers["value"], texts)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal task."""
        return {
            **super().get_config(),
            "mean": self.mean,
            "scale": self.scale,
            "delta": self.delta,
        }


def _numbers(values: Sequence[str | None], name: str) -> np.ndarray:
    """Returns float32 `(rows,)` with nan where there is none."""
    numbers = np.full(len(values), np.nan, np.float32)
    present = np.array([value is not None for value in values], bool)
    given = [value for value in values if value is not None]
    numbers[present] = check_numbers(given, name=name, source="")
    return numbers
