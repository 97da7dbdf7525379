"""A tensor from JSON: nested lists of numbers, strings, booleans or base64 objects."""

import base64
import binascii
import json
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import tensorflow as tf

from dlkit.data.messages import shown
from dlkit.serving.rest.error import RestError

_BASE64_KEY = "b64"
_NUMBERS = {int, float}
_TYPES: dict[str, set[type]] = {"f": _NUMBERS, "i": {int}, "u": {int}, "b": {bool}}
_TYPE_NAMES = {
    type(None): "Null",
    bool: "Bool",
    int: "Number",
    float: "Number",
    str: "String",
    list: "Array",
    dict: "Object",
}


def flat_values(value: Any, dtype: tf.DType) -> tuple[tuple[int, ...], list[Any]]:
    """Flattens a value and checks that it is a full tensor.

    Args:
        value: What `json.loads` gave.
        dtype: The type that the signature asks for.

    Returns:
        The shape, and the values in row-major order; strings as bytes.

    Raises:
        RestError: A list is too short, too long or too deep, or a value has another type.
    """
    shape = _shape(value)
    values = [value]
    for level, size in enumerate(shape):
        for item in values:
            if not isinstance(item, list):
                raise _wrong_level(item, level, len(shape))
            if len(item) != size:
                msg = f"Encountered list at unexpected size: {len(item)} at level: {level}"
                raise RestError(f"{msg} expected size: {size}")
        values = list(chain.from_iterable(values))
    if list in set(map(type, values)):
        rank = len(shape)
        raise RestError(f"Encountered list at unexpected level: {rank} expected < {rank}")
    return shape, _checked(values, dtype)


def to_array(values: Sequence[Any], shape: Sequence[int], dtype: tf.DType) -> np.ndarray:
    """Makes the array of values that `flat_values` has checked."""
    kind = object if dtype == tf.string else dtype.as_numpy_dtype
    try:
        with np.errstate(over="ignore"):  # is checked below
            array = np.array(values, kind).reshape(shape)
    except (OverflowError, ValueError) as error:
        raise RestError(f"Cannot convert JSON values to {dtype.name}: {error}") from error
    if array.dtype.kind == "f" and np.isinf(array).any():
        for number, value in zip(array.flat, values, strict=True):
            if np.isinf(number) and abs(value) != np.inf:
                raise _lossy(value, dtype)
    return array


def is_base64(value: Any) -> bool:
    """Whether a value is an object that stands for bytes."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get(_BASE64_KEY), str)


def as_json(value: Any) -> str:
    """Writes a value for a message, cut where it is long."""
    return shown(json.dumps(value, ensure_ascii=False), 120)


def _shape(value: Any) -> tuple[int, ...]:
    shape = []
    while isinstance(value, list):
        shape.append(len(value))
        value = value[0] if value else None
    return tuple(shape)


def _checked(values: list[Any], dtype: tf.DType) -> list[Any]:
    if dtype == tf.string:
        return [_bytes(value) for value in values]
    kind = np.dtype(dtype.as_numpy_dtype).kind
    if kind not in _TYPES or dtype == tf.float16:
        raise RestError(f"Conversion of JSON values to type: {_name(dtype)}", status=501)
    if wrong := set(map(type, values)) - _TYPES[kind]:
        raise _wrong_type(next(value for value in values if type(value) in wrong), dtype)
    if kind == "f" and int in set(map(type, values)):
        most = 2 ** (24 if dtype == tf.float32 else 53) - 1
        for value in values:
            if isinstance(value, int) and abs(value) > most:
                raise _lossy(value, dtype)
    return values


def _bytes(value: Any) -> bytes:
    if isinstance(value, str):
        try:
            return value.encode()
        except UnicodeEncodeError as error:
            raise RestError(f"JSON Value: {as_json(value)} is no Unicode text") from error
    if not isinstance(value, dict):
        raise _wrong_type(value, tf.string)
    if not is_base64(value):
        raise RestError(f"JSON Value: {as_json(value)} not formatted correctly for base64 data")
    text = value[_BASE64_KEY]
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise RestError("Unable to base64 decode") from error


def _wrong_type(value: Any, dtype: tf.DType) -> RestError:
    kind = _TYPE_NAMES[type(value)]
    msg = f"JSON Value: {as_json(value)} Type: {kind} is not of expected type: {_name(dtype)}"
    return RestError(msg)


def _wrong_level(value: Any, level: int, rank: int) -> RestError:
    msg = f"JSON Value: {as_json(value)} found at incorrect level: {level + 1} in the JSON DOM."
    return RestError(f"{msg} Expected at level: {rank}")


def _lossy(value: Any, dtype: tf.DType) -> RestError:
    kind = "float" if dtype == tf.float32 else "double"
    msg = f"Cannot convert JSON value: {as_json(value)} to {kind} without loss of precision."
    return RestError(msg)


def _name(dtype: tf.DType) -> str:
    return {"float32": "float", "float64": "double"}.get(dtype.name, dtype.name)
