import json

import numpy as np
import pytest

from dlkit.serving.rest.error import RestError
from dlkit.serving.rest.response import write_response

LABELS = np.array([b"red", "绿".encode()], object)
SHARES = np.array([[0.2, 0.8], [1.0, 0.0]], np.float32)


def answer(outputs, layout):
    return json.loads(write_response(outputs, layout))


def test_one_output_has_no_name():
    assert answer({"label": LABELS}, "row") == {"predictions": ["red", "绿"]}
    assert answer({"label": LABELS}, "column") == {"outputs": ["red", "绿"]}
    assert answer({"y": np.array([3.5, 4.0])}, "row") == {"predictions": [3.5, 4.0]}


def test_several_outputs_are_objects():
    outputs = {"label": LABELS, "shares": SHARES, "new": np.array([True, False])}
    assert answer(outputs, "row") == {
        "predictions": [
            {"label": "red", "shares": [0.2, 0.8], "new": True},
            {"label": "绿", "shares": [1.0, 0.0], "new": False},
        ]
    }
    assert answer(outputs, "column") == {
        "outputs": {
            "label": ["red", "绿"],
            "shares": [[0.2, 0.8], [1.0, 0.0]],
            "new": [True, False],
        }
    }


def test_floats_are_written_as_short_as_they_are_exact():
    body = write_response({"y": np.array([0.2, 3.0], np.float32)}, "row")
    assert body == b'{"predictions":[0.2,3.0]}'


@pytest.mark.parametrize("layout", ["row", "column"])
def test_only_outputs_named_bytes_are_binary(layout):
    outputs = {"image_bytes": np.array([b"\xff\x00"], object), "b": np.array([b"\xff"], object)}
    [value] = answer(outputs, layout).values()
    row = value[0] if layout == "row" else {name: column[0] for name, column in value.items()}
    assert row == {"image_bytes": {"b64": "/wA="}, "b": "\ufffd"}


def test_numbers_that_json_does_not_know():
    y = np.array([1.5, np.nan, np.inf, -np.inf], np.float32)
    body = write_response({"y": y, "label": np.array([b"a", b"b", b"c", b"d"], object)}, "row")
    assert b'"y": NaN' in body
    assert b'"y": Infinity' in body
    assert b'"y": -Infinity' in body
    assert json.loads(body)["predictions"][0] == {"y": 1.5, "label": "a"}


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32", "uint32", "int64", "uint64",
                                   "float16", "float64", "bool"])  # fmt: skip
def test_every_type(dtype):
    values = np.array([[0, 1], [1, 0]], dtype)
    assert answer({"y": values}, "column") == {"outputs": values.tolist()}
    assert answer({"y": values[:, ::-1]}, "row") == {"predictions": values[:, ::-1].tolist()}


def test_a_scalar_is_a_column_but_no_row():
    assert answer({"y": np.array(2.5, np.float32)}, "column") == {"outputs": 2.5}
    with pytest.raises(RestError, match="Tensor name: y has no shape information"):
        write_response({"y": np.array(2.5)}, "row")


def test_rows_need_one_batch():
    outputs = {"a": np.zeros(2), "b": np.zeros(3)}
    with pytest.raises(RestError, match="name: b has inconsistent batch size: 3 expecting: 2"):
        write_response(outputs, "row")
    assert answer(outputs, "column") == {"outputs": {"a": [0, 0], "b": [0, 0, 0]}}


def test_no_rows():
    assert answer({"a": np.zeros((0, 3)), "b": np.zeros(0, object)}, "column") == {
        "outputs": {"a": [], "b": []}
    }
