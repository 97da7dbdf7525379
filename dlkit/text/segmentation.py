"""From characters to words: where they start, how long they are, and their hashes."""

import functools
import itertools
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from dlkit.text.characters import DIGIT, LETTER, LINK, MARK, POINT, SPACE
from dlkit.text.hashing import WORD_SALT, mix, powers
from dlkit.text.normalization import Characters, most_characters
from dlkit.text.rows import count_up, lengths_of, splits_of


class Words(NamedTuple):
    """The words of a batch, text after text."""

    starts: tf.Tensor
    """int64 `(w,)`, positions among the characters."""
    lengths: tf.Tensor
    """int64 `(w,)`, in characters."""
    hashes: tf.Tensor
    """int64 `(w,)`."""
    numbers: tf.Tensor
    """int32 `(w,)`, counted from 0 in each text."""
    counts: tf.Tensor
    """int32 `(batch,)`, words of each text."""
    splits: tf.Tensor
    """int64 `(batch + 1,)`, where each text starts."""


def segment(characters: Characters, max_characters: int) -> Words:
    """Cuts characters into words."""
    starts_here, ends_here = _boundaries()
    # Each place is looked up by the kinds of the two characters before it, its own and the next.
    kinds = tf.pad(characters.kinds, [[2, 1]], constant_values=SPACE)
    pairs = kinds[:-1] * 8 + kinds[1:]
    places = pairs[:-2] * 64 + pairs[2:]
    starts = tf.reshape(tf.where(tf.gather(starts_here, places)), [-1])
    ends = tf.reshape(tf.where(tf.gather(ends_here, places)), [-1])
    splits = splits_of(starts, characters.splits)
    counts = lengths_of(splits)
    return Words(
        starts=starts,
        lengths=ends - starts,
        hashes=_hashes(characters, starts, ends, most_characters(max_characters)),
        numbers=count_up(counts),
        counts=counts,
        splits=splits,
    )


def _hashes(characters: Characters, starts: tf.Tensor, ends: tf.Tensor, most: int) -> tf.Tensor:
    """Reads the hash of each word off one running sum, in which exponents count from the end."""
    terms = characters.codes * tf.gather(powers(most, inverse=True), characters.room)
    sums = tf.cumsum(terms, exclusive=True)
    sums = tf.gather(sums, ends) - tf.gather(sums, starts)
    return mix(sums * tf.gather(powers(most), tf.gather(characters.room, starts)), WORD_SALT)


@functools.cache
def _boundaries() -> tuple[np.ndarray, np.ndarray]:
    """Says for any four kinds in a row whether a word starts, and whether one ended, at the third.

    Returns:
        Two bool `(4096,)`, indexed by the four kinds as octal digits.
    """
    starts, ends = np.zeros(4096, bool), np.zeros(4096, bool)
    for index, (first, before, here, after) in enumerate(itertools.product(range(8), repeat=4)):
        goes_on = _in_word(first, before, here) and _in_word(before, here, after)
        starts[index] = here != SPACE and not goes_on
        ends[index] = before != SPACE and not goes_on
    return starts, ends


def _in_word(before: int, here: int, after: int) -> bool:
    """Whether a character can be one of several of a word: don't, S&P, 1,250.5, $TICK, #tag."""
    return (
        here in (LETTER, DIGIT)
        or (here == LINK and before == after == LETTER)
        or (here == POINT and before == after == DIGIT)
        or (here == MARK and after == LETTER and before not in (LETTER, DIGIT))
    )
