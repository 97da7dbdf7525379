"""The long short-term memory."""

from typing import Any, Literal

import keras

from dlkit.networks.arguments import check_shape
from dlkit.networks.pooling import StepMask
from dlkit.networks.rnn import check_recurrence, recur_steps, recurrence_search_space


def lstm(
    *,
    input_shape: tuple[int | None, int],
    units: int = 128,
    layers: int = 1,
    bidirectional: bool = True,
    pooling: Literal["max", "mean", "max_mean", "last"] = "max_mean",
    dropout: float = 0.3,
    name: str = "lstm",
) -> keras.Model:
    """Long short-term memory over the steps of a sequence, in both directions, pooled.

    Hochreiter and Schmidhuber, "Long short-term memory", 1997.

    Args:
        input_shape: `(steps or None, channels)`.
        units: Size of the state of each direction.
        layers: Recurrences on top of each other.
        bidirectional: Whether to read backwards too.
        pooling: How the steps become one vector.
        dropout: Share of the values that training leaves out between layers and of the features.
        name: Names the model.

    Returns:
        A model from float `(batch, steps, channels)`, padded with zero vectors, to features
        `(batch, units)`, twice that if bidirectional and twice again for "max_mean".

    Raises:
        InputError: If an argument is out of range.

    Example:
    ```python
    body = lstm(input_shape=(None, 64), units=32, pooling="last")
    ```
    """
    check_shape(input_shape, axes=("steps", "channels"), free=1)
    check_recurrence(units=units, layers=layers, pooling=pooling, dropout=dropout)

    inputs = keras.Input(input_shape, name="steps")

    steps, valid = StepMask(name=f"{name}_step_mask")(inputs)
    x = recur_steps(
        steps,
        valid,
        cell="lstm",
        units=units,
        layers=layers,
        bidirectional=bidirectional,
        pooling=pooling,
        dropout=dropout,
        name=name,
    )
    features = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)

    return keras.Model(inputs, features, name=name)


def search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `lstm` from KerasTuner hyperparameters."""
    return recurrence_search_space(hp)
