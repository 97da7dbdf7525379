"""What a task is: what the features of a network are for."""

import abc
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from dlkit.evaluation.predictions import Predictions


class Task(abc.ABC):
    """A head over features, its loss and metrics, and the meaning of its outputs.

    A task is one file: subclass, register with `keras.saving.register_keras_serializable`, and
    give the object to `dlkit.training.text.train_text_model`. Rows that lack the label of a task
    count for the others only.

    Args:
        name: Names the outputs of the head, the column of the labels and the metrics.
    """

    def __init__(self, *, name: str) -> None:
        self.name = name

    def adapt(self, values: Sequence[str | None]) -> None:  # noqa: B027  (optional)
        """Learns from the column of labels, before anything else is called."""

    @abc.abstractmethod
    def encode(self, values: Sequence[str | None]) -> np.ndarray:
        """Turns a column of labels into targets `(rows,)`; the value of a missing one is free."""

    @abc.abstractmethod
    def head(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Builds the outputs `(batch, ...)` from features `(batch, feature_dim)`."""

    @property
    @abc.abstractmethod
    def loss(self) -> keras.losses.Loss:
        """The loss between encoded targets and the outputs of the head."""

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """Weighted metrics to watch during training."""
        return []

    def weights(self, targets: np.ndarray) -> np.ndarray:
        """Returns float32 `(rows,)`, the weight of each row in the loss."""
        return np.ones(len(targets), np.float32)

    def calibrate(self, outputs: Any, targets: np.ndarray) -> None:  # noqa: B027
        """Sets what `decode` needs beside the weights, on validation rows with a label."""

    @property
    def calibration(self) -> dict[str, Any]:
        """What `calibrate` found, for `metrics.json`."""
        return {}

    @abc.abstractmethod
    def decode(self, outputs: Any) -> dict[str, Any]:
        """Turns outputs `(batch, ...)` into named answers `(batch, ...)`, in graph ops."""

    @abc.abstractmethod
    def predictions(
        self, answers: dict[str, np.ndarray], targets: np.ndarray, texts: Sequence[str]
    ) -> Predictions:
        """Pairs decoded answers with encoded targets, to measure them."""

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal task."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Task":
        """Makes the task that `get_config` described."""
        return cls(**config)
