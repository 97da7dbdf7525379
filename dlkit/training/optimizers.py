"""The optimizer of networks with large embedding tables."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("dlkit")
class TableAdam(keras.optimizers.AdamW):
    """AdamW that touches only the rows of an embedding table that the batch used.

    Dense Adam (Kingma and Ba, 2015; decoupled decay: Loshchilov and Hutter, 2019) reads and
    writes every row of a table and of its moments at each step. Here the moments of a row decay
    when the row is used, and tables have no weight decay.

    Adam moves the vector of a rare row as far as that of a frequent one. In the table of a linear
    model, marked by `damp_rare_rows = True` on its variable, that learns the training rows by
    heart. There a row's gradient is divided by the root of its own mean square or of the table's
    mean square, whichever is larger, and has no momentum: frequent rows take Adam's steps, rare
    ones the smaller steps of plain gradient descent.

    A variable with `rate_factor` learns at so many times the learning rate; its decay does not
    change.
    """

    def build(self, variables: list[Any]) -> None:
        """Adds one mean square a table to the moments, and keeps decay off the tables."""
        if not self.built:
            # Even a decay of zero would read and write them whole.
            self.exclude_from_weight_decay(
                [variable for variable in variables if hasattr(variable, "damp_rare_rows")]
            )
            super().build(variables)
            self._table_squares = [
                self.add_variable((), initializer="zeros", name=f"table_square_{index}")
                for index in range(len(variables))
            ]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable, or the rows of a table that have a gradient."""
        index = self._get_variable_index(variable)
        learning_rate *= getattr(self._trainable_variables[index], "rate_factor", 1.0)
        if not isinstance(gradient, tf.IndexedSlices):
            super().update_step(gradient, variable, learning_rate)
            return
        rows, position = tf.unique(gradient.indices)
        gradient = tf.math.unsorted_segment_sum(gradient.values, position, tf.size(rows))
        mean, square = self._momentums[index], self._velocities[index]
        step = tf.cast(self.iterations + 1, tf.float32)

        mean_rows = self.beta_1 * tf.gather(mean.value, rows) + (1 - self.beta_1) * gradient
        square_rows = self.beta_2 * tf.gather(square.value, rows)
        square_rows += (1 - self.beta_2) * tf.square(gradient)
        self.assign(mean, tf.IndexedSlices(mean_rows, rows))
        self.assign(square, tf.IndexedSlices(square_rows, rows))
        if getattr(self._trainable_variables[index], "damp_rare_rows", False):
            table_square = self._table_squares[index]
            of_table = self.beta_2 * table_square
            of_table += (1 - self.beta_2) * tf.reduce_mean(tf.square(gradient))
            self.assign(table_square, of_table)
            mean_rows, square_rows = gradient, tf.maximum(square_rows, of_table)
        else:
            mean_rows /= 1 - self.beta_1**step

        scale = tf.sqrt(square_rows / (1 - self.beta_2**step)) + self.epsilon
        update = tf.cast(learning_rate, gradient.dtype) * mean_rows / scale
        self.assign_sub(variable, tf.IndexedSlices(update, rows))
