"""Vectors of bags of ids: sub-words of a word, n-grams of a text."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlkit")
class EmbeddingBag(keras.layers.Layer):
    """Sums the vectors of a bag of ids, each times its weight; without weights, their mean.

    The id 0 fills up a bag and counts for nothing in a mean; with weights, its weight must be 0.

    Args:
        count: Number of ids.
        units: Size of the vectors.
        initializer: Of the table `(count, units)`.
    """

    def __init__(
        self, count: int, units: int, *, initializer: Any = "uniform", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.count = count
        self.units = units
        self.initializer = keras.initializers.get(initializer)

    def build(self, ids_shape: tuple, weights_shape: tuple | None = None) -> None:
        """Makes the table."""
        shape = (self.count, self.units)
        self.table = self.add_weight(shape=shape, initializer=self.initializer, name="table")
        # A weighted bag is a linear model, whose rare features must not learn single rows by heart.
        self.table.damp_rare_rows = weights_shape is not None  # read by TableAdam

    def call(self, ids: Any, weights: Any = None) -> Any:
        """From int `(batch, ..., n)` and float `(batch, ..., n)` to `(batch, ..., units)`."""
        vectors = ops.take(self.table, ids, axis=0)
        if weights is None:
            exists = ops.cast(ops.not_equal(ids, 0), vectors.dtype)
            weights = exists / ops.maximum(ops.sum(exists, -1, keepdims=True), 1)
        weights = ops.expand_dims(ops.cast(weights, vectors.dtype), -2)  # (batch, ..., 1, n)
        return ops.squeeze(ops.matmul(weights, vectors), -2)

    def compute_output_shape(self, ids_shape: tuple, weights_shape: tuple | None = None) -> tuple:
        """Returns `(batch, ..., units)`."""
        return (*ids_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {
            **super().get_config(),
            "count": self.count,
            "units": self.units,
            "initializer": keras.initializers.serialize(self.initializer),
        }
