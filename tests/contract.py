"""What every network, layer and task promises, checked the same way for all of them."""

import atexit
import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

_RELOADER = """
import json, sys, traceback
import numpy as np
import tensorflow as tf

for line in sys.stdin:
    folder = line.strip()
    try:
        module = tf.saved_model.load(folder)
        with np.load(folder + "/inputs.npz") as arrays:
            outputs = module.serve(*[tf.constant(arrays[name]) for name in arrays])
        np.savez(folder + "/outputs.npz", *[
            value.numpy().astype("S") if value.dtype == tf.string else value.numpy()
            for value in tf.nest.flatten(outputs)
        ])
        fault = ""
    except Exception:
        fault = traceback.format_exc()
    print("fault", json.dumps(fault), flush=True)
"""


def check_network(
    builder, *, expected_parameters, input_shape=None, inputs=None, batch=4, **arguments
):
    """Checks a builder of a body, from inputs to features `(batch, feature_dim)`.

    Args:
        builder: Returns a model from keyword arguments.
        expected_parameters: The exact number of weights.
        input_shape: Goes to the builder, and gives the shape of random inputs; None is 7 there.
        inputs: In place of random ones, for a builder that takes no `input_shape`: an array
            `(batch, ...)`, or a dict of them.
        batch: Rows of the random inputs.
        **arguments: Go to the builder.
    """
    if input_shape is not None:
        arguments["input_shape"] = input_shape
    if inputs is None:
        shape = (batch, *(7 if size is None else size for size in input_shape))
        inputs = np.random.default_rng(0).normal(size=shape).astype("float32")
    model = builder(**arguments)

    assert model.count_params() == expected_parameters
    assert _names(model) == _names(builder(**arguments)), "a layer has no name of its own"
    features = _infer(model, inputs)
    assert features.shape == (len(features), model.output.shape[1])
    assert features.dtype == np.float32
    assert np.isfinite(features).all()
    np.testing.assert_array_equal(features, _infer(model, inputs), "inference is random")
    _check_serialization(model)
    _check_fit(model, inputs)
    _check_save(model, inputs)
    _check_export(model, inputs)


def check_layer(make_layer, inputs):
    """Checks a layer.

    Args:
        make_layer: Returns a new layer.
        inputs: An array `(batch, ...)`, a dict of them for a layer that takes one, or a tuple of
            them for a layer that takes several arguments.
    """
    layer = make_layer()
    several = isinstance(inputs, tuple)
    symbols = keras.tree.map_structure(_symbol, inputs)
    model = keras.Model(symbols, layer(*symbols) if several else layer(symbols), name="contract")

    assert keras.saving.get_registered_name(type(layer)).startswith("dlkit>")
    eager = layer(*inputs) if several else layer(inputs)
    for symbol, value in zip(_leaves(model.output), _leaves(eager), strict=True):
        assert symbol.shape[1:] == value.shape[1:]
        assert symbol.dtype == keras.backend.standardize_dtype(value.dtype)
    _assert_equal(_infer(model, inputs), keras.tree.map_structure(np.asarray, eager))
    _check_serialization(model)
    _check_save(model, inputs)
    _check_export(model, inputs)


def check_task(task, column, *, feature_dim=6):
    """Checks a task: its head, loss, weights and answers for a column of labels.

    Args:
        task: Knows all labels of the column.
        column: Labels as they come in a row; None where a row has none.
        feature_dim: Size of the random features.
    """
    shape = (len(column), feature_dim)
    features = np.random.default_rng(0).normal(size=shape).astype("float32")
    targets, symbols = task.encode(column), keras.Input((feature_dim,), name="features")
    model = keras.Model(symbols, task.head(symbols), name="contract")
    known = np.array([label is not None for label in column], "float32")
    weights = task.weights(targets) * known

    _check_serialization(task)
    assert len(targets) == len(weights) == len(column)
    model.compile("adam", loss=task.loss, weighted_metrics=task.metrics, jit_compile=False)
    history = model.fit(features, targets, sample_weight=weights, epochs=20, verbose=0)
    assert history.history["loss"][-1] < history.history["loss"][0]
    outputs = model(features)
    answers = keras.tree.map_structure(np.asarray, task.decode(outputs))
    assert all(len(answer) == len(column) for answer in answers.values())
    _assert_equal(answers, keras.tree.map_structure(np.asarray, tf.function(task.decode)(outputs)))


def _check_serialization(thing):
    config = json.dumps(keras.saving.serialize_keras_object(thing), sort_keys=True)
    rebuilt = keras.saving.deserialize_keras_object(json.loads(config))
    assert json.dumps(keras.saving.serialize_keras_object(rebuilt), sort_keys=True) == config


def _check_fit(model, inputs):
    logits = keras.layers.Dense(3, name="contract_logits")(model.output)
    classifier = keras.Model(model.input, logits, name="contract")
    targets = np.arange(len(_leaves(inputs)[0])) % 3
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    weights = [weight.numpy().copy() for weight in model.trainable_weights]
    before = float(loss(targets, _infer(classifier, inputs)))

    classifier.compile(keras.optimizers.Adam(0.003), loss, jit_compile=False)
    classifier.fit(inputs, targets, verbose=0)

    assert float(loss(targets, _infer(classifier, inputs))) != before
    assert all(np.isfinite(weight).all() for weight in classifier.get_weights())
    pairs = zip(weights, model.trainable_weights, strict=True)
    moved = [(old != new.numpy()).any() for old, new in pairs]
    assert any(moved) or not moved, "no weight of the network learns"


def _check_save(model, inputs):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.keras")
        model.save(path)
        _assert_equal(_infer(keras.saving.load_model(path), inputs), _infer(model, inputs))


def _check_export(model, inputs):
    """Compares with the SavedModel in a process that never saw the code of the model."""
    specs = [tf.TensorSpec(symbol.shape, symbol.dtype) for symbol in _leaves(model.input)]
    module = tf.Module()
    module.model = model
    module.serve = tf.function(
        lambda *flat: model(keras.tree.pack_sequence_as(model.input, flat), training=False),
        input_signature=specs,
    )
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(module, folder)
        arrays = zip(_leaves(inputs), specs, strict=True)
        served = [a if s.dtype == "string" else a.astype(s.dtype.name) for a, s in arrays]
        np.savez(Path(folder, "inputs.npz"), *served)
        _reload(folder)
        with np.load(Path(folder, "outputs.npz")) as arrays:
            _assert_equal([arrays[name] for name in arrays], _leaves(_infer(model, inputs)))


def _reload(folder):
    """Has the other process write `outputs.npz`; importing TensorFlow once serves all tests."""
    process = _reloader()
    process.stdin.write(f"{folder}\n")
    process.stdin.flush()
    for line in process.stdout:
        if line.startswith("fault "):
            fault = json.loads(line.removeprefix("fault "))
            assert not fault, fault
            return
    raise AssertionError("the process that reloads exports has ended")


@functools.cache
def _reloader():
    process = subprocess.Popen(
        [sys.executable, "-c", _RELOADER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=tempfile.gettempdir(),
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "PYTHONPATH": ""},
        text=True,
    )
    atexit.register(process.communicate)
    return process


def _infer(model, inputs):
    return keras.tree.map_structure(np.asarray, model(inputs, training=False))


def _symbol(array):
    dtype = "string" if array.dtype.kind in "OSU" else array.dtype.name
    return keras.Input(array.shape[1:], dtype=dtype)


def _leaves(structure):
    return keras.tree.flatten(structure)


def _names(model):
    """Returns all names in a config, of layers within layers too."""

    def walk(config):
        if isinstance(config, dict):
            return [config.get("name"), *walk(list(config.values()))]
        return [name for part in config for name in walk(part)] if isinstance(config, list) else []

    return walk(model.get_config())


def _assert_equal(got, expected):
    for one, other in zip(_leaves(got), _leaves(expected), strict=True):
        if one.dtype.kind == "f":
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
        else:
            np.testing.assert_array_equal(one, np.asarray(other).astype(one.dtype))
