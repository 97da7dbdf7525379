import numpy as np
import tensorflow as tf

from dlkit.text.rows import count_down, count_up, lengths_of, row_numbers, splits_of, to_dense

SPLITS = tf.constant([0, 0, 3, 3, 5, 5], tf.int64)  # rows of 0, 3, 0, 2 and 0 elements
NONE = tf.zeros([0], tf.int64)


def test_elements_are_numbered_both_ways():
    lengths = lengths_of(SPLITS)
    np.testing.assert_array_equal(lengths, [0, 3, 0, 2, 0])
    np.testing.assert_array_equal(count_up(lengths), [0, 1, 2, 0, 1])
    np.testing.assert_array_equal(count_down(lengths), [2, 1, 0, 1, 0])


def test_row_of_each_position():
    np.testing.assert_array_equal(row_numbers(tf.range(5, dtype=tf.int64), SPLITS), [1, 1, 1, 3, 3])


def test_splits_of_some_elements():
    positions = tf.constant([1, 2, 4], tf.int64)
    np.testing.assert_array_equal(splits_of(positions, SPLITS), [0, 0, 2, 2, 3, 3])
    np.testing.assert_array_equal(splits_of(NONE, SPLITS), [0] * 6)


def test_rows_are_padded_or_cut():
    values = tf.constant([[1, 1], [2, 2], [3, 3], [4, 4], [5, 5]])
    dense = to_dense(values[:, 0], SPLITS, [-1, -1])
    np.testing.assert_array_equal(dense, [[0, 0, 0], [1, 2, 3], [0, 0, 0], [4, 5, 0], [0, 0, 0]])
    cut = to_dense(values, SPLITS, [-1, 1, 2])
    np.testing.assert_array_equal(cut, [[[0, 0]], [[1, 1]], [[0, 0]], [[4, 4]], [[0, 0]]])


def test_no_rows():
    splits = tf.zeros([1], tf.int64)
    assert row_numbers(NONE, splits).shape == (0,)
    assert to_dense(NONE, splits, [-1, 1]).shape == (0, 1)
