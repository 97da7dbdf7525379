"""Polynomial hashes of character windows in wrapping 64-bit integers.

A window `c[0..n)` hashes to the sum of `c[k] * BASE**k` modulo 2**64 (Karp and Rabin, "Efficient
randomized pattern-matching algorithms", 1987). `BASE` is odd, so the hash of a word can be
read off a sum over any part of the text and moved to its start by a power of the inverse.
"""

import functools
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

WORD_SALT, PAIR_SALT, CHARACTER_SALT, SUBWORD_SALT = range(4)
"""What keeps the hashes of different kinds of n-grams apart."""

_BASE = 0x9E3779B97F4A7C15 | 1
_FACTOR = np.uint64(0xBF58476D1CE4E5B9).astype(np.int64)
_MASK = (1 << 64) - 1


@functools.cache
def powers(count: int, *, inverse: bool = False) -> np.ndarray:
    """Returns `BASE**k` (or of its inverse) modulo 2**64 for k < count: int64 `(count,)`."""
    base = pow(_BASE, -1, 1 << 64) if inverse else _BASE
    values, value = [], 1
    for _ in range(count):
        values.append(value)
        value = value * base & _MASK
    return np.array(values, np.uint64).astype(np.int64)


def mix(hashes: tf.Tensor, salt: int) -> tf.Tensor:
    """Spreads int64 hashes over all 64 bits; `salt` keeps kinds of n-grams apart."""
    return _finish(hashes * _FACTOR, salt)


def window_hashes(codes: tf.Tensor, windows: Sequence[tuple[int, int]], salt: int) -> tf.Tensor:
    """Hashes windows of rows of characters, all by one product of matrices.

    Args:
        codes: int64 `(rows, length)`.
        windows: Start and size of each window.
        salt: See `mix`.

    Returns:
        int64 `(rows, windows)`, mixed.
    """
    matrix = np.zeros((codes.shape[-1], len(windows)), np.int64)
    for column, (start, size) in enumerate(windows):
        matrix[start : start + size, column] = powers(size) * _FACTOR
    return _finish(tf.matmul(codes, matrix), salt)


def _finish(products: tf.Tensor, salt: int) -> tf.Tensor:
    mixed = products + np.array([salt]) * _FACTOR
    return tf.bitwise.bitwise_xor(mixed, tf.bitwise.right_shift(mixed, np.int64(29))) * _FACTOR
