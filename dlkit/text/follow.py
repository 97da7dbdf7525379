"""Following jumps from place to place in a row, as graph ops."""

import tensorflow as tf


def follow(first: tf.Tensor, jumps: tf.Tensor, *, most: int) -> tf.Tensor:
    """Finds the places that jumps lead to, in jumps of 1, 2, 4, ...: no loop, whatever the row.

    Args:
        first: bool `(n,)`, the places where paths start.
        jumps: int64 `(n,)`, the place to go to from each; n ends the path.
        most: No path has more places.

    Returns:
        bool `(n,)`, the places on the paths.
    """
    count = tf.size(jumps, tf.int64)
    jumps = tf.concat([jumps, [count]], 0)  # all that ends jumps to one place behind the last
    reached = tf.pad(tf.cast(first, tf.int32), [[0, 1]])
    for _ in range(most.bit_length()):
        reached = tf.maximum(reached, tf.math.unsorted_segment_max(reached, jumps, count + 1))
        jumps = tf.gather(jumps, jumps)
    return reached[:-1] > 0
