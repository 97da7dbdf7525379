"""A table of vectors that takes a byte a number."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlkit")
class QuantizedEmbedding(keras.layers.Layer):
    """Looks up vectors of bytes, each with a scale and an offset that make numbers of them.

    The table stays as it is in memory and in every file, a quarter of one of numbers. It does not
    learn.

    Args:
        count: Number of ids.
        units: Size of the vectors.
    """

    def __init__(self, count: int, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = count
        self.units = units

    def build(self, ids_shape: tuple) -> None:
        """Makes the table, and the scale and the offset of each row."""
        shape, fixed = (self.count, self.units), {"trainable": False}
        self.table = self.add_weight(
            shape=shape, dtype="uint8", initializer="zeros", name="table", autocast=False, **fixed
        )
        self.scale = self.add_weight(
            shape=(self.count, 1), initializer="ones", name="scale", **fixed
        )
        # Without weights that somebody loads, rows differ by their offset.
        self.offset = self.add_weight(
            shape=(self.count, 1), initializer="uniform", name="offset", **fixed
        )

    def call(self, ids: Any) -> Any:
        """From int `(batch, ...)` to float `(batch, ..., units)`."""
        vectors = ops.cast(ops.take(self.table, ids, axis=0), self.compute_dtype)
        vectors = vectors * ops.take(self.scale, ids, axis=0)
        return vectors + ops.take(self.offset, ids, axis=0)

    def compute_output_shape(self, ids_shape: tuple) -> tuple:
        """Returns `(batch, ..., units)`."""
        return (*ids_shape, self.units)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "count": self.count, "units": self.units}
