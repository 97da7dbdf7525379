"""The versions of a model that a server answers with."""

import dataclasses
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from tensorflow.core.protobuf import saved_model_pb2

from dlkit.errors import InputError
from dlkit.serving.class_names import read_class_names
from dlkit.serving.prediction_log import read_warmup_requests


@dataclasses.dataclass(frozen=True, eq=False)
class Signature:
    """A compiled function of a SavedModel; equal to itself only."""

    function: Any
    inputs: Mapping[str, tf.TensorSpec]
    outputs: Mapping[str, tf.TensorSpec]
    joins: bool
    """Whether the first axis of everything is a batch of any size."""

    def __call__(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Maps named arrays to named arrays."""
        tensors = {
            name: tf.constant(value, self.inputs[name].dtype) for name, value in inputs.items()
        }
        return {name: value.numpy() for name, value in self.function(**tensors).items()}


@dataclasses.dataclass(frozen=True)
class Version:
    """A loaded SavedModel."""

    number: int
    signatures: Mapping[str, Signature]
    signature_def: Mapping[str, Any]
    """All signatures as TensorFlow Serving's metadata shows them."""

    classes: Mapping[str, list[str]]
    """Names in the order of the last axis of an answer, where the export wrote them."""


def load_versions(folder: Path, *, count: int) -> dict[int, Version]:
    """Loads the newest versions of a model and warms them up.

    Args:
        folder: Holds `<version>/saved_model.pb`, each version a positive number.
        count: Most versions to load.

    Returns:
        The versions by number, oldest first.

    Raises:
        InputError: There is none, or one cannot be loaded.
    """
    numbers = sorted(
        int(path.parent.name)
        for path in folder.glob("*/saved_model.pb")
        if path.parent.name.isdecimal()
    )
    if not numbers:
        msg = f"`--model` must be a folder with SavedModels in VERSION/. Received: {folder}."
        if (folder / "saved_model.pb").is_file():
            raise InputError(f"{msg} That is one version: give its parent, {folder.parent}.")
        raise InputError(f"{msg} Write one with the verb `export`.")
    return {number: _load(folder / str(number), number) for number in numbers[-count:]}


def _load(folder: Path, number: int) -> Version:
    try:
        module = tf.saved_model.load(str(folder))
        proto = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
        classes = read_class_names(folder)
    except (OSError, ValueError, tf.errors.OpError) as error:
        msg = f"`--model` must hold SavedModels that load. Received: {folder} ({error})."
        raise InputError(msg + " Export it again.") from error
    signatures = {name: _signature(function) for name, function in module.signatures.items()}
    signature_def = {
        name: json_format.MessageToDict(
            signature,
            preserving_proto_field_name=True,
            always_print_fields_with_no_presence=True,
        )
        for name, signature in proto.meta_graphs[0].signature_def.items()
    }
    for name, inputs in read_warmup_requests(folder):
        try:
            signatures[name](inputs)
        except (KeyError, ValueError, TypeError, tf.errors.OpError) as error:
            print(f"warning: warm-up of {folder} failed: {error}", file=sys.stderr)  # noqa: T201
    return Version(number, signatures, signature_def, classes)


def _signature(function: Any) -> Signature:
    inputs = function.structured_input_signature[1]
    outputs = function.structured_outputs
    joins = all(
        spec.shape.rank and spec.shape[0] is None for spec in [*inputs.values(), *outputs.values()]
    )
    return Signature(function, inputs, outputs, joins and bool(inputs))
