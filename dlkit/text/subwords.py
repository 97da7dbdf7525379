"""Hashed character n-grams of words."""

import functools

import numpy as np
import tensorflow as tf

from dlkit.text.hashing import SUBWORD_SALT, window_hashes
from dlkit.text.normalization import Characters
from dlkit.text.segmentation import Words

_WORD_START, _WORD_END = 0x2, 0x3  # control characters never survive normalization
_SIZES = (3, 4)


def subword_slots(length: int) -> int:
    """Returns how many sub-words are read from the first `length` characters of a word."""
    return len(_slots(length))


def subwords(characters: Characters, words: Words, *, length: int, buckets: int) -> tf.Tensor:
    """Buckets of the 3- and 4-grams of each word with its boundaries.

    Args:
        characters: The characters.
        words: The words.
        length: Characters of a word, boundaries included, that are read.
        buckets: Number of buckets.

    Returns:
        int32 `(w, slots)`: 0 where a word is too short, else a bucket from 1.
    """
    inside, boundaries, exists = _masks(length)
    positions = words.starts[:, None] + np.arange(length)
    codes = tf.gather(tf.pad(characters.codes, [[1, length]]), positions)  # (w, length)
    word_length = tf.minimum(words.lengths, length - 1)
    codes = codes * tf.gather(inside, word_length) + tf.gather(boundaries, word_length)
    hashes = window_hashes(codes, _slots(length), SUBWORD_SALT)
    return tf.cast((_modulo(hashes, buckets) + 1) * tf.gather(exists, word_length), tf.int32)


def _modulo(hashes: tf.Tensor, count: int) -> tf.Tensor:
    if count & (count - 1) == 0:  # a power of two needs no division, which is slow
        return tf.bitwise.bitwise_and(hashes, np.int64(count - 1))
    return hashes % count


def _slots(length: int) -> list[tuple[int, int]]:
    return [(start, size) for size in _SIZES for start in range(length - size + 1)]


@functools.cache
def _masks(length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Describes words of each length up to `length - 1`, where the first character is at 1.

    Returns:
        What is part of the word, int64 `(length, length)` of 0 and 1; the codes of its
        boundaries, int64 `(length, length)`; which sub-words it has, int64 `(length, slots)`.
    """
    word = np.arange(length)[:, None]
    position = np.arange(length)
    inside = (position >= 1) & (position <= word)
    boundaries = np.where(position == word + 1, _WORD_END, 0)
    boundaries[:, 0] = _WORD_START
    stop = np.array([start + size for start, size in _slots(length)])
    return inside.astype(np.int64), boundaries, (stop <= word + 2).astype(np.int64)
