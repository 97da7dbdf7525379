"""A task that several networks learn side by side, each from rows of its own."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from dlkit.evaluation.predictions import Predictions
from dlkit.networks.member_dense import MemberDense
from dlkit.tasks.base import Task


@keras.saving.register_keras_serializable("dlkit")
class Ensemble(Task):
    """Another task, with a head and a loss for each member; the answer is that to their mean.

    Each member is trained for itself: the loss of the mean would let them lean on each other. The
    weights of a row may be `(members,)`, so that members leave out different rows.

    Args:
        task: What the members learn.
    """

    def __init__(self, *, task: Task) -> None:
        super().__init__(name=task.name)
        self.task = task

    def adapt(self, values: Sequence[str | None]) -> None:
        """Adapts the task."""
        self.task.adapt(values)

    def encode(self, values: Sequence[str | None]) -> np.ndarray:
        """Returns the targets of the task."""
        return self.task.encode(values)

    def head(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Returns `(batch, members, size)` from features `(batch, members, feature_dim)`."""
        size = self.task.head(keras.Input((features.shape[-1],))).shape[-1]
        return MemberDense(size, dtype="float32", name=f"{self.name}_members")(features)

    @property
    def loss(self) -> keras.losses.Loss:
        """The loss of the task for each member."""
        return MemberLoss(self.task.loss)

    def weights(self, targets: np.ndarray) -> np.ndarray:
        """Returns the weights of the task."""
        return self.task.weights(targets)

    def calibrate(self, outputs: np.ndarray, targets: np.ndarray) -> None:
        """Calibrates the task on the mean of outputs `(rows, members, size)`."""
        self.task.calibrate(outputs.mean(1), targets)

    def decode(self, outputs: Any) -> dict[str, Any]:
        """Returns the answers of the task to the mean of outputs `(batch, members, size)`."""
        return self.task.decode(ops.mean(outputs, 1))

    def predictions(
        self, answers: dict[str, np.ndarray], targets: np.ndarray, texts: Sequence[str]
    ) -> Predictions:
        """Returns the predictions of the task."""
        return self.task.predictions(answers, targets, texts)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal task."""
        return {"task": keras.saving.serialize_keras_object(self.task)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Ensemble":
        """Makes the task that `get_config` described."""
        return cls(task=keras.saving.deserialize_keras_object(config["task"]))


@keras.saving.register_keras_serializable("dlkit")
class MemberLoss(keras.losses.Loss):
    """Another loss, of the outputs of each member.

    Args:
        loss: Of targets `(batch,)` and outputs `(batch, size)`.
    """

    def __init__(self, loss: keras.losses.Loss, *, name: str = "members", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.loss = loss

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns `(batch, members)` of targets `(batch,)` and `(batch, members, size)`."""
        _, members, size = y_pred.shape
        targets = ops.repeat(ops.reshape(y_true, (-1,)), members)
        losses = self.loss.call(targets, ops.reshape(y_pred, (-1, size)))
        return ops.reshape(losses, (-1, members))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal loss."""
        return {**super().get_config(), "loss": keras.saving.serialize_keras_object(self.loss)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "MemberLoss":
        """Makes the loss that `get_config` described."""
        loss = keras.saving.deserialize_keras_object(config.pop("loss"))
        return cls(loss, **config)
