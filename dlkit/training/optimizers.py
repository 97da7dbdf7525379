"""The optimizer of networks with large embedding tables."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("dlkit")
class TableAdam(keras.optimizers.AdamW):
    """AdamW for dense variables; for embedding tables only the rows of the batch are touched.

    Adam (Kingma and Ba, 2015) takes steps of one size for every row, so that the vector of a rare
    n-gram moves as far as that of a frequent one and the table learns the training rows by heart;
    and it reads and writes the whole table at each step. Here a row's gradient is divided by the
    root of its own mean square or of the table's mean square, whichever is larger: frequent rows
    take Adam's steps, rare rows the smaller ones of plain gradient descent, as in a linear model.
    Rows have no momentum and no weight decay.
    """

    def build(self, variables: list[Any]) -> None:
        """Adds one mean square a table to the moments."""
        if not self.built:
            super().build(variables)
            self._table_squares = [
                self.add_variable((), initializer="zeros", name=f"table_square_{index}")
                for index in range(len(variables))
            ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable, or the rows of a table that have a gradient."""
        if not isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)
            return
        rows, position = tf.unique(gradient.indices)
        gradient = tf.math.unsorted_segment_sum(gradient.values, position, tf.size(rows))
        index = self._get_variable_index(variable)
        row_square, table_square = self._velocities[index], self._table_squares[index]
        step = tf.cast(self.iterations + 1, tf.float32)
        unbias = 1 / (1 - self.beta_2**step)

        square = tf.square(gradient)
        of_rows = self.beta_2 * tf.gather(row_square.value, rows) + (1 - self.beta_2) * square
        of_table = self.beta_2 * table_square + (1 - self.beta_2) * tf.reduce_mean(square)
        self.assign(row_square, tf.IndexedSlices(of_rows, rows))
        self.assign(table_square, of_table)

        scale = tf.sqrt(tf.maximum(of_rows, of_table) * unbias) + self.epsilon
        update = tf.cast(learning_rate, gradient.dtype) * gradient / scale
        self.assign_sub(variable, tf.IndexedSlices(update, rows))
