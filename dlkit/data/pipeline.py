"""From texts and targets to shuffled, length-bucketed batches in `tf.data`."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

POOL_BATCHES = 50
"""Batches that are sorted by length together: enough to pad little, few enough to stay random."""

_READ_ROWS = 1024


class Rows(NamedTuple):
    """Rows that are read already, kept in memory as ids and numbers without padding.

    A feature is a ragged tensor `(rows, None, ...)`, or a tensor `(rows, ...)`; targets are arrays
    `(rows,)` and weights `(rows,)` or `(rows, members)` by the name of their task. `lengths` int64
    `(rows,)` is what batches are bucketed by.
    """

    features: dict[str, tf.RaggedTensor | tf.Tensor]
    targets: dict[str, np.ndarray]
    weights: dict[str, np.ndarray]
    lengths: np.ndarray


def tokenize(
    tokenizer: Callable[[tf.Tensor], Mapping[str, tf.Tensor]], texts: Sequence[str]
) -> dict[str, tf.RaggedTensor]:
    """Tokenizes texts by a compiled function.

    Args:
        tokenizer: From string `(batch,)` to named features `(batch, steps, ...)`, in which zeros
            at the end are padding.
        texts: The texts.

    Returns:
        Ragged features `(texts, None, ...)` by name, without padding.
    """
    compiled = tf.function(
        lambda batch: {name: strip_padding(value) for name, value in tokenizer(batch).items()},
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    parts = [
        compiled(tf.constant(list(texts[start : start + _READ_ROWS])))
        for start in range(0, len(texts), _READ_ROWS)
    ]
    return {name: tf.concat([part[name] for part in parts], 0) for name in parts[0]}


def tokenized_rows(
    features: dict[str, tf.RaggedTensor],
    targets: dict[str, np.ndarray],
    weights: dict[str, np.ndarray],
) -> Rows:
    """Joins features with what is to be learned from them."""
    lengths = sum(feature.row_lengths().numpy() for feature in features.values())
    return Rows(features, targets, weights, lengths)


def strip_padding(values: tf.Tensor) -> tf.RaggedTensor:
    """Cuts the steps at the end of each row of `(batch, steps, ...)` that are all zeros.

    The first step stays, as recurrent layers fail on a batch without any.
    """
    real = tf.not_equal(values, tf.zeros([], values.dtype))
    real = tf.reduce_any(real, axis=range(2, values.shape.rank))
    steps = tf.range(1, tf.shape(values)[1] + 1)
    lengths = tf.reduce_max(tf.where(real, steps, 0), axis=1)
    least = tf.minimum(1, tf.shape(values)[1])
    return tf.RaggedTensor.from_tensor(values, lengths=tf.maximum(lengths, least))


def training_batches(
    rows: Rows, *, batch_size: int, epochs: int, seed: int, first_epoch: int = 0
) -> tf.data.Dataset:
    """Batches of all epochs, one after the other.

    The order of an epoch depends on nothing but `seed` and its number, so that a training that
    goes on from `first_epoch` sees what it would have seen. Only row numbers are shuffled. Each
    epoch has `steps_per_epoch(rows, batch_size)` batches.

    Args:
        rows: The rows.
        batch_size: Rows in a batch; the last one of an epoch may be smaller.
        epochs: The number of the epoch to stop before.
        seed: Seeds the order.
        first_epoch: The number of the epoch to start with.

    Returns:
        A data set of `(features, targets, weights)`, each a dictionary of tensors padded to the
        longest row of the batch.
    """
    count, lengths = len(rows.lengths), tf.constant(rows.lengths, tf.int64)

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.random.experimental.stateless_shuffle(tf.range(count), seed=[seed, epoch])
        pool = tf.range(count, dtype=tf.int64) // (batch_size * POOL_BATCHES)
        key = pool * (tf.reduce_max(lengths) + 1) + tf.gather(lengths, order)
        batches = _cut(tf.gather(order, tf.argsort(key, stable=True)), batch_size)
        shuffled = tf.random.experimental.stateless_shuffle(
            tf.range(batches.nrows()), seed=[seed, -1 - epoch]
        )
        return tf.data.Dataset.from_tensor_slices(tf.gather(batches, shuffled))

    return _gathered(tf.data.Dataset.range(first_epoch, epochs).flat_map(one_epoch), rows)


def evaluation_batches(rows: Rows, *, batch_size: int) -> tuple[tf.data.Dataset, np.ndarray]:
    """Batches of every row once, the short rows first.

    Returns:
        A data set like that of `training_batches`, and int64 `(rows,)`: the number of the row
        that each element holds.
    """
    order = np.argsort(rows.lengths, kind="stable")
    batches = tf.data.Dataset.from_tensor_slices(_cut(tf.constant(order), batch_size))
    return _gathered(batches, rows), order


def steps_per_epoch(rows: Rows, batch_size: int) -> int:
    """Returns the number of batches of an epoch."""
    return -(-len(rows.lengths) // batch_size)


def _cut(order: tf.Tensor, batch_size: int) -> tf.RaggedTensor:
    """Cuts row numbers `(rows,)` into batches `(batches, None)`."""
    rowids = tf.range(tf.size(order, tf.int64)) // batch_size
    return tf.RaggedTensor.from_value_rowids(order, rowids)


def _padded(values: tf.RaggedTensor | tf.Tensor) -> tf.Tensor:
    return values.to_tensor() if isinstance(values, tf.RaggedTensor) else values


def _gathered(batches: tf.data.Dataset, rows: Rows) -> tf.data.Dataset:
    targets = {name: tf.constant(value) for name, value in rows.targets.items()}
    weights = {name: tf.constant(value) for name, value in rows.weights.items()}

    def gather(index: tf.Tensor) -> tuple[dict, dict, dict]:
        index = tf.convert_to_tensor(index)
        features = {name: _padded(tf.gather(x, index)) for name, x in rows.features.items()}
        return (
            features,
            {name: tf.gather(value, index) for name, value in targets.items()},
            {name: tf.gather(value, index) for name, value in weights.items()},
        )

    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    dataset = batches.map(gather, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.prefetch(tf.data.AUTOTUNE).with_options(options)
