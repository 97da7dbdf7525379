"""What a set of vectors says together, whatever their order."""

from typing import Any

import keras
from keras import ops

from dlkit.networks.arguments import check_count, check_dropout, check_shape
from dlkit.networks.filled_steps import FilledSteps


@keras.saving.register_keras_serializable("dlkit")
class RootMeanSum(keras.layers.Layer):
    """The sum of the valid steps, over the root of their number.

    A sum grows with the set, a mean of many vectors vanishes; this keeps its length.
    """

    def call(self, steps: Any, valid: Any) -> Any:
        """Returns `(batch, channels)` from `(batch, steps, channels)` and bool `(batch, steps)`."""
        valid = ops.cast(valid, steps.dtype)[..., None]
        return ops.sum(steps * valid, 1) / ops.sqrt(ops.maximum(ops.sum(valid, 1), 1))

    def compute_output_shape(self, steps_shape: tuple, valid_shape: tuple) -> tuple:
        """Returns `(batch, channels)`."""
        return (steps_shape[0], steps_shape[-1])


def set_encoder(
    *,
    input_shape: tuple[int | None, int],
    units: int = 512,
    dropout: float = 0.0,
    name: str = "set_encoder",
) -> keras.Model:
    """A sum of vectors, and what a dense layer adds to it.

    Zaheer et al., "Deep sets", 2017. Without the dense layer, and with the same vectors for what
    is given and what is scored, it is the linear autoencoder of Vancura et al., "Scalable linear
    shallow autoencoder for collaborative filtering", 2022.

    Args:
        input_shape: `(steps or None, channels)`.
        units: Size of the dense layer.
        dropout: Share of the values that training leaves out of the sum.
        name: Names the model.

    Returns:
        A model from float `(batch, steps, channels)`, padded with zero vectors, to features
        `(batch, channels)`.

    Raises:
        InputError: If an argument is out of range.
    """
    check_shape(input_shape, axes=("steps", "channels"), free=1)
    check_count(units=units)
    check_dropout(dropout)

    inputs = keras.Input(input_shape, name="steps")

    valid = FilledSteps(name=f"{name}_filled")(inputs)
    x = RootMeanSum(name=f"{name}_sum")(inputs, valid)
    x = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
    more = keras.layers.Dense(units, activation="gelu", name=f"{name}_dense")(x)
    more = keras.layers.Dense(
        input_shape[-1],
        kernel_initializer=keras.initializers.RandomNormal(0.01),
        name=f"{name}_more",
    )(more)
    x = keras.layers.Add(name=f"{name}_residual")([x, more])

    return keras.Model(inputs, x, name=name)


def search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `set_encoder` from KerasTuner hyperparameters."""
    return {
        "units": hp.Choice("units", [128, 256, 512], default=512),
        "dropout": hp.Float("dropout", 0.0, 0.5, default=0.0),
    }
