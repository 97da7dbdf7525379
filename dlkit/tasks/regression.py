"""A number, and the interval in which it lies."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.data.validation import check_numbers
from dlkit.evaluation.intervals import conformal_quantile
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
        coverage: Share of the rows whose number is to lie in its interval.
        half_width: Of the intervals, in units of the targets; `calibrate` sets it.
    """

    def __init__(
        self,
        *,
        name: str,
        mean: float = 0.0,
        scale: float = 1.0,
        delta: float = 1.0,
        coverage: float = 0.9,
        half_width: float | None = None,
    ) -> None:
        super().__init__(name=name)
        self.mean = mean
        self.scale = scale
        self.delta = delta
        self.coverage = coverage
        self.half_width = half_width

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

    def calibrate(self, outputs: np.ndarray, targets: np.ndarray) -> None:
        """Sets the width of the intervals from outputs `(rows, 1)` on validation rows."""
        self.half_width = self.scale * conformal_quantile(
            np.abs(outputs[:, 0] - targets), coverage=self.coverage
        )

    def decode(self, outputs: Any) -> dict[str, Any]:
        """Returns value float32 `(batch,)` in the units of the training rows.

        Once calibrated, `lower` and `upper` `(batch,)` are the ends of its interval.
        """
        value = tf.cast(outputs, tf.float32)[:, 0] * self.scale + self.mean
        if self.half_width is None:
            return {"value": value}
        return {"value": value, "lower": value - self.half_width, "upper": value + self.half_width}

    def predictions(
        self, answers: dict[str, np.ndarray], targets: np.ndarray, texts: Sequence[str]
    ) -> ValuePredictions:
        """Returns the predictions in the units of the training rows."""
        targets = (targets * self.scale + self.mean).astype(np.float32)
        return ValuePredictions(self.name, targets, answers["value"], texts, self.half_width)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal task."""
        return {
            **super().get_config(),
            "mean": self.mean,
            "scale": self.scale,
            "delta": self.delta,
            "coverage": self.coverage,
            "half_width": self.half_width,
        }


def _numbers(values: Sequence[str | None], name: str) -> np.ndarray:
    """Returns float32 `(rows,)` with nan where there is none."""
    numbers = np.full(len(values), np.nan, np.float32)
    present = np.array([value is not None for value in values], bool)
    given = [value for value in values if value is not None]
    numbers[present] = check_numbers(given, name=name, source="")
    return numbers
