"""Recurrent networks with gated or simple cells."""

from typing import Any, Literal

import keras

from dlkit.networks.arguments import check_choice, check_count, check_dropout, check_shape
from dlkit.networks.pooling import POOLINGS, StepMask, pool_steps

STEP_POOLINGS = (*POOLINGS, "last")
"""The ways to pool the steps of a recurrence: "last" takes its state after the last step."""

_CELLS = {
    "gru": keras.layers.GRU,
    "lstm": keras.layers.LSTM,
    "simple": keras.layers.SimpleRNN,
}


def rnn(
    *,
    input_shape: tuple[int | None, int],
    cell: Literal["gru", "simple"] = "gru",
    units: int = 128,
    layers: int = 1,
    bidirectional: bool = True,
    pooling: Literal["max", "mean", "max_mean", "last"] = "max_mean",
    dropout: float = 0.3,
    name: str = "rnn",
) -> keras.Model:
    """A recurrence over the steps of a sequence, in both directions, pooled.

    Cho et al., "Learning phrase representations using RNN encoder-decoder for statistical machine
    translation", 2014 (gru); Elman, "Finding structure in time", 1990 (simple).

    Args:
        input_shape: `(steps or None, channels)`.
        cell: "gru" has gates and learns over long distances, "simple" has none.
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
    body = rnn(input_shape=(None, 64), units=32, pooling="last")
    ```
    """
    check_shape(input_shape, axes=("steps", "channels"), free=1)
    check_choice(("gru", "simple"), cell=cell)
    check_recurrence(units=units, layers=layers, pooling=pooling, dropout=dropout)

    inputs = keras.Input(input_shape, name="steps")

    steps, valid = StepMask(name=f"{name}_step_mask")(inputs)
    x = recur_steps(
        steps,
        valid,
        cell=cell,
        units=units,
        layers=layers,
        bidirectional=bidirectional,
        pooling=pooling,
        dropout=dropout,
        name=name,
    )
    features = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)

    return keras.Model(inputs, features, name=name)


def recur_steps(
    steps: Any,
    valid: Any,
    *,
    cell: Literal["gru", "lstm", "simple"],
    units: int,
    layers: int,
    bidirectional: bool,
    pooling: Literal["max", "mean", "max_mean", "last"],
    dropout: float,
    name: str,
) -> Any:
    """Runs recurrent layers over valid steps and pools them.

    Args:
        steps: `(batch, steps, channels)`.
        valid: bool `(batch, steps)`, some True and then only False.
        cell: Kind of the recurrence.
        units: Size of the state of each direction.
        layers: Recurrences on top of each other.
        bidirectional: Whether to read backwards too.
        pooling: One of `STEP_POOLINGS`.
        dropout: Share of the values that training leaves out between layers.
        name: Begins the names of the layers.

    Returns:
        `(batch, units)`, twice that if bidirectional and twice again for "max_mean".
    """
    x = steps
    for i in range(layers):
        if i > 0:
            x = keras.layers.Dropout(dropout, name=f"{name}_{cell}_{i}_dropout")(x)
        sequences = i + 1 < layers or pooling != "last"
        layer = _CELLS[cell](units, return_sequences=sequences, name=f"{name}_{cell}_{i}")
        if bidirectional:
            layer = keras.layers.Bidirectional(layer, name=f"{name}_both_{i}")
        x = layer(x, mask=valid)
    return x if pooling == "last" else pool_steps(x, valid, pooling=pooling, name=name)


def check_recurrence(*, units: Any, layers: Any, pooling: Any, dropout: Any) -> None:
    """Raises InputError if an argument of a recurrence is out of range."""
    check_count(units=units, layers=layers)
    check_choice(STEP_POOLINGS, pooling=pooling)
    check_dropout(dropout)


def search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `rnn` from KerasTuner hyperparameters."""
    return {
        "cell": hp.Choice("cell", ["gru", "simple"], default="gru"),
        **recurrence_search_space(hp),
    }


def recurrence_search_space(hp: Any, *, units: int = 128, dropout: float = 0.3) -> dict[str, Any]:
    """Returns the arguments that recurrent networks share from KerasTuner hyperparameters.

    Args:
        hp: The hyperparameters.
        units: Default of the builder.
        dropout: Default of the builder.
    """
    return {
        "units": hp.Choice("units", [32, 64, 128, 256], default=units),
        "layers": hp.Int("layers", 1, 2, default=1),
        "bidirectional": hp.Boolean("bidirectional", default=True),
        "pooling": hp.Choice("pooling", list(STEP_POOLINGS), default="max_mean"),
        "dropout": hp.Float("dropout", 0.0, 0.7, default=dropout),
    }
