"""Several small multilayer perceptrons side by side."""

from collections.abc import Sequence

import keras

from dlkit.networks.arguments import check_activation, check_counts, check_dropout, check_shape
from dlkit.networks.member_dense import MemberDense


def mlp_ensemble(
    *,
    input_shape: tuple[int, int],
    units: Sequence[int] = (64,),
    activation: str = "relu",
    dropout: float = 0.5,
    name: str = "mlp_ensemble",
) -> keras.Model:
    """Dense layers, each followed by activation and dropout, for each member of an ensemble.

    The mean of many small networks predicts better than one large one (Lakshminarayanan, Pritzel
    and Blundell, "Simple and scalable predictive uncertainty estimation using deep ensembles",
    2017), and trained side by side they take little longer than one (as in Gorishniy et al.,
    "TabM", 2024). They share no weight, so that a member knows nothing of the rows that only
    others learned from.

    Args:
        input_shape: `(members, columns)`.
        units: Size of each layer.
        activation: Name of a Keras activation.
        dropout: Share of the values that training leaves out after each layer.
        name: Names the model.

    Returns:
        A model from float `(batch, members, columns)` to features `(batch, members, units[-1])`.

    Raises:
        InputError: If an argument is out of range.

    Example:
    ```python
    body = mlp_ensemble(input_shape=(16, 13), units=(64, 64))
    ```
    """
    check_shape(input_shape, axes=("members", "columns"))
    check_counts(units=units)
    check_activation(activation)
    check_dropout(dropout)

    inputs = keras.Input(input_shape, name="members")

    x = inputs
    for i, size in enumerate(units):
        x = MemberDense(size, name=f"{name}_dense_{i}")(x)
        x = keras.layers.Activation(activation, name=f"{name}_activation_{i}")(x)
        x = keras.layers.Dropout(dropout, name=f"{name}_dropout_{i}")(x)

    return keras.Model(inputs, x, name=name)
