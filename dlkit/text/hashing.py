"""Polynomial hashes of character windows in wrapping 64-bit integers, as graph ops.

A window `c[0..n)` hashes to the sum of `c[k] * BASE**k` modulo 2**64 (Karp and Rabin, "Efficient
randomized pattern-matching algorithms", 1987). `BASE` is odd, so the hash of a word can be
read off a sum over any part of the text and moved to its start by a power of the inverse.
"""

import functools

import numpy as np
import tensorflow as tf

_BASE = 0x9E3779B97F4A7C15 | 1
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


def window_hashes(codes: tf.Tensor, size: int) -> list[tf.Tensor]:
    """Hashes the windows of 1 to `size` characters that start at each position.

    Args:
        codes: int64 `(..., length)`, character codes; windows over the end read zeros.
        size: The longest window.

    Returns:
        One int64 `(..., length)` per window size 1, 2, ... `size`.
    """
    factors = powers(size)
    hashes, total = [], tf.zeros_like(codes)
    for offset in range(size):
        total = total + shift_left(codes, offset) * factors[offset]
        hashes.append(total)
    return hashes


def shift_left(values: tf.Tensor, steps: int) -> tf.Tensor:
    """Moves `(..., length)` values `steps` to the left and fills with zeros."""
    if steps == 0:
        return values
    padding = [[0, 0]] * (values.shape.rank - 1) + [[0, steps]]
    return tf.pad(values[..., steps:], _fit(values, padding, steps))


def _fit(values: tf.Tensor, padding: list, steps: int) -> list:
    """Keeps the length when it is smaller than the number of steps."""
    padding[-1] = [0, tf.minimum(steps, tf.shape(values)[-1])]
    return padding


def mix(hashes: tf.Tensor, salt: int) -> tf.Tensor:
    """Spreads int64 hashes over all 64 bits; `salt` keeps kinds of n-grams apart."""
    factor = np.uint64(0xBF58476D1CE4E5B9).astype(np.int64)
    mixed = (hashes + np.int64(salt)) * factor
    return tf.bitwise.bitwise_xor(mixed, tf.bitwise.right_shift(mixed, np.int64(29))) * factor
