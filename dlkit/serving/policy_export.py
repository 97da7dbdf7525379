"""One SavedModel of a policy: an observation in, an action and the values of all actions out."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dlkit.serving.export import SERVING_DEFAULT, export_model


def export_policy(
    model: keras.Model, folder: Path, *, version: int | None, probes: np.ndarray
) -> Path:
    """Exports a policy: the signature takes `observation`, `(batch, ...)`.

    It answers `action`, int64 `(batch,)`, and `values`, float32 `(batch, actions)`.

    Args:
        model: As `policy_model` makes it.
        folder: See `export_model`.
        version: See `export_model`.
        probes: Observations `(n, ...)` on which the export must agree with the model.

    Returns:
        The folder of the version.

    Raises:
        InputError, ServingError: See `export_model`.
    """
    [symbol] = model.inputs
    return export_model(
        model,
        folder,
        version=version,
        answers={SERVING_DEFAULT: lambda inputs: model(inputs["observation"], training=False)},
        specs={"observation": tf.TensorSpec(symbol.shape, symbol.dtype)},
        probes={"observation": probes},
        expected=model(tf.constant(probes), training=False),
    )
