"""Checks of the arguments that builders share."""

from collections.abc import Sequence
from typing import Any

import keras

from dlkit.errors import InputError


def check_shape(
    input_shape: Any, *, axes: tuple[str, ...], free: int = 0, name: str = "input_shape"
) -> None:
    """Raises InputError unless a size is given per axis; the first `free` ones may be None."""
    given = tuple(input_shape) if isinstance(input_shape, Sequence) else ()
    fixed = [size for i, size in enumerate(given) if i >= free or size is not None]
    if len(given) != len(axes) or not all(map(_is_count, fixed)):
        wanted = ", ".join(f"{axis} or None" if i < free else axis for i, axis in enumerate(axes))
        raise InputError(
            f"`{name}` must be ({wanted}) with sizes of at least 1, without the batch. "
            f"Received: {input_shape!r}. Give one number per axis."
        )


def check_count(**arguments: Any) -> None:
    """Raises InputError unless each argument is a whole number of at least 1."""
    for name, value in arguments.items():
        if not _is_count(value):
            raise InputError(
                f"`{name}` must be a whole number of at least 1. Received: {value!r}. "
                f"Give one number, such as 64."
            )


def check_counts(*, empty: bool = False, **arguments: Any) -> None:
    """Raises InputError unless each argument is a sequence of whole numbers of at least 1."""
    for name, value in arguments.items():
        counts = isinstance(value, Sequence) and all(map(_is_count, value))
        if not counts or not (value or empty):
            raise InputError(
                f"`{name}` must be several whole numbers of at least 1. Received: {value!r}. "
                f"Give a tuple, such as (64, 32)."
            )


def check_choice(choices: Sequence[Any], **arguments: Any) -> None:
    """Raises InputError unless each argument is one of the choices."""
    for name, value in arguments.items():
        if value not in choices:
            known = ", ".join(map(repr, choices))
            raise InputError(
                f"`{name}` must be one of {known}. Received: {value!r}. Give one of these."
            )


def check_activation(activation: Any) -> None:
    """Raises InputError unless Keras knows the activation."""
    try:
        keras.activations.get(activation)
    except ValueError as error:
        raise InputError(
            f"`activation` must be an activation of Keras. Received: {activation!r}. "
            f'Give its name, such as "relu" or "gelu".'
        ) from error


def check_dropout(dropout: Any) -> None:
    """Raises InputError unless the rate is in [0, 1)."""
    if not isinstance(dropout, int | float) or not 0 <= dropout < 1:
        raise InputError(
            f"`dropout` must be at least 0 and less than 1. Received: {dropout!r}. "
            f"Give the share of values to leave out, such as 0.2."
        )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and value >= 1
