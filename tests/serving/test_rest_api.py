"""Requests and answers of TensorFlow Serving's REST documentation, for our signatures."""

import base64
import json

import pytest
import requests
import tensorflow as tf

from dlkit.serving.rest_api import error_response

TIMEOUT = 30
PNG = tf.io.encode_png(tf.zeros([4, 2, 1], tf.uint8)).numpy()


def post(url, body, **options):
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    response = requests.post(url, data=data, timeout=TIMEOUT, **options)
    assert response.headers["content-type"] == "application/json"
    return response.status_code, response.json()


def get(url):
    response = requests.get(url, timeout=TIMEOUT)
    assert response.headers["content-type"] == "application/json"
    return response.status_code, response.json()


def test_status_of_all_versions(shop_url):
    fine = {"error_code": "OK", "error_message": ""}
    assert get(f"{shop_url}/v1/models/shop") == (
        200,
        {
            "model_version_status": [
                {"version": "12", "state": "AVAILABLE", "status": fine},
                {"version": "3", "state": "AVAILABLE", "status": fine},
            ]
        },
    )


def test_status_of_one_version(shop_url):
    status, body = get(f"{shop_url}/v1/models/shop/versions/3")
    assert status == 200
    assert [entry["version"] for entry in body["model_version_status"]] == ["3"]


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/v1/models/half", 404, "Could not find any versions of model half"),
        ("/v1/models/shop/versions/4", 404, "Could not find version 4 of model shop"),
        ("/v1/models/half/versions/3", 404, "Could not find version 3 of model half"),
        ("/v1/models/half/metadata", 404, "Servable not found for request: Latest(half)"),
        ("/v1/models/shop/versions/4/metadata", 404,
         "Servable not found for request: Specific(shop, 4)"),
        ("/v1/models", 400, "Missing model name in request."),
        ("/v1/models/shop/labels/stable", 400, "Unrecognized servable version label: stable"),
        ("/v1/models/shop/versions/99999999999999999999", 400,
         "Failed to convert version: 99999999999999999999 to numeric."),
        ("/v1/models/shop/versions/x", 400, "Malformed request: GET /v1/models/shop/versions/x"),
        ("/v1/models/shop:predict", 400, "Malformed request: GET /v1/models/shop:predict"),
        ("/v1/other", 400, "Malformed request: GET /v1/other"),
        ("/other", 404, "Not Found"),
    ],
)  # fmt: skip
def test_what_cannot_be_got(shop_url, path, status, message):
    assert get(shop_url + path) == (status, {"error": message})


def test_metadata(shop_url):
    status, body = get(f"{shop_url}/v1/models/shop/metadata")
    assert status == 200
    assert body["model_spec"] == {"name": "shop", "signature_name": "", "version": "12"}
    signatures = body["metadata"]["signature_def"]["signature_def"]
    assert {"serving_default", "half"} <= set(signatures)
    default = signatures["serving_default"]
    assert default["method_name"] == "tensorflow/serving/predict"
    [(name, text)] = default["inputs"].items()
    assert (name, text["dtype"]) == ("text", "DT_STRING")
    assert text["tensor_shape"] == {"unknown_rank": False, "dim": [{"name": "", "size": "-1"}]}
    assert default["outputs"]["probabilities"]["dtype"] == "DT_FLOAT"
    dims = default["outputs"]["probabilities"]["tensor_shape"]["dim"]
    assert [dim["size"] for dim in dims] == ["-1", "3"]
    status, old = get(f"{shop_url}/v1/models/shop/versions/3/metadata")
    assert old["model_spec"]["version"] == "3"


@pytest.mark.parametrize("path", ["shop", "shop/versions/3", "shop/versions/12", "sho%70"])
def test_predict_in_row_format(shop_url, path):
    answer = post(f"{shop_url}/v1/models/{path}:predict", {"instances": ["ab", ""]})
    assert answer == (
        200,
        {
            "predictions": [
                {
                    "label": "blue",
                    "confidence": 0.8,
                    "out_of_scope": False,
                    "probabilities": [0.1, 0.1, 0.8],
                    "shout": "AB",
                },
                {
                    "label": "red",
                    "confidence": 0.8,
                    "out_of_scope": True,
                    "probabilities": [0.8, 0.1, 0.1],
                    "shout": "",
                },
            ]
        },
    )


def test_predict_in_column_format(shop_url):
    status, body = post(f"{shop_url}/v1/models/shop:predict", {"inputs": ["ab", ""]})
    assert status == 200
    assert body["outputs"]["label"] == ["blue", "red"]
    assert body["outputs"]["out_of_scope"] == [False, True]
    assert body["outputs"]["probabilities"] == [[0.1, 0.1, 0.8], [0.8, 0.1, 0.1]]


def test_another_signature(shop_url):
    url = f"{shop_url}/v1/models/shop:predict"
    rows = {"signature_name": "half", "instances": [2.0, 3.0, 4.0]}
    assert post(url, rows) == (200, {"predictions": [1.0, 1.5, 2.0]})
    columns = {"signature_name": "half", "inputs": {"x": [2.0, 3.0, 4.0]}}
    assert post(url, columns) == (200, {"outputs": [1.0, 1.5, 2.0]})


def test_numbers_that_json_does_not_know(shop_url):
    url = f"{shop_url}/v1/models/shop:predict"
    body = '{"signature_name": "half", "instances": [NaN, Infinity, -Infinity]}'
    response = requests.post(url, data=body, timeout=TIMEOUT)
    assert response.content == b'{"predictions": [NaN, Infinity, -Infinity]}'


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("half:predict", {"instances": ["a"]}, 404, "Servable not found for request: Latest(half)"),
        ("shop/versions/4:predict", {"instances": ["a"]}, 404,
         "Servable not found for request: Specific(shop, 4)"),
        ("shop/labels/stable:predict", {"instances": ["a"]}, 400,
         "Unrecognized servable version label: stable"),
        ("shop:predict", {"signature_name": "none", "instances": ["a"]}, 400,
         'Serving signature name: "none" not found in signature def'),
        ("shop:predict", {"signature_name": 100}, 400, "JSON Value: {\"signature_name\": 100} not "
         "formatted correctly. 'signature_name' key must be a string value."),
        ("shop:predict", "", 400, "JSON Parse error: The document is empty"),
        ("shop:predict", {}, 400, "Missing 'inputs' or 'instances' key"),
        ("shop:predict", {"instances": ["a"] * 21}, 400,
         "A request may have at most 20 rows, but got: 21"),
        ("shop:predict", "x" * 4001, 413, "A request may have at most 4000 bytes"),
        ("shop:classify", {"examples": [{"x": 2.0}]}, 400, "Expected classification signature "
         "method_name to be tensorflow/serving/classify. Was: tensorflow/serving/predict"),
        ("shop:regress", {"examples": [{"x": 2.0}]}, 400, "Expected regression signature "
         "method_name to be tensorflow/serving/regress. Was: tensorflow/serving/predict"),
        ("half:regress", {}, 404, "Servable not found for request: Latest(half)"),
        ("shop:explain", {}, 400, "Malformed request: POST /v1/models/shop:explain"),
        ("shop", {}, 400, "Malformed request: POST /v1/models/shop"),
    ],
)  # fmt: skip
def test_what_is_not_answered(shop_url, path, body, status, message):
    assert post(f"{shop_url}/v1/models/{path}", body) == (status, {"error": message})


def test_a_body_in_pieces_is_bounded_too(shop_url):
    pieces = (b"x" * 1000 for _ in range(9))
    response = requests.post(f"{shop_url}/v1/models/shop:predict", data=pieces, timeout=TIMEOUT)
    assert (response.status_code, set(response.json())) == (413, {"error"})


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods(shop_url, method):
    response = requests.request(method, f"{shop_url}/v1/models/shop", timeout=TIMEOUT)
    assert response.status_code == 400
    assert response.json() == {"error": f"Malformed request: {method} /v1/models/shop"}
    response = requests.request(method, f"{shop_url}/healthz", timeout=TIMEOUT)
    assert (response.status_code, response.json()) == (405, {"error": "Method Not Allowed"})


def test_health(shop_url):
    assert get(f"{shop_url}/healthz") == (200, {"status": "ok"})


def test_rows_and_columns_of_several_inputs(plant_url):
    url = f"{plant_url}/v1/models/plant:predict"
    first = {"tag": {"b64": "/wA="}, "signal": [1, 2, 3], "sensor": [[1, 2], [3, 4]], "new": True}
    second = {"tag": "b", "signal": [4, 5, 6], "sensor": [[5, 6], [7, 8]], "new": False}
    status, body = post(url, {"instances": [first, second]})
    assert status == 200
    assert body["predictions"] == [
        {"total": 6.0, "sensor": [[2, 3], [4, 5]], "tag_bytes": {"b64": "/wA="}},
        {"total": 15.0, "sensor": [[5, 6], [7, 8]], "tag_bytes": {"b64": "Yg=="}},
    ]
    columns = {name: [first[name], second[name]] for name in first}
    status, body = post(url, {"inputs": columns})
    assert status == 200
    assert body["outputs"]["total"] == [6.0, 15.0]


def test_columns_of_unequal_length(plant_url):
    url = f"{plant_url}/v1/models/plant:predict"
    body = {"signature_name": "outer", "inputs": {"a": [1, 2, 3], "b": [10, 20]}}
    assert post(url, body) == (200, {"outputs": [[10, 20], [20, 40], [30, 60]]})


def test_an_image_comes_as_base64(plant_url):
    url = f"{plant_url}/v1/models/plant:predict"
    image = {"b64": base64.b64encode(PNG).decode()}
    body = {"signature_name": "size", "instances": [image, {"image_bytes": image}]}
    status, answer = post(url, body)
    assert status == 400
    assert "Expecting value/list but got object at item 1" in answer["error"]
    body = {"signature_name": "size", "instances": [image, image]}
    assert post(url, body) == (200, {"predictions": [4, 4]})


def test_what_the_model_refuses_is_the_callers_mistake(plant_url):
    body = {"signature_name": "size", "instances": ["no image"]}
    status, answer = post(f"{plant_url}/v1/models/plant:predict", body)
    assert status == 400
    assert "PNG" in answer["error"]


def test_half_a_character_can_be_told():
    answer = error_response("unknown: \ud800", 400)
    assert json.loads(answer.body) == {"error": "unknown: ?"}
