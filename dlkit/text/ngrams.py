"""The n-grams of a classical linear model: words 1-2, and characters 2-5 within words."""

import functools

import numpy as np
import tensorflow as tf

from dlkit.text.hashing import CHARACTER_SALT, PAIR_SALT, mix, window_hashes
from dlkit.text.lookup import HashTable
from dlkit.text.normalization import Characters
from dlkit.text.rows import row_numbers, splits_of, to_dense
from dlkit.text.segmentation import Words

_SIZES = (2, 3, 4, 5)
_LONGEST = max(_SIZES)
_SPACE = ord(" ")
_BITS = np.array([1, 2, 4], np.int32)
_IS_WORD = np.array([1, 1] + [0] * len(_SIZES), np.int32)


def ngram_hashes(characters: Characters, words: Words, max_words: int) -> tf.Tensor:
    """Hashes the n-grams that start at each character, of the first `max_words` words.

    Returns:
        int64 `(n, 6)`, 0 where there is none: 1 to 2 words, and 2 to 5 characters of a word with
        the spaces around it.
    """
    size = tf.size(characters.kinds, tf.int64)
    return tf.concat([_word_ngrams(words, size, max_words), _windows(characters)], 1)


def _word_ngrams(words: Words, size: tf.Tensor, max_words: int) -> tf.Tensor:
    pairs = mix(words.hashes * 31 + _next(words.hashes), PAIR_SALT)
    number, following = words.numbers, _next(words.numbers)
    exists = tf.stack([number < max_words, (following > 0) & (following < max_words)], 1)
    hashes = tf.where(exists, tf.stack([words.hashes, pairs], 1), np.int64(0))
    return tf.scatter_nd(words.starts[:, None], hashes, tf.stack([size, 2]))


def _windows(characters: Characters) -> tf.Tensor:
    """Hashes windows that hold one word or a part of it, and at most the spaces around it.

    What starts at a character is its windows with the one before, so that the first word of a
    text has a space before it too: the one that ends the text before.
    """
    codes = tf.pad(characters.codes - _SPACE, [[1, _LONGEST - 2]]) + _SPACE
    codes = tf.stack([codes[k : k + tf.size(characters.codes)] for k in range(_LONGEST)], 1)
    hashes = window_hashes(codes, [(0, size) for size in _SIZES], CHARACTER_SALT)
    inner = tf.cast(codes[:, 1:-1] == _SPACE, tf.int32)  # (n, 3)
    return hashes * tf.gather(_without_spaces(), tf.linalg.matvec(inner, _BITS))


@functools.cache
def _without_spaces() -> np.ndarray:
    """Says for each set of spaces among three characters which windows around them exist.

    Returns:
        int64 `(8, 4)` of 0 and 1, by the sum of `_BITS` of the spaces and by size of the window.
    """
    spaces = np.arange(1 << len(_BITS))[:, None] & _BITS > 0  # (8, 3)
    until = np.where(spaces.any(1), spaces.argmax(1), len(_BITS))
    return (until[:, None] >= np.subtract(_SIZES, 2)).astype(np.int64)


def _next(values: tf.Tensor) -> tf.Tensor:
    return tf.pad(values, [[0, 1]])[1:]


def ngram_entries(table: HashTable, weights: np.ndarray) -> np.ndarray:
    """Puts what a look-up needs side by side.

    Returns:
        int32 `(slots, 2)`, the id of the n-gram in each slot and the bits of its weight.
    """
    bits = np.append(weights, np.float32(0)).view(np.int32)
    return np.stack([table.numbers + 1, bits[table.numbers]], 1)


def weighted_ngrams(
    hashes: tf.Tensor, splits: tf.Tensor, table: HashTable, entries: np.ndarray
) -> tuple[tf.Tensor, tf.Tensor]:
    """Looks up n-grams; those of words and those of characters have unit length each.

    Args:
        hashes: int64 `(n, 6)`, see `ngram_hashes`.
        splits: int64 `(batch + 1,)` of the characters.
        table: The known n-grams.
        entries: int32 `(slots, 2)`, see `ngram_entries`.

    Returns:
        Ids int32 `(batch, ngrams)`, from 1, and weights float32 `(batch, ngrams)`.
    """
    columns = len(_IS_WORD)
    found, slots = table.find(tf.reshape(hashes, [-1]))
    places = tf.where(found)  # (found, 1)
    ids, bits = tf.unstack(tf.gather(entries, tf.gather_nd(slots, places)), axis=1)
    weights = tf.bitcast(bits, tf.float32)
    row = row_numbers(tf.range(tf.size(hashes, tf.int64) // columns), splits)
    group = tf.gather_nd(tf.reshape(row[:, None] * 2 + _IS_WORD, [-1]), places)
    sums = tf.math.unsorted_segment_sum(weights * weights, group, 2 * tf.size(splits))
    # The root is exact, so a text has the same weights in any batch; `rsqrt` is not.
    weights = weights / tf.gather(tf.sqrt(sums), group)
    splits = splits_of(places, splits * columns)
    return to_dense(ids, splits, [-1, -1]), to_dense(weights, splits, [-1, -1])
