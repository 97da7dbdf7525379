"""Convolutional networks: n-grams of a sequence, and blocks over an image."""

from collections.abc import Sequence
from typing import Any, Literal

import keras

from dlkit.errors import InputError
from dlkit.networks.arguments import (
    check_activation,
    check_choice,
    check_count,
    check_counts,
    check_dropout,
    check_shape,
)
from dlkit.networks.pooling import POOLINGS, StepMask, concatenate, pool_steps


def cnn(
    *,
    input_shape: tuple[int | None, int],
    filters: int = 256,
    kernel_sizes: Sequence[int] = (2, 3),
    activation: str = "relu",
    pooling: Literal["max", "mean", "max_mean"] = "max",
    dropout: float = 0.5,
    name: str = "cnn",
) -> keras.Model:
    """Convolutions of several widths side by side, pooled over the steps of a sequence.

    Kim, "Convolutional neural networks for sentence classification", 2014.

    Args:
        input_shape: `(steps or None, channels)`.
        filters: Filters of each convolution.
        kernel_sizes: Steps that each convolution sees.
        activation: Name of a Keras activation.
        pooling: How the steps become one vector.
        dropout: Share of the features that training leaves out.
        name: Names the model.

    Returns:
        A model from float `(batch, steps, channels)`, padded with zero vectors, to features
        `(batch, len(kernel_sizes) * filters)`, twice that for "max_mean".

    Raises:
        InputError: If an argument is out of range.

    Example:
    ```python
    body = cnn(input_shape=(None, 64), filters=32, kernel_sizes=(3, 5))
    ```
    """
    check_shape(input_shape, axes=("steps", "channels"), free=1)
    check_count(filters=filters)
    check_counts(kernel_sizes=kernel_sizes)
    check_activation(activation)
    check_choice(POOLINGS, pooling=pooling)
    check_dropout(dropout)

    inputs = keras.Input(input_shape, name="steps")

    steps, valid = StepMask(name=f"{name}_step_mask")(inputs)
    x = convolve_steps(
        steps, filters=filters, kernel_sizes=kernel_sizes, activation=activation, name=name
    )
    x = pool_steps(x, valid, pooling=pooling, name=name)
    features = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)

    return keras.Model(inputs, features, name=name)


def convolve_steps(
    steps: Any, *, filters: int, kernel_sizes: Sequence[int], activation: str, name: str
) -> Any:
    """Convolves steps padded with zeros, and keeps their number.

    Args:
        steps: `(batch, steps, channels)`.
        filters: Filters of each convolution.
        kernel_sizes: Steps that each convolution sees.
        activation: Name of a Keras activation.
        name: Begins the names of the layers.

    Returns:
        `(batch, steps, len(kernel_sizes) * filters)`, not zero in padding steps.
    """
    convolved = []
    for i, size in enumerate(kernel_sizes):
        convolution = keras.layers.Conv1D(
            filters, size, padding="same", activation=activation, name=f"{name}_conv_{i}"
        )
        convolved.append(convolution(steps))
    return concatenate(convolved, name=f"{name}_ngrams")


def search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `cnn` from KerasTuner hyperparameters."""
    return {
        "filters": hp.Choice("filters", [64, 128, 256], default=256),
        "kernel_sizes": tuple(range(2, 1 + hp.Int("longest_kernel", 2, 5, default=3))),
        "activation": hp.Choice("activation", ["relu", "gelu"], default="relu"),
        "pooling": hp.Choice("pooling", list(POOLINGS), default="max"),
        "dropout": hp.Float("dropout", 0.0, 0.7, default=0.5),
    }


def image_cnn(
    *,
    input_shape: tuple[int | None, int | None, int],
    filters: Sequence[int] = (32, 64),
    kernel_size: int = 3,
    padding: Literal["same", "valid"] = "same",
    pool_size: int = 2,
    pooling: Literal["flatten", "mean"] = "flatten",
    dense_units: Sequence[int] = (128,),
    activation: str = "relu",
    batch_normalization: bool = False,
    dropout: float = 0.3,
    name: str = "image_cnn",
) -> keras.Model:
    """Blocks of convolution and max pooling, then dense layers.

    LeCun et al., "Gradient-based learning applied to document recognition", 1998. Its shape is
    `filters=(6, 16), kernel_size=5, padding="valid", dense_units=(120, 84)` over 32 x 32 pixels.

    Args:
        input_shape: `(height, width, channels)`; height and width may be None with "mean".
        filters: Filters of the convolution of each block.
        kernel_size: Height and width that a convolution sees.
        padding: "same" keeps the size of an image in a convolution, "valid" cuts its borders.
        pool_size: Height and width that a block makes one.
        pooling: How the last block becomes one vector.
        dense_units: Size of each dense layer; () for none.
        activation: Name of a Keras activation.
        batch_normalization: Whether to normalize before each activation of a block.
        dropout: Share of the values that training leaves out before each dense layer and of the
            features.
        name: Names the model.

    Returns:
        A model from float `(batch, height, width, channels)` to features
        `(batch, dense_units[-1])`.

    Raises:
        InputError: If an argument is out of range, or the image too small for the blocks.

    Example:
    ```python
    body = image_cnn(input_shape=(28, 28, 1), filters=(16, 32), dense_units=(64,))
    ```
    """
    check_shape(input_shape, axes=("height", "width", "channels"), free=2)
    check_count(kernel_size=kernel_size, pool_size=pool_size)
    check_counts(filters=filters)
    check_counts(dense_units=dense_units, empty=True)
    check_activation(activation)
    check_choice(("same", "valid"), padding=padding)
    check_choice(("flatten", "mean"), pooling=pooling)
    check_dropout(dropout)
    cut = kernel_size - 1 if padding == "valid" else 0
    _check_size(input_shape[:2], len(filters), cut, pool_size, free=pooling == "mean")

    inputs = keras.Input(input_shape, name="image")

    x = inputs
    for i, count in enumerate(filters):
        x = keras.layers.Conv2D(count, kernel_size, padding=padding, name=f"{name}_conv_{i}")(x)
        if batch_normalization:
            x = keras.layers.BatchNormalization(name=f"{name}_normalization_{i}")(x)
        x = keras.layers.Activation(activation, name=f"{name}_conv_{i}_activation")(x)
        x = keras.layers.MaxPooling2D(pool_size, name=f"{name}_pool_{i}")(x)
    if pooling == "flatten":
        x = keras.layers.Flatten(name=f"{name}_flatten")(x)
    else:
        x = keras.layers.GlobalAveragePooling2D(name=f"{name}_mean")(x)
    for i, size in enumerate(dense_units):
        x = keras.layers.Dropout(dropout, name=f"{name}_dense_{i}_dropout")(x)
        x = keras.layers.Dense(size, activation=activation, name=f"{name}_dense_{i}")(x)
    features = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)

    return keras.Model(inputs, features, name=name)


def _check_size(
    sizes: Sequence[int | None], blocks: int, cut: int, pool_size: int, *, free: bool
) -> None:
    """Raises InputError unless every block finds at least one pixel to pool."""
    if None in sizes and not free:
        raise InputError(
            f"`input_shape` must have a fixed height and width to be flattened. "
            f'Received: {tuple(sizes)}. Give numbers, or `pooling="mean"`.'
        )
    for size in sizes:
        left = size
        for _ in range(blocks):
            left = left and max((left - cut) // pool_size, 0)
        if left == 0:
            raise InputError(
                f"`input_shape` must leave pixels after {blocks} blocks. Received: a side of "
                f"{size}. Give larger images, fewer `filters` or a smaller `pool_size`."
            )
