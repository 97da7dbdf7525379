"""Rows of different lengths kept one after the other in one flat tensor, as graph ops.

`splits` int64 `(batch + 1,)` holds where each row starts, and the total length at its end. The
ops of `tf.ragged` do the same with several times as many graph nodes, which is what a call with
one short text spends its time on.
"""

from collections.abc import Callable

import tensorflow as tf


def splits_of(positions: tf.Tensor, splits: tf.Tensor) -> tf.Tensor:
    """Splits some of the elements into the rows of all elements.

    Args:
        positions: int64 `(n,)`, ascending positions of the elements.
        splits: int64 `(batch + 1,)` of all elements.

    Returns:
        int64 `(batch + 1,)`, the splits of the elements at `positions`.
    """
    return _bound(tf.raw_ops.LowerBound, positions, splits, tf.int64)


def row_numbers(positions: tf.Tensor, splits: tf.Tensor) -> tf.Tensor:
    """Returns int32 `(n,)`, the row that holds each of the positions."""
    return _bound(tf.raw_ops.UpperBound, splits, positions, tf.int32) - 1


def _bound(search: Callable, inputs: tf.Tensor, values: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    inputs, values = tf.reshape(inputs, [1, -1]), tf.reshape(values, [1, -1])
    found = search(sorted_inputs=inputs, values=values, out_type=dtype)
    return tf.reshape(found, [-1])


def lengths_of(splits: tf.Tensor) -> tf.Tensor:
    """Returns int32 `(batch,)`, the lengths of the rows."""
    return tf.cast(splits[1:] - splits[:-1], tf.int32)


def count_up(lengths: tf.Tensor) -> tf.Tensor:
    """Numbers the elements of each row from 0: int32 `(n,)`."""
    return tf.raw_ops.RaggedRange(starts=0, limits=lengths, deltas=1).rt_dense_values


def count_down(lengths: tf.Tensor) -> tf.Tensor:
    """Numbers the elements of each row down to 0: int32 `(n,)`."""
    return tf.raw_ops.RaggedRange(starts=lengths - 1, limits=-1, deltas=-1).rt_dense_values


def to_dense(values: tf.Tensor, splits: tf.Tensor, shape: tf.Tensor | list[int]) -> tf.Tensor:
    """Pads rows with zeros, or cuts them.

    Args:
        values: `(n, ...)`.
        splits: int64 `(batch + 1,)`.
        shape: Of the result; -1 fits.

    Returns:
        `(batch, steps, ...)`.
    """
    return tf.raw_ops.RaggedTensorToTensor(
        shape=shape,
        values=values,
        default_value=tf.zeros([], values.dtype),
        row_partition_tensors=[splits],
        row_partition_types=["ROW_SPLITS"],
    )


def framed(
    ids: tf.Tensor, splits: tf.Tensor, *, start: int, end: int, most: int, least: int = 0
) -> tf.Tensor:
    """Pads ids to rows, each between the id of a start and that of an end.

    Args:
        ids: int32 `(n,)`.
        splits: int64 `(batch + 1,)`.
        start: The id before the first one.
        end: The id after the last one.
        most: Steps of a row at most, with both; what is more is cut.
        least: Ids between both at least; zeros fill up.

    Returns:
        int32 `(batch, steps)`, with zeros behind the end.
    """
    counts = tf.clip_by_value(lengths_of(splits), least, most - 2)[:, None]
    steps = tf.maximum(tf.reduce_max(counts), 0)
    dense = to_dense(ids, splits, tf.stack([-1, steps]))
    dense = tf.pad(dense, [[0, 0], [1, 1]])
    place = tf.range(steps + 2)
    dense = tf.where(place == 0, start, dense)
    return tf.where(place == counts + 1, end, dense)
