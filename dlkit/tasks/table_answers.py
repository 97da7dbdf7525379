"""From the columns of a table to named answers: the model that a run saves and an export serves."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.tasks.answers import Answers
from dlkit.tasks.ensemble import Ensemble

_BATCH = 256


def table_answering_model(
    columns: keras.Model, heads: keras.Model, ensemble: Ensemble
) -> keras.Model:
    """Joins the front, the trained heads and decoding: the same graph trains and serves.

    Args:
        columns: From named columns `(batch,)` to named features.
        heads: From some of these features to outputs `(batch, members, size)`.
        ensemble: The task, calibrated.

    Returns:
        A model from float32 or string `(batch,)` by the name of the input to a dictionary of
        named answers.
    """
    features = columns(columns.input)
    bare = keras.Model(heads.input, heads.output, name="heads-bare")  # leaves the optimizer behind
    outputs = bare({name: features[name] for name in heads.input})
    mean = keras.layers.GlobalAveragePooling1D(name="members-mean")(outputs[ensemble.name])
    answers = Answers(tasks=[ensemble.task])({ensemble.name: mean})
    return keras.Model(columns.input, answers, name="answering")


def column_specs(model: keras.Model) -> dict[str, tf.TensorSpec]:
    """Returns the type of each column `(batch,)` that an answering model takes."""
    return {
        name: tf.TensorSpec([None], column.dtype, name=name) for name, column in model.input.items()
    }


def compiled_table_answers(model: keras.Model) -> Callable[[dict], dict[str, tf.Tensor]]:
    """Compiles an answering model for any number of rows."""
    return tf.function(
        lambda columns: model(columns, training=False), input_signature=[column_specs(model)]
    )


def answer_rows(
    model: keras.Model, values: Mapping[str, np.ndarray], *, batch_size: int = _BATCH
) -> dict[str, np.ndarray]:
    """Answers rows `(rows,)` by the name of the input.

    Returns:
        The named answers, arrays `(rows, ...)`.
    """
    parts = list(_batches(compiled_table_answers(model), values, batch_size))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _batches(
    compiled: Callable[[dict], dict[str, tf.Tensor]],
    values: Mapping[str, np.ndarray],
    batch_size: int,
) -> Iterator[dict[str, Any]]:
    rows = len(next(iter(values.values())))
    for start in range(0, rows, batch_size):
        stop = start + batch_size
        answers = compiled({name: tf.constant(v[start:stop]) for name, v in values.items()})
        yield {name: answer.numpy() for name, answer in answers.items()}
