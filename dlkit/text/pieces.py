"""The longest-match-first split of words into the pieces of a vocabulary, as graph ops."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from dlkit.text.hashing import WORD_SALT, mix, powers
from dlkit.text.lookup import HashTable

LONGEST_WORD = 100
"""Words with more characters are unknown, as in the reference."""

_DOUBLINGS = LONGEST_WORD.bit_length()
_CONTINUES = "##"


class Words(NamedTuple):
    """Words of a batch, one after the other, as ranges of one row of characters."""

    codes: tf.Tensor
    """int64 `(n,)`, code points."""
    starts: tf.Tensor
    """int64 `(w,)`, positions among the characters."""
    lengths: tf.Tensor
    """int64 `(w,)`, in characters."""


class Pieces:
    """The pieces of a vocabulary; all but those at the start of a word are written with "##".

    At every character of a word the longest piece that fits there is looked up, all at once. Which
    of these pieces the word is made of is found by following them from its start, in jumps of 1, 2,
    4, ... pieces: no loop, whatever the text (Schuster and Nakajima, "Japanese and Korean voice
    search", 2012).

    Args:
        vocabulary: The pieces in the order of their ids.
        unknown: Id of a word that cannot be split.
    """

    def __init__(self, vocabulary: list[str], unknown: int) -> None:
        bare = [piece.removeprefix(_CONTINUES) or piece for piece in vocabulary]
        self._unknown = unknown
        self._longest = min(max(map(len, bare)), LONGEST_WORD)
        codes = np.zeros((len(bare), self._longest), np.int64)
        for row, piece in enumerate(bare):
            codes[row, : len(piece)] = [ord(character) for character in piece[: self._longest]]
        continues = np.array(
            [piece != whole for piece, whole in zip(bare, vocabulary, strict=True)]
        )
        hashes = _hashes(codes @ powers(self._longest), ~continues)
        self._table = HashTable(hashes.numpy())

    def split(self, words: Words) -> tuple[tf.Tensor, tf.Tensor]:
        """Splits words.

        Returns:
            Ids int32 `(p,)` in the order of the text, and the word of each, int64 `(p,)`.
        """
        too_long = words.lengths > LONGEST_WORD
        lengths = tf.where(too_long, np.int64(1), words.lengths)
        ends = tf.cumsum(lengths)
        word = tf.repeat(tf.range(tf.size(lengths, tf.int64)), lengths)  # (m,)
        here = tf.range(tf.size(word, tf.int64)) - tf.gather(ends - lengths, word)
        codes = tf.gather(words.codes, tf.gather(words.starts, word) + here)
        sizes, ids = self._longest_here(codes, here, tf.gather(lengths, word) - here)

        reached = _follow(sizes, here, tf.gather(ends, word))
        stuck = tf.cast(reached & (sizes == 0), tf.int32)
        bad = tf.math.segment_max(stuck, word) > 0
        bad = tf.gather(bad | too_long, word)
        kept = tf.where(tf.where(bad, here == 0, reached))
        return tf.gather_nd(tf.where(bad, self._unknown, ids), kept), tf.gather_nd(word, kept)

    def _longest_here(
        self, codes: tf.Tensor, here: tf.Tensor, room: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Finds the longest piece that starts at each character.

        Args:
            codes: int64 `(m,)`, the characters of all words.
            here: int64 `(m,)`, the position of each in its word.
            room: int64 `(m,)`, how many characters of the word are left.

        Returns:
            Its size int64 `(m,)`, 0 where there is none, and its id int32 `(m,)`.
        """
        tries = tf.minimum(room, self._longest)
        start = tf.repeat(tf.range(tf.size(codes, tf.int64)), tries)  # (tries,)
        first = tf.cumsum(tries, exclusive=True)
        size = tf.range(tf.size(start, tf.int64)) - tf.gather(first, start) + 1
        sums = tf.pad(tf.cumsum(codes * tf.gather(powers(LONGEST_WORD), here)), [[1, 0]])
        window = tf.gather(sums, start + size) - tf.gather(sums, start)
        window *= tf.gather(powers(LONGEST_WORD, inverse=True), tf.gather(here, start))
        found, slots = self._table.find(_hashes(window, tf.gather(here == 0, start)))
        sizes = tf.math.segment_max(tf.where(found, size, 0), start)
        best = tf.gather(slots, first + tf.maximum(sizes, 1) - 1)
        return sizes, tf.gather(self._table.numbers, best)


def _follow(sizes: tf.Tensor, here: tf.Tensor, ends: tf.Tensor) -> tf.Tensor:
    """Follows the pieces from the start of each word.

    Args:
        sizes: int64 `(m,)`, characters of the piece at each character, 0 for none.
        here: int64 `(m,)`, the position of each character in its word.
        ends: int64 `(m,)`, where the word of each character ends.

    Returns:
        bool `(m,)`, where a piece of a word starts, or should.
    """
    count = tf.size(sizes, tf.int64)
    target = tf.range(count) + sizes
    jumps = tf.where((sizes > 0) & (target < ends), target, count)
    jumps = tf.concat([jumps, [count]], 0)  # all that ends jumps to one place behind the last
    reached = tf.pad(tf.cast(here == 0, tf.int32), [[0, 1]])
    for _ in range(_DOUBLINGS):
        reached = tf.maximum(reached, tf.math.unsorted_segment_max(reached, jumps, count + 1))
        jumps = tf.gather(jumps, jumps)
    return reached[:-1] > 0


def _hashes(sums: tf.Tensor, starts_word: tf.Tensor) -> tf.Tensor:
    return mix(sums * 31 + tf.cast(starts_word, tf.int64), WORD_SALT)
