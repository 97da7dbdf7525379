"""A multilayer perceptron over a vector."""

from collections.abc import Sequence
from typing import Any, Literal

import keras

from dlkit.networks.arguments import (
    check_activation,
    check_choice,
    check_counts,
    check_dropout,
    check_shape,
)


def mlp(
    *,
    input_shape: tuple[int],
    units: Sequence[int] = (256, 128),
    activation: str = "relu",
    normalization: Literal["none", "batch", "layer"] = "none",
    dropout: float = 0.2,
    name: str = "mlp",
) -> keras.Model:
    """Dense layers, each followed by normalization, activation and dropout.

    Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors", 1986.

    Args:
        input_shape: `(columns,)`.
        units: Size of each layer.
        activation: Name of a Keras activation.
        normalization: What normalizes the values before each activation.
        dropout: Share of the values that training leaves out after each layer.
        name: Names the model.

    Returns:
        A model from float `(batch, columns)` to features `(batch, units[-1])`.

    Raises:
        InputError: If an argument is out of range.

    Example:
    ```python
    body = mlp(input_shape=(13,), units=(64, 32), normalization="layer")
    ```
    """
    check_shape(input_shape, axes=("columns",))
    check_counts(units=units)
    check_activation(activation)
    check_choice(("none", "batch", "layer"), normalization=normalization)
    check_dropout(dropout)

    inputs = keras.Input(input_shape, name="columns")

    x = inputs
    for i, size in enumerate(units):
        x = keras.layers.Dense(size, name=f"{name}_dense_{i}")(x)
        if normalization == "batch":
            x = keras.layers.BatchNormalization(name=f"{name}_normalization_{i}")(x)
        if normalization == "layer":
            x = keras.layers.LayerNormalization(name=f"{name}_normalization_{i}")(x)
        x = keras.layers.Activation(activation, name=f"{name}_activation_{i}")(x)
        x = keras.layers.Dropout(dropout, name=f"{name}_dropout_{i}")(x)

    return keras.Model(inputs, x, name=name)


def search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `mlp` from KerasTuner hyperparameters."""
    width = hp.Choice("units", [64, 128, 256, 512], default=256)
    return {
        "units": tuple(width // 2**i for i in range(hp.Int("layers", 1, 4, default=2))),
        "activation": hp.Choice("activation", ["relu", "gelu"], default="relu"),
        "normalization": hp.Choice("normalization", ["none", "batch", "layer"], default="none"),
        "dropout": hp.Float("dropout", 0.0, 0.7, default=0.2),
    }
