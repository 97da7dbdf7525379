"""Requests that TensorFlow Serving replays when it loads a model, written and read.

The records are `tensorflow.serving.PredictionLog` messages. Only the fields that a request needs
are described here, by their numbers in TensorFlow Serving's protos, so that neither writing nor
reading needs its package. A tensor is held as the bytes of its `TensorProto`, which is how a
message within a message is written anyway.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from tensorflow.core.framework import tensor_pb2

WARMUP_FILE = Path("assets.extra") / "tf_serving_warmup_requests"
"""Where TensorFlow Serving looks in the folder of a version."""

_PACKAGE = "dlkit.serving"
_STRING, _BYTES, _MESSAGE = 9, 12, 11  # of FieldDescriptorProto.Type
_MESSAGES: dict[str, list[tuple[str, int, Any]]] = {
    "ModelSpec": [("name", 1, _STRING), ("signature_name", 3, _STRING)],
    "Input": [("key", 1, _STRING), ("value", 2, _BYTES)],  # an entry of map<string, TensorProto>
    "PredictRequest": [("model_spec", 1, "ModelSpec"), ("inputs", 2, ["Input"])],
    "PredictLog": [("request", 1, "PredictRequest")],
    "PredictionLog": [("predict_log", 6, "PredictLog")],
}


def write_warmup_requests(
    version: Path, model: str, requests: Iterable[Mapping[str, np.ndarray]]
) -> None:
    """Writes requests to the signature `serving_default`.

    Args:
        version: Folder of a SavedModel.
        model: The name under which it is served.
        requests: Inputs by name, arrays `(batch, ...)`.
    """
    path = version / WARMUP_FILE
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for inputs in requests:
            log = _PredictionLog()
            request = log.predict_log.request
            request.model_spec.name = model
            request.model_spec.signature_name = "serving_default"
            for name, value in inputs.items():
                tensor = tf.make_tensor_proto(value)
                request.inputs.add(key=name, value=tensor.SerializeToString())
            writer.write(log.SerializeToString())


def read_warmup_requests(version: Path) -> Iterator[tuple[str, dict[str, np.ndarray]]]:
    """Reads what `write_warmup_requests` or another tool has written; nothing without a file.

    Yields:
        The name of a signature, and inputs by name, arrays `(batch, ...)`.
    """
    path = version / WARMUP_FILE
    if not path.is_file():
        return
    for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
        request = _PredictionLog.FromString(record).predict_log.request
        if request.inputs:
            yield (
                request.model_spec.signature_name or "serving_default",
                {entry.key: _array(entry.value) for entry in request.inputs},
            )


def _array(tensor: bytes) -> np.ndarray:
    return tf.make_ndarray(tensor_pb2.TensorProto.FromString(tensor))


def _message_class(name: str) -> Any:
    """Builds the class of a message in a pool of its own, beside TensorFlow Serving's."""
    file = descriptor_pb2.FileDescriptorProto(
        name="dlkit/prediction_log.proto", package=_PACKAGE, syntax="proto3"
    )
    for message, fields in _MESSAGES.items():
        described = file.message_type.add(name=message)
        for field, number, kind in fields:
            repeated = isinstance(kind, list)
            inner = kind[0] if repeated else kind
            described.field.add(
                name=field,
                number=number,
                label=3 if repeated else 1,  # LABEL_REPEATED, LABEL_OPTIONAL
                type=_MESSAGE if isinstance(inner, str) else inner,
                type_name=f".{_PACKAGE}.{inner}" if isinstance(inner, str) else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


_PredictionLog = _message_class("PredictionLog")
