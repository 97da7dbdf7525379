"""SavedModels with known answers, small enough for every test."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import requests
import tensorflow as tf

import dlkit
from dlkit.serving.class_names import write_class_names

CLASSES = ("red", "green", "blue")


class Shouting(tf.Module):
    """Upper-cases texts; classes by the length of the text."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text):
        probabilities = tf.one_hot(tf.strings.length(text) % 3, 3, on_value=0.8, off_value=0.1)
        label = tf.gather(tf.constant(CLASSES), tf.argmax(probabilities, -1))
        return {
            "label": label,
            "confidence": tf.reduce_max(probabilities, -1),
            "out_of_scope": tf.strings.length(text) == 0,
            "probabilities": probabilities,
            "shout": tf.strings.upper(text),
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def half(self, x):
        return {"y": x / 2}


class Sensors(tf.Module):
    """Several named inputs of several types."""

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, name="tag"),
            tf.TensorSpec([None, None], tf.float32, name="signal"),
            tf.TensorSpec([None, 2, 2], tf.int32, name="sensor"),
            tf.TensorSpec([None], tf.bool, name="new"),
        ]
    )
    def serve(self, tag, signal, sensor, new):
        return {
            "total": tf.reduce_sum(signal, -1),
            "sensor": sensor + tf.cast(new, tf.int32)[:, None, None],
            "tag_bytes": tag,
        }

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.int64, name="a"),
            tf.TensorSpec([None], tf.int64, name="b"),
        ]
    )
    def outer(self, a, b):
        return {"product": a[:, None] * b[None, :]}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")])
    def size(self, image_bytes):
        return {"size": tf.map_fn(_size, image_bytes, fn_output_signature=tf.int32)}


def _size(image):
    return tf.shape(tf.io.decode_png(image))[0]


def save(module, folder, number, **signatures):
    """Saves a version of a made model."""
    path = folder / str(number)
    tf.saved_model.save(module, str(path), {"serving_default": module.serve, **signatures})
    if isinstance(module, Shouting):
        write_class_names(path, {"probabilities": CLASSES})
    return path


@contextlib.contextmanager
def running(folder, *options):
    """Runs `serve` in a process of its own; yields the process and its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "apps.intent", "serve", "--port", "0", "--model", folder, *options],
        env={**os.environ, "PYTHONPATH": str(Path(dlkit.__file__).parents[1])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert "http://" in line, process.communicate()[1]
        address = line.rsplit(" ", 1)[1].strip()
        assert requests.get(f"{address}/healthz", timeout=10).json() == {"status": "ok"}
        yield process, address
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
