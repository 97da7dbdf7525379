"""The optimizer of networks with large embedding tables."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("dlkit")
class LazyAdam(keras.optimizers.AdamW):
    """AdamW that, for an embedding table, touches only the rows that the batch used.

    Dense Adam (Kingma and Ba, 2015; decoupled decay: Loshchilov and Hutter, 2019) reads and
    writes every row of the table and of its two moments at each step, so that the step costs as
    much as the table is large. Here the moments of a row decay when the row is used. Weight
    decay is left out of such tables.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable; sparse gradients row by row."""
        if not isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)
            return
        rows, position = tf.unique(gradient.indices)
        gradient = tf.math.unsorted_segment_sum(gradient.values, position, tf.size(rows))
        index = self._get_variable_index(variable)
        mean, square = self._momentums[index], self._velocities[index]
        step = tf.cast(self.iterations + 1, gradient.dtype)
        beta_1, beta_2 = (tf.cast(beta, gradient.dtype) for beta in (self.beta_1, self.beta_2))
        rate = tf.cast(learning_rate, gradient.dtype)
        rate *= tf.sqrt(1 - beta_2**step) / (1 - beta_1**step)
        mean_rows = beta_1 * tf.gather(mean.value, rows) + (1 - beta_1) * gradient
        square_rows = beta_2 * tf.gather(square.value, rows) + (1 - beta_2) * tf.square(gradient)
        self.assign(mean, tf.IndexedSlices(mean_rows, rows))
        self.assign(square, tf.IndexedSlices(square_rows, rows))
        update = rate * mean_rows / (tf.sqrt(square_rows) + self.epsilon)
        self.assign_sub(variable, tf.IndexedSlices(update, rows))
