"""One SavedModel: named rows in, named answers out, proven in a process of its own."""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dlkit.errors import InputError
from dlkit.serving import loaded_answers
from dlkit.serving.answers import class_names
from dlkit.serving.class_names import write_class_names
from dlkit.serving.prediction_log import write_warmup_requests
from dlkit.serving.tf_serving_files import write_tf_serving_files
from dlkit.tasks import EMBEDDING, answer_by_length, with_embedding

_TOLERANCE = 1e-4
_FRESH_PROCESS_SECONDS = 300
_WARMUP_ROWS = (1, 32)


class ServingError(RuntimeError):
    """The exported model does not give the answers of the run's model."""


SERVING_DEFAULT = "serving_default"
"""The signature that TensorFlow Serving takes where none is named."""

Answer = Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]]
"""From named inputs `(batch, ...)` to named answers, in graph ops."""


def export_text_model(
    model: keras.Model, folder: Path, *, version: int | None, probes: Sequence[str]
) -> Path:
    """Exports a model of texts: the signatures take `text`, string `(batch,)`.

    `embedding` gives the vector of each text beside the answers of `serving_default`, see
    `with_embedding`.

    Args:
        model: From strings `(batch,)` to a dictionary of named answers.
        folder: See `export_model`.
        version: See `export_model`.
        probes: Texts on which the export must agree with the model.

    Returns:
        The folder of the version.

    Raises:
        InputError, ServingError: See `export_model`.
    """
    embedding = with_embedding(model)
    return export_model(
        model,
        folder,
        version=version,
        answers={
            SERVING_DEFAULT: lambda inputs: answer_by_length(model, inputs["text"]),
            EMBEDDING: lambda inputs: answer_by_length(embedding, inputs["text"]),
        },
        specs={"text": tf.TensorSpec([None], tf.string)},
        probes={"text": np.array([text.encode() for text in probes], object)},
        expected=model(tf.constant(list(probes))),
    )


def export_model(
    model: keras.Model,
    folder: Path,
    *,
    version: int | None,
    answers: Mapping[str, Answer],
    specs: Mapping[str, tf.TensorSpec],
    probes: Mapping[str, np.ndarray],
    expected: Mapping[str, tf.Tensor],
) -> Path:
    """Writes `<folder>/<version>/` and checks it before it gets that name.

    Recurrent layers are traced without cuDNN, so that what was trained on a GPU is served on a
    CPU. Warm-up requests and the names of the classes go into the version, the files of TensorFlow
    Serving beside the versions.

    Args:
        model: Holds the weights, and the layer of the answers if it names classes.
        folder: Holds the versions of this model.
        version: A positive number; None takes the next one.
        answers: What each signature does, `serving_default` among them.
        specs: Their inputs, the first axis of which is the batch.
        probes: Inputs on which the export must agree with the model.
        expected: What `serving_default` should say about them.

    Returns:
        The folder of the version.

    Raises:
        InputError: The version exists already or is no positive number, or the folder cannot be
            made.
        ServingError: A fresh process does not get the same answers.
    """
    version = _next_version(folder) if version is None else version
    target = folder / str(version)
    if version < 1 or target.exists():
        taken = f", but {target} exists" if version >= 1 else ""
        msg = f"`--version` must be a new positive number. Received: {version}{taken}."
        raise InputError(msg + " Leave it out to take the next one.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"`--output` must be a folder that can be written. Received: {folder} ({error})."
        raise InputError(msg + " Name another.") from error
    temporary = Path(tempfile.mkdtemp(prefix=".export-", dir=folder))
    try:
        _save(model, temporary, answers, specs)
        _check(temporary, probes, expected)
        requests = [
            {k: np.resize(v, (rows, *v.shape[1:])) for k, v in probes.items()}
            for rows in _WARMUP_ROWS
        ]
        write_warmup_requests(temporary, folder.name, requests)
        if any(layer.name == "answers" for layer in model.layers):
            write_class_names(temporary, class_names(model.get_layer("answers")))
        temporary.chmod(0o755)
        temporary.rename(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    write_tf_serving_files(folder)
    return target


def _save(
    model: keras.Model,
    folder: Path,
    answers: Mapping[str, Answer],
    specs: Mapping[str, tf.TensorSpec],
) -> None:
    for layer in model._flatten_layers():
        if hasattr(layer, "use_cudnn"):
            layer.use_cudnn = False
    module = tf.Module()
    module.model_variables = [variable.value for variable in model.variables]
    layers = model._flatten_layers()
    module.tables = [layer.lookup_table for layer in layers if hasattr(layer, "lookup_table")]
    named = {name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in specs.items()}
    traced = {
        signature: tf.function(lambda answer=answer, **inputs: answer(inputs))
        for signature, answer in answers.items()
    }
    signatures = {name: serve.get_concrete_function(**named) for name, serve in traced.items()}
    tf.saved_model.save(module, str(folder), signatures=signatures)


def _check(
    folder: Path, probes: Mapping[str, np.ndarray], expected: Mapping[str, tf.Tensor]
) -> None:
    process = subprocess.run(
        [sys.executable, "-P", loaded_answers.__file__, str(folder)],
        input=json.dumps({k: v.tolist() for k, v in probes.items()}, default=_base64),
        capture_output=True,
        text=True,
        timeout=_FRESH_PROCESS_SECONDS,
        check=False,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    if process.returncode != 0:
        raise ServingError(f"The export does not load in a fresh process:\n{process.stderr}")
    answers = json.loads(process.stdout)
    for name, value in expected.items():
        if not _agree(np.array(answers.get(name)), value.numpy()):
            raise ServingError(f"A fresh process gets other values of `{name}` from the export.")


def _base64(value: bytes) -> dict[str, str]:
    return {"b64": base64.b64encode(value).decode()}


def _agree(answer: np.ndarray, expected: np.ndarray) -> bool:
    if answer.shape != expected.shape:
        return False
    if np.issubdtype(expected.dtype, np.floating):
        return np.allclose(answer, expected, atol=_TOLERANCE)
    if expected.dtype == object:
        expected = np.array([value.decode() for value in expected.ravel()]).reshape(expected.shape)
    return bool((answer == expected).all())


def _next_version(folder: Path) -> int:
    versions = [int(path.name) for path in folder.glob("*") if path.name.isdecimal()]
    return max(versions, default=0) + 1
