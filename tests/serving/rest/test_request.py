"""Requests of TensorFlow Serving's REST documentation, and what is wrong with others."""

import numpy as np
import pytest
import tensorflow as tf

from dlkit.serving.rest.error import RestError
from dlkit.serving.rest.request import parse_body, read_request, signature_name

TEXT = {"text": tf.TensorSpec([None], tf.string)}
PAIRS = {"pairs": tf.TensorSpec([None, 1, 2], tf.float32)}
DOCUMENTED = {
    "tag": tf.TensorSpec([None], tf.string),
    "signal": tf.TensorSpec([None, 5], tf.float32),
    "sensor": tf.TensorSpec([None, 2, 2], tf.int32),
}
ROWS = [
    {"tag": "foo", "signal": [1, 2, 3, 4, 5], "sensor": [[1, 2], [3, 4]]},
    {"tag": "bar", "signal": [3, 4, 1, 2, 5], "sensor": [[4, 5], [6, 8]]},
]
COLUMNS = {
    "tag": ["foo", "bar"],
    "signal": [[1, 2, 3, 4, 5], [3, 4, 1, 2, 5]],
    "sensor": [[[1, 2], [3, 4]], [[4, 5], [6, 8]]],
}


def one(dtype, *shape):
    return {"x": tf.TensorSpec(shape or [None], dtype)}


def read(body, specs):
    return read_request(parse_body(body.encode()), specs)


@pytest.mark.parametrize("body", ['{"instances": ["a", "字"]}', '{"inputs": ["a", "字"]}'])
def test_texts(body):
    request = read(body, TEXT)
    assert request.inputs["text"].tolist() == [b"a", "字".encode()]
    assert request.format == ("row" if "instances" in body else "column")


def test_rows_may_name_the_only_input():
    request = read('{"instances": [{"text": "a"}, {"text": "b"}]}', TEXT)
    assert request.inputs["text"].tolist() == [b"a", b"b"]
    assert read('{"inputs": {"text": ["a"]}}', TEXT).inputs["text"].tolist() == [b"a"]


def test_two_tensors_of_shape_1_2():
    value = read('{"instances": [[[1, 2]], [[3, 4]]]}', PAIRS).inputs["pairs"]
    assert value.dtype == np.float32
    assert value.tolist() == [[[1, 2]], [[3, 4]]]


@pytest.mark.parametrize("document", [{"instances": ROWS}, {"inputs": COLUMNS}])
def test_several_inputs(document):
    inputs = read_request(document, DOCUMENTED).inputs
    assert inputs["tag"].tolist() == [b"foo", b"bar"]
    assert inputs["signal"].dtype == np.float32
    assert inputs["signal"].tolist() == COLUMNS["signal"]
    assert inputs["sensor"].dtype == np.int32
    assert inputs["sensor"].tolist() == COLUMNS["sensor"]


def test_columns_may_differ_in_length():
    specs = {"a": tf.TensorSpec([None], tf.int64), "b": tf.TensorSpec([None], tf.int64)}
    inputs = read('{"inputs": {"a": [1, 2], "b": [3]}}', specs).inputs
    assert [len(value) for value in inputs.values()] == [2, 1]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"instances": [{"b64": "aW1hZ2UgYnl0ZXM="}, "x"]}', [b"image bytes", b"x"]),
        ('{"instances": [{"b64": "/wA"}]}', [b"\xff\x00"]),
        ('{"instances": [{"text": {"b64": ""}}]}', [b""]),
        ('{"inputs": [{"b64": "/wA="}]}', [b"\xff\x00"]),
        ('{"inputs": {"text": [{"b64": "/wA="}]}}', [b"\xff\x00"]),
    ],
)
def test_binary_values(body, expected):
    assert read(body, TEXT).inputs["text"].tolist() == expected


def test_a_column_may_be_one_scalar():
    specs = {"x": tf.TensorSpec([], tf.string)}
    assert read('{"inputs": {"b64": "/wA="}}', specs).inputs["x"].item() == b"\xff\x00"


def test_numbers_that_json_does_not_know():
    value = read('{"instances": [1.0, -3.14, NaN, Infinity, -Infinity, 1e3]}', one(tf.float32))
    np.testing.assert_array_equal(
        value.inputs["x"], np.array([1, -3.14, np.nan, np.inf, -np.inf, 1000], np.float32)
    )


@pytest.mark.parametrize(
    ("dtype", "values"),
    [
        (tf.bool, [True, False]),
        (tf.int8, [-128, 127]),
        (tf.uint8, [0, 255]),
        (tf.int16, [-(2**15), 2**15 - 1]),
        (tf.int32, [-(2**31), 2**31 - 1]),
        (tf.uint32, [0, 2**32 - 1]),
        (tf.int64, [-(2**63), 2**63 - 1]),
        (tf.uint64, [0, 2**64 - 1]),
        (tf.float64, [1.1, 2**53 - 1]),
    ],
)
def test_every_type(dtype, values):
    value = read_request({"instances": values}, one(dtype)).inputs["x"]
    assert value.dtype == dtype.as_numpy_dtype
    assert value.tolist() == values


def test_an_empty_column():
    assert read('{"inputs": []}', TEXT).inputs["text"].shape == (0,)
    assert read('{"inputs": [[], []]}', one(tf.float32, None, None)).inputs["x"].shape == (2, 0)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "JSON Parse error: The document is empty"),
        ("{", "JSON Parse error: "),
        ('{"instances": [1]} x', "JSON Parse error: "),
        ("\ud800", "JSON Parse error: "),
        ("[" * 100_000, "JSON Parse error: "),
        ('{"instances": [' + "9" * 5000 + "]}", "JSON Parse error: "),
        ("[1, 2]", "JSON Value: [1, 2] Is not object"),
        ('"text"', 'JSON Value: "text" Is not object'),
    ],
)
def test_a_body_that_is_no_object(body, message):
    with pytest.raises(RestError) as caught:
        parse_body(body.encode("utf-8", "surrogatepass"))
    assert str(caught.value).startswith(message)
    assert caught.value.status == 400


def test_the_name_of_the_signature():
    assert signature_name({}) == signature_name({"signature_name": ""}) == "serving_default"
    assert signature_name({"signature_name": "half"}) == "half"
    with pytest.raises(RestError, match="'signature_name' key must be a string value"):
        signature_name({"signature_name": 100})


@pytest.mark.parametrize(
    ("body", "specs", "message"),
    [
        ("{}", TEXT, "Missing 'inputs' or 'instances' key"),
        ('{"instances": ["a"], "inputs": ["a"]}', TEXT, "expecting only one of 'inputs' or"),
        ('{"instances": "a"}', TEXT, "'instances' to be an list/array"),
        ('{"instances": {"text": "a"}}', TEXT, "'instances' to be an list/array"),
        ('{"instances": []}', TEXT, "No values in 'instances' array"),
        ('{"instances": [1]}', TEXT, "element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
         "JSON Value: 1 Type: Number is not of expected type: string"),
        ('{"instances": ["a", null]}', TEXT, "element: 1 of 'instances' list. Error: "
         "INVALID_ARGUMENT: JSON Value: null Type: Null"),
        ('{"instances": ["a", ["b"]]}', TEXT, "Expecting shape [] but got: [1]"),
        ('{"instances": [["a"], ["b", "c"]]}', TEXT, "Expecting tensor size: 1 but got: 2"),
        ('{"instances": [["a"]]}', TEXT, "Input text must have shape [?], but got: [1,1]"),
        ('{"instances": ["a", {"text": "b"}]}', TEXT, "value/list but got object at item 1"),
        ('{"instances": [{"text": "b"}, "a"]}', TEXT, "Expecting object but got list at item 1"),
        ('{"instances": [{"txt": "b"}]}', TEXT, "element: 0 key: txt of 'instances' list. Error: "
         "INVALID_ARGUMENT: JSON object: does not have named input: txt"),
        ('{"instances": [{}]}', TEXT, "keys must be equal to: text"),
        ('{"instances": [{"tag": "a"}]}', DOCUMENTED, "keys must be equal to: sensor,signal,tag"),
        ('{"instances": ["a"]}', DOCUMENTED, "expecting list of objects as multiple input tensors"),
        ('{"instances": [{"b64": "!"}]}', TEXT, "Unable to base64 decode"),
        ('{"instances": [{"text": {"b64": 1}}]}', TEXT, "not formatted correctly for base64 data"),
        ('{"instances": ["\\ud800"]}', TEXT, "is no Unicode text"),
        ('{"inputs": ["a"]}', DOCUMENTED, "expecting an object as multiple input tensors"),
        ('{"inputs": {"tag": ["a"]}}', DOCUMENTED, "Missing named input: signal in 'inputs'"),
        ('{"inputs": "a"}', TEXT, "Input text must have shape [?], but got: []"),
        ('{"inputs": [["a"], "b"]}', TEXT, 'JSON Value: "b" found at incorrect level: 2'),
        ('{"inputs": ["a", ["b"]]}', TEXT, "Encountered list at unexpected level: 1 expected < 1"),
        ('{"inputs": [["a"], ["b", "c"]]}', TEXT,
         "Encountered list at unexpected size: 2 at level: 1 expected size: 1"),
        ('{"instances": ["1"]}', one(tf.float32), '"1" Type: String is not of expected type'),
        ('{"instances": [true]}', one(tf.float32), "Value: true Type: Bool is not of expected"),
        ('{"instances": [1e39]}', one(tf.float32), "JSON value: 1e+39 to float without loss"),
        ('{"instances": [16777216]}', one(tf.float32), "value: 16777216 to float without loss"),
        ('{"instances": [9007199254740992]}', one(tf.float64), "to double without loss"),
        ('{"instances": [1.0]}', one(tf.int32), "Type: Number is not of expected type: int32"),
        ('{"instances": [true]}', one(tf.int32), "is not of expected type: int32"),
        ('{"instances": [128]}', one(tf.int8), "Cannot convert JSON values to int8"),
        ('{"instances": [-1]}', one(tf.uint32), "Cannot convert JSON values to uint32"),
        ('{"instances": [18446744073709551616]}', one(tf.uint64), "Cannot convert JSON values"),
        ('{"instances": [1]}', one(tf.bool), "is not of expected type: bool"),
        ('{"instances": [[1, 2, 3]]}', one(tf.float32, None, 2), "shape [?,2], but got: [1,3]"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(body, specs, message):
    with pytest.raises(RestError) as caught:
        read(body, specs)
    assert message in str(caught.value)
    assert caught.value.status == 400


def test_a_type_without_json_is_not_implemented():
    with pytest.raises(RestError, match="Conversion of JSON values to type: complex64") as caught:
        read('{"instances": [1]}', one(tf.complex64))
    assert caught.value.status == 501


def test_lists_without_end_are_refused():
    deep = "[" * 200 + "1" + "]" * 200
    with pytest.raises(RestError):
        read('{"instances": ' + deep + "}", {"x": tf.TensorSpec(None, tf.float32)})


def test_a_long_value_is_cut_in_the_message():
    with pytest.raises(RestError) as caught:
        read('{"inputs": "%s"}' % ("a" * 100_000), one(tf.float32))
    assert len(str(caught.value)) < 300
