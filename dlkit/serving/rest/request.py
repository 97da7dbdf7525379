"""The body of a predict request: inputs in row or in column format."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from dlkit.serving.rest.error import RestError
from dlkit.serving.rest.tensors import as_json, flat_values, is_base64, to_array

Specs = Mapping[str, tf.TensorSpec]


@dataclasses.dataclass(frozen=True)
class PredictRequest:
    """What a caller asks."""

    inputs: dict[str, np.ndarray]
    """By name; strings as bytes in arrays of objects."""

    format: Literal["row", "column"]
    """How it was asked, and is answered."""


def parse_body(body: bytes) -> dict[str, Any]:
    """Reads the JSON object of a request; NaN and Infinity are numbers.

    Raises:
        RestError: The body is something else.
    """
    if not body:
        raise RestError("JSON Parse error: The document is empty")
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise RestError(f"JSON Parse error: {error}") from error
    if not isinstance(document, dict):
        raise RestError(f"JSON Value: {as_json(document)} Is not object")
    return document


def signature_name(document: Mapping[str, Any]) -> str:
    """Returns the signature that a request asks for, `serving_default` if none."""
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        msg = "not formatted correctly. 'signature_name' key must be a string value."
        raise RestError(f"JSON Value: {as_json(document)} {msg}")
    return name or "serving_default"


def read_request(document: Mapping[str, Any], specs: Specs) -> PredictRequest:
    """Reads the inputs.

    Args:
        document: From `parse_body`.
        specs: The inputs of the signature.

    Returns:
        One array for every input, of its type and a shape that fits.

    Raises:
        RestError: What is asked does not fit the signature.
    """
    if "instances" in document and "inputs" in document:
        msg = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist"
        raise RestError(f"JSON Value: {as_json(document)} {msg}")
    if "instances" in document:
        rows = document["instances"]
        if not isinstance(rows, list):
            msg = "Expecting 'instances' to be an list/array"
            raise RestError(f"JSON Value: {as_json(document)} {msg}")
        if not rows:
            raise RestError(f"JSON Value: {as_json(document)} No values in 'instances' array")
        request = PredictRequest(_from_rows(rows, specs), "row")
    elif "inputs" in document:
        request = PredictRequest(_from_columns(document["inputs"], specs), "column")
    else:
        raise RestError("Missing 'inputs' or 'instances' key")
    for name, value in request.inputs.items():
        _check_shape(name, value, specs[name])
    return request


def _from_rows(rows: list[Any], specs: Specs) -> dict[str, np.ndarray]:
    objects = _is_object(rows[0])
    if not objects and len(specs) > 1:
        msg = "instances is a plain list, but expecting list of objects as multiple input tensors"
        raise RestError(f"{msg} required as per tensorinfo_map")
    columns = {name: _Column(spec.dtype) for name, spec in specs.items()}
    for number, row in enumerate(rows):
        if _is_object(row) != objects:
            expected, got = ("object", "list") if objects else ("value/list", "object")
            msg = f"Expecting {expected} but got {got} at item {number} of input list"
            raise RestError(msg)
        for name, value in row.items() if objects else [(next(iter(specs)), row)]:
            try:
                if name not in columns:
                    raise RestError(f"JSON object: does not have named input: {name}")
                columns[name].append(value)
            except RestError as error:
                key = f" key: {name}" if objects else ""
                msg = f"Failed to process element: {number}{key} of 'instances' list."
                raise RestError(f"{msg} Error: INVALID_ARGUMENT: {error}", error.status) from error
        if objects and row.keys() != specs.keys():
            msg = f"Failed to process element: {number} of 'instances' list. JSON object: "
            keys = ",".join(sorted(specs))
            raise RestError(f"{msg}{as_json(row)} keys must be equal to: {keys}")
    return {name: column.array() for name, column in columns.items()}


class _Column:
    """One input, gathered from the rows: every row has the same shape."""

    def __init__(self, dtype: tf.DType) -> None:
        self._dtype = dtype
        self._shape: tuple[int, ...] = ()
        self._values: list[Any] = []
        self._rows = 0

    def append(self, value: Any) -> None:
        shape, values = flat_values(value, self._dtype)
        if self._rows == 0:
            self._shape = shape
        elif len(values) * self._rows != len(self._values):
            size = len(self._values) // self._rows
            raise RestError(f"Expecting tensor size: {size} but got: {len(values)}")
        elif shape != self._shape:
            raise RestError(f"Expecting shape {_listed(self._shape)} but got: {_listed(shape)}")
        self._values += values
        self._rows += 1

    def array(self) -> np.ndarray:
        return to_array(self._values, (self._rows, *self._shape), self._dtype)


def _from_columns(value: Any, specs: Specs) -> dict[str, np.ndarray]:
    if _is_object(value):
        for name in specs:
            if name not in value:
                raise RestError(f"Missing named input: {name} in 'inputs' object.")
        values = {name: value[name] for name in specs}
    elif len(specs) > 1:
        msg = "inputs is a plain value/list, but expecting an object as multiple input tensors"
        raise RestError(f"{msg} required as per tensorinfo_map")
    else:
        values = {next(iter(specs)): value}
    arrays = {}
    for name, item in values.items():
        shape, leaves = flat_values(item, specs[name].dtype)
        arrays[name] = to_array(leaves, shape, specs[name].dtype)
    return arrays


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _check_shape(name: str, value: np.ndarray, spec: tf.TensorSpec) -> None:
    if not spec.shape.is_compatible_with(value.shape):
        expected = "[" + ",".join("?" if n is None else str(n) for n in spec.shape) + "]"
        msg = f"Input {name} must have shape {expected}, but got: {_listed(value.shape)}"
        raise RestError(msg)


def _listed(shape: tuple[int, ...]) -> str:
    return "[" + ",".join(map(str, shape)) + "]"
