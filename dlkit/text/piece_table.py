"""Where the pieces of a vocabulary fit in words, as graph ops."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from dlkit.text.hashing import WORD_SALT, mix, powers
from dlkit.text.lookup import HashTable


class Words(NamedTuple):
    """Words of a batch, one after the other, as ranges of one row of characters."""

    codes: tf.Tensor
    """int64 `(n,)`, code points."""
    starts: tf.Tensor
    """int64 `(w,)`, positions among the characters."""
    lengths: tf.Tensor
    """int64 `(w,)`, in characters."""


class WordCharacters(NamedTuple):
    """The characters of words alone, one after the other."""

    codes: tf.Tensor
    """int64 `(m,)`, code points."""
    word: tf.Tensor
    """int64 `(m,)`, the number of the word of each."""
    here: tf.Tensor
    """int64 `(m,)`, the position of each in its word."""
    room: tf.Tensor
    """int64 `(m,)`, how many characters of the word are left, with this one."""


class Fits(NamedTuple):
    """Every stretch of characters that may be a piece, by its start and then by its size."""

    starts: tf.Tensor
    """int64 `(f,)`, positions among the characters."""
    sizes: tf.Tensor
    """int64 `(f,)`, in characters."""
    found: tf.Tensor
    """bool `(f,)`, whether it is a piece."""
    slots: tf.Tensor
    """int64 `(f,)`, where `PieceTable.numbers` has the number of the piece."""
    first: tf.Tensor
    """int64 `(m,)`, the stretch of one character at each character."""

    def longest(self) -> tf.Tensor:
        """Returns int64 `(m,)`, the size of the longest piece at each character, 0 for none."""
        return tf.math.segment_max(tf.where(self.found, self.sizes, 0), self.starts)


class PieceTable:
    """Looks up all pieces at all characters of words at once.

    Args:
        pieces: The pieces in the order of their numbers, as code points that are above 0.
        longest_word: Words have no more characters; longer pieces are never found.
    """

    def __init__(self, pieces: list[list[int]], *, longest_word: int) -> None:
        self.longest = min(max(map(len, pieces)), longest_word)
        """Characters of the longest piece that can be found."""
        self._positions = longest_word
        codes = np.zeros((len(pieces), self.longest), np.int64)
        for row, piece in enumerate(pieces):
            codes[row, : len(piece)] = piece[: self.longest]
        hashes = mix(codes @ powers(self.longest), WORD_SALT).numpy()
        self._table = HashTable(hashes)
        self.numbers = self._table.numbers
        """int32 `(slots,)`, see `Fits.slots`."""

    def find(self, characters: WordCharacters) -> Fits:
        """Finds all pieces."""
        here, codes = characters.here, characters.codes
        tries = tf.minimum(characters.room, self.longest)
        starts = tf.repeat(tf.range(tf.size(codes, tf.int64)), tries)  # (f,)
        first = tf.cumsum(tries, exclusive=True)
        sizes = tf.range(tf.size(starts, tf.int64)) - tf.gather(first, starts) + 1
        sums = tf.pad(tf.cumsum(codes * tf.gather(powers(self._positions), here)), [[1, 0]])
        window = tf.gather(sums, starts + sizes) - tf.gather(sums, starts)
        back = tf.gather(powers(self._positions, inverse=True), here)
        found, slots = self._table.find(mix(window * tf.gather(back, starts), WORD_SALT))
        return Fits(starts, sizes, found, slots, first)


def characters_of(words: Words) -> WordCharacters:
    """Returns the characters of words."""
    ends = tf.cumsum(words.lengths)
    word = tf.repeat(tf.range(tf.size(words.lengths, tf.int64)), words.lengths)  # (m,)
    here = tf.range(tf.size(word, tf.int64)) - tf.gather(ends - words.lengths, word)
    codes = tf.gather(words.codes, tf.gather(words.starts, word) + here)
    return WordCharacters(codes, word, here, tf.gather(words.lengths, word) - here)
