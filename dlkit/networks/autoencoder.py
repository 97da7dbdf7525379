"""An autoencoder: a vector squeezed through a short code, and back."""

from collections.abc import Sequence
from typing import Any

import keras

from dlkit.networks.arguments import (
    check_activation,
    check_count,
    check_counts,
    check_dropout,
    check_shape,
)


def autoencoder(
    *,
    input_shape: tuple[int],
    units: Sequence[int] = (500, 500, 2000),
    code_units: int = 10,
    activation: str = "relu",
    dropout: float = 0.2,
    name: str = "autoencoder",
) -> keras.Model:
    """Dense layers down to a code, and their mirror image back up.

    Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural networks", 2006;
    learned from values with gaps: Vincent et al., "Stacked denoising autoencoders", 2010. The
    default sizes are those of Xie, Girshick and Farhadi, "Unsupervised deep embedding for
    clustering analysis", 2016.

    Args:
        input_shape: `(columns,)`.
        units: Size of each layer before the code; after it they come in reverse.
        code_units: Size of the code.
        activation: Name of a Keras activation of all layers but the code and the output.
        dropout: Share of the values that training leaves out of the input and of each layer, but
            not of the code.
        name: Names the model; the layer `<name>_code` gives the code.

    Returns:
        A model from float `(batch, columns)` to its reconstruction `(batch, columns)`.

    Raises:
        InputError: If an argument is out of range.

    Example:
    ```python
    model = autoencoder(input_shape=(384,), units=(256,), code_units=16)
    encoder = keras.Model(model.input, model.get_layer("autoencoder_code").output)
    ```
    """
    check_shape(input_shape, axes=("columns",))
    check_counts(units=units)
    check_count(code_units=code_units)
    check_activation(activation)
    check_dropout(dropout)

    inputs = keras.Input(input_shape, name="columns")

    x = keras.layers.Dropout(dropout, name=f"{name}_input_dropout")(inputs)
    for i, size in enumerate(units):
        x = keras.layers.Dense(size, activation=activation, name=f"{name}_down_{i}")(x)
        x = keras.layers.Dropout(dropout, name=f"{name}_down_dropout_{i}")(x)
    x = keras.layers.Dense(code_units, name=f"{name}_code")(x)
    for i, size in reversed(list(enumerate(units))):
        x = keras.layers.Dense(size, activation=activation, name=f"{name}_up_{i}")(x)
        x = keras.layers.Dropout(dropout, name=f"{name}_up_dropout_{i}")(x)
    outputs = keras.layers.Dense(input_shape[0], name=f"{name}_columns")(x)

    return keras.Model(inputs, outputs, name=name)


def search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `autoencoder` from KerasTuner hyperparameters."""
    sizes = {"large": (500, 500, 2000), "middle": (500, 250), "small": (128,)}
    return {
        "units": sizes[hp.Choice("units", list(sizes), default="large")],
        "code_units": hp.Choice("code_units", [5, 10, 20, 50], default=10),
        "activation": hp.Choice("activation", ["relu", "gelu"], default="relu"),
        "dropout": hp.Float("dropout", 0.0, 0.5, default=0.2),
    }
