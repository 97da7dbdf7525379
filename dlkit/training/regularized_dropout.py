"""Heads whose answers are to depend little on what dropout leaves out."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from dlkit.tasks import Classification, Task


class AgreeingHeads(keras.Model):
    """Trains heads on two passes over the same rows, which are to agree.

    Each pass drops other units. The loss is the mean of theirs, and for each classification half
    of `weight` times the mean of the two Kullback-Leibler divergences between their probabilities
    (Liang et al., "R-Drop: regularized dropout for neural networks", 2021, whose loss is twice
    this one). Rows without a label of a task are to agree on it too.

    After `fit` the heads are used on their own.

    Args:
        heads: See `dlkit.tasks.join_heads`.
        tasks: The tasks, of which the classifications are to agree.
        weight: The alpha of the paper, which takes 1 to 5.
    """

    def __init__(self, heads: keras.Model, tasks: Sequence[Task], *, weight: float) -> None:
        super().__init__(name="agreeing_heads")
        self.heads = heads
        self.weight = weight
        self.agreeing = [task.name for task in tasks if isinstance(task, Classification)]
        self.divergence = keras.losses.KLDivergence()
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Returns the outputs of the heads."""
        return self.heads(inputs, training=training)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Improves the heads by two passes over the same rows."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            first, second = (self.heads(x, training=True) for _ in range(2))
            losses = [
                self.compute_loss(x=x, y=y, y_pred=outputs, sample_weight=weights)
                for outputs in (first, second)
            ]
            apart = [self._divergence(first[name], second[name]) for name in self.agreeing]
            loss = tf.add_n([*losses, *(self.weight * each for each in apart)]) / 2
            scaled = self.optimizer.scale_loss(loss)
        own = self.trainable_variables
        self.optimizer.apply(tape.gradient(scaled, own), own)
        self._loss_tracker.update_state(loss)
        return self.compute_metrics(x, y, first, sample_weight=weights)

    def _divergence(self, first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
        """Returns the mean of the divergences of logits `(batch, classes)`, either way."""
        left, right = tf.nn.softmax(first), tf.nn.softmax(second)
        return (self.divergence(left, right) + self.divergence(right, left)) / 2
