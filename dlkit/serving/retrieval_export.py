"""One SavedModel of recommendations: ids of a history in, ids and scores of items out."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dlkit.serving.export import SERVING_DEFAULT, export_model

_HISTORY = 50


def export_retrieval(
    model: keras.Model, folder: Path, *, version: int | None, ids: Sequence[str]
) -> Path:
    """Exports a recommender: the signature takes `history`, strings `(batch, n)`, padded with "".

    It answers `items`, strings `(batch, k)`, and `scores`, float32 `(batch, k)`.

    Args:
        model: See `recommending_model`.
        folder: See `export_model`.
        version: See `export_model`.
        ids: Names of the items, some of which are the probes.

    Returns:
        The folder of the version.

    Raises:
        InputError, ServingError: See `export_model`.
    """
    names = [name.encode() for name in ids[: 2 * _HISTORY]]
    probes = np.full((4, _HISTORY), b"", object)
    probes[1, :2] = [names[0], b"an unknown item"]
    probes[2, -len(names[:_HISTORY]) :] = names[:_HISTORY]
    probes[3, 3:4] = names[-1]
    return export_model(
        model,
        folder,
        version=version,
        answers={SERVING_DEFAULT: lambda inputs: model(inputs["history"], training=False)},
        specs={"history": tf.TensorSpec([None, None], tf.string)},
        probes={"history": probes},
        expected=model(tf.constant(probes)),
    )
