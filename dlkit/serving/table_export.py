"""One SavedModel of a table: a named input for each column in, named answers out."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dlkit.serving.export import SERVING_DEFAULT, export_model
from dlkit.tasks.table_answers import column_specs

_NUMBER_PROBES = np.array([0, 1, -1, 0.5, 42, 1e3, -1e6, np.nan], np.float32)
_STRING_PROBES = np.array(
    [b"", b"a", b"2024-02-29", b"A title", "\u4e00".encode(), b"0", b"b", b""], object
)


def export_table_model(model: keras.Model, folder: Path, *, version: int | None) -> Path:
    """Exports a model of tables: the signature takes float32 or string `(batch,)` a column.

    Args:
        model: From named columns `(batch,)` to a dictionary of named answers.
        folder: See `export_model`.
        version: See `export_model`.

    Returns:
        The folder of the version.

    Raises:
        InputError, ServingError: See `export_model`.
    """
    specs = column_specs(model)
    values = {tf.string: _STRING_PROBES, tf.float32: _NUMBER_PROBES}
    probes = {name: np.roll(values[spec.dtype], i) for i, (name, spec) in enumerate(specs.items())}
    return export_model(
        model,
        folder,
        version=version,
        answers={SERVING_DEFAULT: lambda columns: model(columns, training=False)},
        specs=specs,
        probes=probes,
        expected=model({name: tf.constant(value) for name, value in probes.items()}),
    )
