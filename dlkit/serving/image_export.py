"""One SavedModel of images: encoded images in, named answers out."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dlkit.serving.export import SERVING_DEFAULT, export_model

_PROBES = ((8, 8, 1), (40, 30, 3), (33, 65, 3))


def export_image_model(model: keras.Model, folder: Path, *, version: int | None) -> Path:
    """Exports a model of images: the signature takes `image`, encoded string `(batch,)`.

    Args:
        model: From `image` to a dictionary of named answers.
        folder: See `export_model`.
        version: See `export_model`.

    Returns:
        The folder of the version.

    Raises:
        InputError, ServingError: See `export_model`.
    """
    probes = np.array(_probes(), object)
    return export_model(
        model,
        folder,
        version=version,
        answers={SERVING_DEFAULT: lambda inputs: model(inputs, training=False)},
        specs={"image": tf.TensorSpec([None], tf.string)},
        probes={"image": probes},
        expected=model({"image": tf.constant(probes)}, training=False),
    )


def _probes() -> list[bytes]:
    draw = np.random.default_rng(0)
    images = [draw.integers(0, 256, shape, dtype=np.uint8) for shape in _PROBES]
    return [
        encode(image).numpy()
        for image in images
        for encode in (tf.io.encode_png, tf.io.encode_jpeg)
    ]
