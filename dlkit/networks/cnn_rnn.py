"""The hybrid of convolution and recurrence."""

from collections.abc import Sequence
from typing import Any, Literal

import keras

from dlkit.networks.arguments import (
    check_activation,
    check_choice,
    check_count,
    check_counts,
    check_shape,
)
from dlkit.networks.cnn import convolve_steps
from dlkit.networks.pooling import StepMask, concatenate, pool_steps
from dlkit.networks.rnn import check_recurrence, recur_steps, recurrence_search_space


def cnn_rnn(
    *,
    input_shape: tuple[int | None, int],
    arrangement: Literal["parallel", "stacked"] = "parallel",
    filters: int = 128,
    kernel_sizes: Sequence[int] = (2, 3, 4),
    activation: str = "relu",
    cell: Literal["gru", "lstm", "simple"] = "lstm",
    units: int = 64,
    layers: int = 1,
    bidirectional: bool = True,
    pooling: Literal["max", "mean", "max_mean", "last"] = "max_mean",
    dropout: float = 0.5,
    name: str = "cnn_rnn",
) -> keras.Model:
    """Convolution finds short patterns of a sequence, recurrence their order over a distance.

    Zhou et al., "A C-LSTM neural network for text classification", 2015 (stacked); Vu et al.,
    "Combining recurrent and convolutional neural networks for relation classification", 2016
    (both over the same input).

    Args:
        input_shape: `(steps or None, channels)`.
        arrangement: "parallel" reads the input with both and joins what they found; "stacked"
            runs the recurrence over the output of the convolutions.
        filters: Filters of each convolution.
        kernel_sizes: Steps that each convolution sees.
        activation: Name of the Keras activation of the convolutions.
        cell: Kind of the recurrence.
        units: Size of the state of each direction of the recurrence.
        layers: Recurrences on top of each other.
        bidirectional: Whether to read backwards too.
        pooling: How the steps of the recurrence become one vector; convolutions side by side
            with it take the maximum.
        dropout: Share of the values that training leaves out between layers and of the features.
        name: Names the model.

    Returns:
        A model from float `(batch, steps, channels)`, padded with zero vectors, to features: the
        `(batch, units)` of the recurrence, twice that if bidirectional and twice again for
        "max_mean", after the `(batch, len(kernel_sizes) * filters)` of the convolutions in
        parallel.

    Raises:
        InputError: If an argument is out of range.

    Example:
    ```python
    body = cnn_rnn(input_shape=(None, 64), arrangement="stacked", filters=32, units=32)
    ```
    """
    check_shape(input_shape, axes=("steps", "channels"), free=1)
    check_choice(("parallel", "stacked"), arrangement=arrangement)
    check_choice(("gru", "lstm", "simple"), cell=cell)
    check_count(filters=filters)
    check_counts(kernel_sizes=kernel_sizes)
    check_activation(activation)
    check_recurrence(units=units, layers=layers, pooling=pooling, dropout=dropout)

    inputs = keras.Input(input_shape, name="steps")

    steps, valid = StepMask(name=f"{name}_step_mask")(inputs)
    ngrams = convolve_steps(
        steps, filters=filters, kernel_sizes=kernel_sizes, activation=activation, name=name
    )
    x = recur_steps(
        steps if arrangement == "parallel" else ngrams,
        valid,
        cell=cell,
        units=units,
        layers=layers,
        bidirectional=bidirectional,
        pooling=pooling,
        dropout=dropout,
        name=name,
    )
    if arrangement == "parallel":
        found = pool_steps(ngrams, valid, pooling="max", name=f"{name}_ngrams")
        x = concatenate([found, x], name=f"{name}_joined")
    features = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)

    return keras.Model(inputs, features, name=name)


def search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `cnn_rnn` from KerasTuner hyperparameters."""
    return {
        "arrangement": hp.Choice("arrangement", ["parallel", "stacked"], default="parallel"),
        "filters": hp.Choice("filters", [64, 128, 256], default=128),
        "kernel_sizes": tuple(range(2, 1 + hp.Int("longest_kernel", 2, 5, default=4))),
        "cell": hp.Choice("cell", ["gru", "lstm"], default="lstm"),
        **recurrence_search_space(hp, units=64, dropout=0.5),
    }
