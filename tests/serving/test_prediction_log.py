import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from dlkit.serving.prediction_log import WARMUP_FILE, read_warmup_requests, write_warmup_requests

REQUESTS = [
    {"text": np.array(["铜价上涨".encode(), b"\xff\x00"], object)},
    {"history": np.array([[b"a", b""]], object), "price": np.array([[1.5, -2.0]], np.float32)},
    {"count": np.array([3, -4], np.int64), "new": np.array([True, False])},
]


@pytest.fixture
def version(tmp_path):
    write_warmup_requests(tmp_path, "shop", REQUESTS)
    return tmp_path


def test_tensorflow_serving_parses_the_records(version):
    assert WARMUP_FILE.parts == ("assets.extra", "tf_serving_warmup_requests")
    records = list(tf.data.TFRecordDataset(str(version / WARMUP_FILE)).as_numpy_iterator())
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    assert len(logs) == len(REQUESTS)
    for log, expected in zip(logs, REQUESTS, strict=True):
        assert log.WhichOneof("log_type") == "predict_log"
        request = log.predict_log.request
        assert request.model_spec.name == "shop"
        assert request.model_spec.signature_name == "serving_default"
        assert set(request.inputs) == set(expected)
        for name, value in expected.items():
            np.testing.assert_array_equal(tf.make_ndarray(request.inputs[name]), value)
        assert prediction_log_pb2.PredictionLog.FromString(log.SerializeToString()) == log


def test_the_records_are_read_again(version):
    found = list(read_warmup_requests(version))
    assert [name for name, _ in found] == ["serving_default"] * len(REQUESTS)
    for (_, inputs), expected in zip(found, REQUESTS, strict=True):
        assert set(inputs) == set(expected)
        for name, value in expected.items():
            np.testing.assert_array_equal(inputs[name], value)
            assert inputs[name].dtype == value.dtype


def test_records_of_tensorflow_serving_are_read(tmp_path):
    log = prediction_log_pb2.PredictionLog()
    log.log_metadata.sampling_config.sampling_rate = 0.5
    request = log.predict_log.request
    request.model_spec.name = "shop"
    request.model_spec.version.value = 7
    request.output_filter.append("label")
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([1, 2]))
    other = prediction_log_pb2.PredictionLog()
    other.classify_log.request.model_spec.name = "shop"
    (tmp_path / WARMUP_FILE).parent.mkdir()
    with tf.io.TFRecordWriter(str(tmp_path / WARMUP_FILE)) as writer:
        writer.write(other.SerializeToString())
        writer.write(log.SerializeToString())
    [(name, inputs)] = read_warmup_requests(tmp_path)
    assert name == "serving_default"
    np.testing.assert_array_equal(inputs["x"], [1, 2])


def test_no_file_is_no_request(tmp_path):
    assert list(read_warmup_requests(tmp_path)) == []
