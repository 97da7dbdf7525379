"""Dense layers of several networks side by side, none of which sees another's weights."""

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlkit")
class MemberDense(keras.layers.Layer):
    """Gives each member of an ensemble a dense layer of its own, in one product of matrices.

    Weights start uniformly within `1 / sqrt(inputs)`, different for each member.

    Args:
        units: Size of the outputs of each member.
    """

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, inputs_shape: tuple) -> None:
        """Makes kernels `(members, inputs, units)` and biases `(members, 1, units)`."""
        _, members, size = inputs_shape
        bound = 1 / math.sqrt(max(size, 1))
        draw = keras.initializers.RandomUniform(-bound, bound)
        shape = (members, size, self.units)
        self.kernel = self.add_weight(shape=shape, initializer=draw, name="kernel")
        shape = (members, 1, self.units)
        self.bias = self.add_weight(shape=shape, initializer=draw.clone(), name="bias")

    def call(self, inputs: Any) -> Any:
        """From float `(batch, members, inputs)` to `(batch, members, units)`."""
        by_member = ops.transpose(inputs, (1, 0, 2))  # (members, batch, inputs)
        return ops.transpose(ops.matmul(by_member, self.kernel) + self.bias, (1, 0, 2))

    def compute_output_shape(self, inputs_shape: tuple) -> tuple:
        """Returns `(batch, members, units)`."""
        return (*inputs_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "units": self.units}
