"""The body of an answer, in the format of the request."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import orjson

from dlkit.serving.rest.error import RestError


def write_response(outputs: Mapping[str, np.ndarray], layout: Literal["row", "column"]) -> bytes:
    """Writes named outputs as JSON: bare values where there is one output, else objects.

    Args:
        outputs: Arrays; strings as bytes in arrays of objects. Bytes of an output whose name
            ends with `_bytes` become base64 objects.
        layout: "row" gives a list of rows `predictions`, "column" the tensors as `outputs`.

    Raises:
        RestError: Outputs without a common batch cannot be given as rows.
    """
    values = {name: _plain(name, value) for name, value in outputs.items()}
    if layout == "column":
        answer: Any = {"outputs": values if len(values) > 1 else next(iter(values.values()))}
    else:
        _check_batch(outputs)
        names = list(values)
        rows = zip(*values.values(), strict=True)
        if len(names) > 1:
            answer = {"predictions": [dict(zip(names, row, strict=True)) for row in rows]}
        else:
            answer = {"predictions": [row for (row,) in rows]}
    if all(_finite(value) for value in outputs.values()):
        return orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY, default=np.ndarray.tolist)
    return json.dumps(answer, default=lambda value: value.tolist()).encode()  # NaN, Infinity


def _plain(name: str, value: np.ndarray) -> Any:
    if value.dtype != object:
        return value if value.ndim else value.item()
    return _strings(value.tolist(), name.endswith("_bytes"))


def _strings(value: Any, binary: bool) -> Any:
    if isinstance(value, list):
        return [_strings(item, binary) for item in value]
    if binary:
        return {"b64": base64.b64encode(value).decode()}
    return value.decode(errors="replace")


def _finite(value: np.ndarray) -> bool:
    return value.dtype.kind != "f" or bool(np.isfinite(value).all())


def _check_batch(outputs: Mapping[str, np.ndarray]) -> None:
    size = None
    for name, value in outputs.items():
        if value.ndim == 0:
            raise RestError(f"Tensor name: {name} has no shape information")
        if size is not None and len(value) != size:
            msg = f"Tensor name: {name} has inconsistent batch size: {len(value)}"
            raise RestError(f"{msg} expecting: {size}")
        size = len(value)
