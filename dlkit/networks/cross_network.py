"""Products of features, learned."""

from typing import Any

import keras
from keras import ops

from dlkit.networks.arguments import check_count, check_dropout, check_shape


@keras.saving.register_keras_serializable("dlkit")
class Cross(keras.layers.Layer):
    """Adds to a row its products with what a dense layer makes of it: x0 * (W x + b) + x."""

    def build(self, first_shape: tuple, steps_shape: tuple) -> None:
        """Makes the weights, small, so that the layer starts near to giving what it gets."""
        size = first_shape[-1]
        small = keras.initializers.RandomNormal(0.01)
        self.kernel = self.add_weight(shape=(size, size), initializer=small, name="kernel")
        self.bias = self.add_weight(shape=(size,), initializer="zeros", name="bias")

    def call(self, first: Any, steps: Any) -> Any:
        """Returns `(batch, columns)` from the first row x0 and the latest one x."""
        return first * (ops.matmul(steps, self.kernel) + self.bias) + steps

    def compute_output_shape(self, first_shape: tuple, steps_shape: tuple) -> tuple:
        """Returns the shape of a row."""
        return steps_shape


def cross_network(
    *,
    input_shape: tuple[int],
    crosses: int = 2,
    units: int = 32,
    dropout: float = 0.0,
    name: str = "cross_network",
) -> keras.Model:
    """Products of columns, and beside them a dense layer.

    Wang et al., "DCN V2: improved deep & cross network and practical lessons for web-scale learning
    to rank systems", 2021, in its parallel form.

    Args:
        input_shape: `(columns,)`.
        crosses: Layers of products: the highest power of a product is one more.
        units: Size of the dense layer.
        dropout: Share of the dense layer that training leaves out.
        name: Names the model.

    Returns:
        A model from float `(batch, columns)` to features `(batch, columns + units)`.

    Raises:
        InputError: If an argument is out of range.
    """
    check_shape(input_shape, axes=("columns",))
    check_count(crosses=crosses, units=units)
    check_dropout(dropout)

    inputs = keras.Input(input_shape, name="columns")

    x = inputs
    for i in range(crosses):
        x = Cross(name=f"{name}_cross_{i}")(inputs, x)
    dense = keras.layers.Dense(units, activation="gelu", name=f"{name}_dense")(inputs)
    dense = keras.layers.Dropout(dropout, name=f"{name}_dropout")(dense)
    x = keras.layers.Concatenate(name=f"{name}_features")([x, dense])

    return keras.Model(inputs, x, name=name)


def search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `cross_network` from KerasTuner hyperparameters."""
    return {
        "crosses": hp.Int("crosses", 1, 3, default=2),
        "units": hp.Choice("units", [16, 32, 64], default=32),
        "dropout": hp.Float("dropout", 0.0, 0.5, default=0.0),
    }
