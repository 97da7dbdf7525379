"""One of several classes, or none of them."""

from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from dlkit.evaluation.calibration import (
    fit_temperature,
    rejection_threshold,
    rejection_threshold_with_outliers,
)
from dlkit.evaluation.predictions import ClassPredictions
from dlkit.tasks.base import Task
from dlkit.tasks.losses import ScopedAccuracy, ScopedCrossentropy

ClassWeights = Literal["none", "sqrt", "balanced"]
_POWERS = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}

OUT_OF_SCOPE = -1
"""The target of rows that belong to none of the classes."""


@keras.saving.register_keras_serializable("dlkit")
class Classification(Task):
    """Softmax over classes, with a calibrated confidence and a threshold below which to abstain.

    Args:
        name: See `Task`.
        classes: The labels; `adapt` sets them where none are given.
        out_of_scope_label: The label of rows that belong to no class: they teach the network to
            be unsure and set the threshold, but are no class of their own.
        label_smoothing: See `ScopedCrossentropy`.
        class_weights: "balanced" weighs a row by the inverse frequency of its class, "sqrt" by
            the square root of that, "none" not.
        false_rejection_rate: Share of validation rows that the threshold may reject, where no
            out-of-scope rows say better.
        temperature: Divides the logits (Guo et al., "On calibration of modern neural networks",
            2017); `calibrate` sets it.
        threshold: Answers less confident than this are out of scope; `calibrate` sets it.

    Example:
    ```python
    task = Classification(name="label", classes=["refund", "delivery"])
    outputs = task.head(keras.Input((64,)))  # (batch, 2) logits
    ```
    """

    def __init__(
        self,
        *,
        name: str,
        classes: Sequence[str] = (),
        out_of_scope_label: str | None = None,
        label_smoothing: float = 0.1,
        class_weights: ClassWeights = "none",
        false_rejection_rate: float = 0.05,
        temperature: float = 1.0,
        threshold: float = 0.0,
    ) -> None:
        super().__init__(name=name)
        self.classes = tuple(classes)
        self.out_of_scope_label = out_of_scope_label
        self.label_smoothing = label_smoothing
        self.class_weights = class_weights
        self.false_rejection_rate = false_rejection_rate
        self.temperature = temperature
        self.threshold = threshold

    def adapt(self, values: Sequence[str | None]) -> None:
        """Takes the classes from a column of labels, in sorted order."""
        self.classes = tuple(
            sorted({v for v in values if v is not None and v != self.out_of_scope_label})
        )

    def encode(self, values: Sequence[str | None]) -> np.ndarray:
        """Returns int32 `(rows,)`: the index of the class, or -1 for rows out of scope."""
        index = {label: i for i, label in enumerate(self.classes)}
        return np.array([index.get(value or "", OUT_OF_SCOPE) for value in values], np.int32)

    def head(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Returns logits `(batch, classes)`, in float32 under mixed precision too."""
        dense = keras.layers.Dense(len(self.classes), dtype="float32", name=f"{self.name}_logits")
        return dense(features)

    @property
    def loss(self) -> keras.losses.Loss:
        """Cross-entropy with label smoothing."""
        return ScopedCrossentropy(label_smoothing=self.label_smoothing)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The accuracy over rows that have a class."""
        return [ScopedAccuracy()]

    def weights(self, targets: np.ndarray) -> np.ndarray:
        """Returns a power of the inverse frequency of each row's class, with mean 1."""
        weights = np.ones(len(targets), np.float32)
        known = targets >= 0
        if known.any():
            frequency = np.bincount(targets[known])[targets[known]].astype(np.float32)
            rare = frequency ** -_POWERS[self.class_weights]
            weights[known] = rare / rare.mean()
        return weights

    def calibrate(self, outputs: np.ndarray, targets: np.ndarray) -> None:
        """Sets temperature and threshold from logits `(rows, classes)` on validation rows."""
        known = targets >= 0
        self.temperature = fit_temperature(outputs[known], targets[known])
        confidence = tf.nn.softmax(outputs / self.temperature).numpy().max(-1)
        if known.all() or not known.any():
            self.threshold = rejection_threshold(
                confidence[known], false_rejection_rate=self.false_rejection_rate
            )
        else:
            self.threshold = rejection_threshold_with_outliers(
                confidence[known], confidence[~known]
            )

    def decode(self, outputs: Any) -> dict[str, Any]:
        """Returns label, confidence, out_of_scope `(batch,)` and probabilities `(batch, n)`."""
        probabilities = tf.nn.softmax(tf.cast(outputs, tf.float32) / self.temperature)
        confidence = tf.reduce_max(probabilities, -1)
        return {
            "label": tf.gather(tf.constant(self.classes), tf.argmax(probabilities, -1)),
            "confidence": confidence,
            "out_of_scope": confidence < self.threshold,
            "probabilities": probabilities,
        }

    def predictions(
        self, answers: dict[str, np.ndarray], targets: np.ndarray, texts: Sequence[str]
    ) -> ClassPredictions:
        """Returns the predictions with logits from the calibrated probabilities."""
        logits = np.log(np.maximum(answers["probabilities"], np.finfo(np.float32).tiny))
        return ClassPredictions(self.name, self.classes, targets.astype(np.int64), logits, texts)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal task."""
        return {
            **super().get_config(),
            "classes": list(self.classes),
            "out_of_scope_label": self.out_of_scope_label,
            "label_smoothing": self.label_smoothing,
            "class_weights": self.class_weights,
            "false_rejection_rate": self.false_rejection_rate,
            "temperature": float(self.temperature),
            "threshold": float(self.threshold),
        }
