"""Attention of the steps of a sequence to each other."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlkit")
class SelfAttention(keras.layers.Layer):
    """Scaled dot-product attention with several heads, its three projections in one product.

    Vaswani et al., "Attention is all you need", 2017. `keras.layers.MultiHeadAttention` computes
    the same with a product for each projection, which costs more where sequences are short.

    Args:
        heads: Number of heads; divides the channels.
        dropout: Share of the weights of attention that training leaves out.
    """

    def __init__(self, heads: int, *, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.heads = heads
        self.dropout = keras.layers.Dropout(dropout, name="dropout")

    def build(self, steps_shape: tuple, valid_shape: tuple) -> None:
        """Makes the projections."""
        channels = steps_shape[-1]
        self.kernel = self.add_weight(shape=(channels, 3 * channels), name="kernel")
        self.bias = self.add_weight(shape=(3 * channels,), initializer="zeros", name="bias")
        self.output_kernel = self.add_weight(shape=(channels, channels), name="output_kernel")
        self.output_bias = self.add_weight(
            shape=(channels,), initializer="zeros", name="output_bias"
        )

    def call(self, steps: Any, valid: Any, training: bool = False) -> Any:
        """Lets every step attend to the valid ones of its sequence.

        Args:
            steps: float `(batch * steps, channels)`, see `FlattenSteps`.
            valid: bool `(batch, steps)`.
            training: Whether to drop weights of attention.

        Returns:
            float `(batch * steps, channels)`.
        """
        length, channels = ops.shape(valid)[1], steps.shape[-1]
        size = channels // self.heads
        joined = ops.add(ops.matmul(steps, self.kernel), self.bias)
        joined = ops.reshape(joined, (-1, length, 3 * self.heads, size))
        joined = ops.transpose(joined, (0, 2, 1, 3))
        query, key, value = ops.split(joined, 3, axis=1)  # (batch, heads, steps, size)
        scores = ops.matmul(query, ops.swapaxes(key, 2, 3)) * size**-0.5
        hidden = ops.cast(ops.logical_not(valid), scores.dtype)[:, None, None, :]
        weights = ops.softmax(scores + hidden * _lowest(scores.dtype))
        weights = self.dropout(weights, training=training)
        heads = ops.transpose(ops.matmul(weights, value), (0, 2, 1, 3))
        heads = ops.reshape(heads, (-1, channels))
        return ops.add(ops.matmul(heads, self.output_kernel), self.output_bias)

    def compute_output_shape(self, steps_shape: tuple, valid_shape: tuple) -> tuple:
        """Returns the shape of the steps."""
        return steps_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "heads": self.heads, "dropout": self.dropout.rate}


@keras.saving.register_keras_serializable("dlkit")
class FlattenSteps(keras.layers.Layer):
    """Puts the steps of all sequences one below the other.

    A dense layer is then one product of matrices. Over three axes it is surrounded by ops on
    shapes, on which a call with one short text spends much of its time.
    """

    def call(self, steps: Any) -> Any:
        """Returns `(batch * steps, channels)` from `(batch, steps, channels)`."""
        return ops.reshape(steps, (-1, steps.shape[-1]))

    def compute_output_shape(self, steps_shape: tuple) -> tuple:
        """Returns `(None, channels)`."""
        return (None, steps_shape[-1])


@keras.saving.register_keras_serializable("dlkit")
class RestoreSteps(keras.layers.Layer):
    """Undoes `FlattenSteps`."""

    def call(self, steps: Any, valid: Any) -> Any:
        """Returns `(batch, steps, channels)`, `(batch, steps)` as in bool `valid`."""
        return ops.reshape(steps, (-1, ops.shape(valid)[1], steps.shape[-1]))

    def compute_output_shape(self, steps_shape: tuple, valid_shape: tuple) -> tuple:
        """Returns `(batch, steps, channels)`."""
        return (*valid_shape, steps_shape[-1])


def _lowest(dtype: str) -> float:
    return -1e4 if dtype == "float16" else -1e9
