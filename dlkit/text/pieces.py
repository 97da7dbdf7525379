"""The longest-match-first split of words into the pieces of a vocabulary, as graph ops."""

import numpy as np
import tensorflow as tf

from dlkit.text.follow import follow
from dlkit.text.piece_table import PieceTable, Words, characters_of

LONGEST_WORD = 100
"""Words with more characters are unknown, as in the reference."""

_CONTINUES = "##"
_AT_START = 1 << 21  # above all code points


class Pieces:
    """The pieces of a vocabulary; all but those at the start of a word are written with "##".

    At every character of a word the longest piece that fits there is looked up, all at once. Which
    of these pieces the word is made of is found by following them from its start, see `follow`
    (Schuster and Nakajima, "Japanese and Korean voice search", 2012).

    Args:
        vocabulary: The pieces in the order of their ids.
        unknown: Id of a word that cannot be split.
    """

    def __init__(self, vocabulary: list[str], unknown: int) -> None:
        self._unknown = unknown
        self._table = PieceTable([_codes(piece) for piece in vocabulary], longest_word=LONGEST_WORD)

    def split(self, words: Words) -> tuple[tf.Tensor, tf.Tensor]:
        """Splits words.

        Returns:
            Ids int32 `(p,)` in the order of the text, and the word of each, int64 `(p,)`.
        """
        too_long = words.lengths > LONGEST_WORD
        words = words._replace(lengths=tf.where(too_long, np.int64(1), words.lengths))
        characters = characters_of(words)
        word, here = characters.word, characters.here
        codes = characters.codes + tf.where(here == 0, np.int64(_AT_START), np.int64(0))
        fits = self._table.find(characters._replace(codes=codes))
        sizes = fits.longest()
        longest = tf.gather(fits.slots, fits.first + tf.maximum(sizes, 1) - 1)
        ids = tf.gather(self._table.numbers, longest)

        place = tf.range(tf.size(sizes, tf.int64))
        goes_on = (sizes > 0) & (sizes < characters.room)
        jumps = tf.where(goes_on, place + sizes, tf.size(sizes, tf.int64))
        reached = follow(here == 0, jumps, most=LONGEST_WORD)
        stuck = tf.cast(reached & (sizes == 0), tf.int32)
        bad = tf.math.segment_max(stuck, word) > 0
        bad = tf.gather(bad | too_long, word)
        kept = tf.where(tf.where(bad, here == 0, reached))
        return tf.gather_nd(tf.where(bad, self._unknown, ids), kept), tf.gather_nd(word, kept)


def _codes(piece: str) -> list[int]:
    """Returns code points, in which the start of a word is a sign of the first one."""
    bare = piece.removeprefix(_CONTINUES) or piece
    codes = [ord(character) for character in bare]
    return codes if bare != piece else [codes[0] + _AT_START, *codes[1:]]
