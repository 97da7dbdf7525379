"""The split of words into the pieces that are most probable together, as graph ops."""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from dlkit.text.follow import follow
from dlkit.text.piece_table import Fits, PieceTable, Words, characters_of


class Unigram:
    """Pieces with scores: a word is split so that the sum of its scores is the highest.

    The best split up to a character is known from those up to the characters before it (Kudo,
    "Subword regularization", 2018; Viterbi, 1967). No piece reaches over certain places, most of
    all the ends of words, so that the stretches between them are worked through side by side: in
    as many steps as the longest one has characters. Of equal sums the one with the longer last
    piece wins. A character that is no piece is an unknown one.

    Args:
        pieces: The pieces that may be found, each once.
        ids: int32 `(pieces,)`, their ids.
        scores: float `(pieces,)`, the logarithms of their probabilities.
        unknown: Id and score of a character that is no piece.
        longest_word: Words have no more characters.
    """

    def __init__(
        self,
        pieces: Sequence[str],
        ids: np.ndarray,
        scores: np.ndarray,
        *,
        unknown: tuple[int, float],
        longest_word: int,
    ) -> None:
        codes = [[ord(character) + 1 for character in piece] for piece in pieces]
        self._table = PieceTable(codes, longest_word=longest_word)
        self._longest_word = longest_word
        # Numbers of candidates: none 0, the unknown one 1, the pieces from 2 on. Scores have 24
        # bits each, so that sums of 64-bit numbers are exact, in whatever order.
        self._ids = np.concatenate([[0, unknown[0]], ids]).astype(np.int32)
        self._scores = np.concatenate([[-np.inf, unknown[1]], scores]).astype(np.float64)

    def split(self, words: Words) -> tuple[tf.Tensor, tf.Tensor]:
        """Splits words.

        Returns:
            Ids int32 `(p,)` in the order of the text, and the word of each, int64 `(p,)`.
        """
        characters = characters_of(words)
        codes = characters.codes + 1  # so that the character 0 is a character too
        fits = self._table.find(characters._replace(codes=codes))
        starts = _stretches(fits)
        places, counts = _side_by_side(starts)
        candidates = self._candidates(fits, places)
        chosen = tf.gather(_best(tf.gather(self._scores, candidates), counts), places)

        count = tf.size(places, tf.int64)
        before = tf.range(count) - (self._table.longest - chosen)  # where the piece before ends
        ends = tf.concat([starts[1:], tf.ones([tf.minimum(count, 1)], tf.bool)], 0)
        reached = follow(ends, tf.where(before < 0, count, before), most=self._longest_word)
        kept = tf.where(reached)
        numbers = tf.gather_nd(candidates, tf.stack([places, chosen], 1))
        ids = tf.gather(self._ids, tf.gather_nd(numbers, kept))
        return ids, tf.gather_nd(characters.word, kept)

    def _candidates(self, fits: Fits, places: tf.Tensor) -> tf.Tensor:
        """Returns int32 `(m, longest)`: the pieces that end at each place, the longest first."""
        found = tf.where(fits.found)
        size = tf.gather_nd(fits.sizes, found)
        end = tf.gather(places, tf.gather_nd(fits.starts, found) + size - 1)
        numbers = tf.gather(self._table.numbers, tf.gather_nd(fits.slots, found)) + 2
        longest = self._table.longest
        shape = tf.stack([tf.size(places, tf.int64), longest])
        numbers = tf.scatter_nd(tf.stack([end, longest - size], 1), numbers, shape)
        unknown = tf.pad(tf.cast(numbers[:, -1:] == 0, tf.int32), [[0, 0], [longest - 1, 0]])
        return tf.ensure_shape(numbers + unknown, [None, longest])


def _stretches(fits: Fits) -> tf.Tensor:
    """Returns bool `(m,)`, whether no piece reaches from before a character to it or beyond."""
    sizes = fits.longest()
    reaches = tf.cast(sizes > 1, tf.int64)
    count = tf.size(sizes, tf.int64)
    stops = tf.math.unsorted_segment_sum(reaches, tf.range(count) + sizes, count + 1)
    return tf.cumsum(tf.pad(reaches, [[1, 0]]) - stops)[:-1] == 0


def _side_by_side(starts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Orders characters by their position in a stretch, and then by its length, the longest first.

    Args:
        starts: bool `(m,)`, where stretches start.

    Returns:
        The place of each character in that order, int64 `(m,)`, and how many stretches have a
        first, a second, ... character, int64 `(steps,)`, with one step at least.
    """
    first = tf.where(starts)[:, 0]
    count = tf.size(starts, tf.int64)
    lengths = tf.concat([first[1:], tf.fill([tf.minimum(count, 1)], count)], 0) - first
    stretch = tf.cumsum(tf.cast(starts, tf.int64)) - 1
    step = tf.range(count) - tf.gather(first, stretch)
    counts = tf.math.unsorted_segment_sum(
        tf.ones_like(step), step, tf.reduce_max(tf.concat([lengths, [1]], 0))
    )
    order = tf.argsort(lengths, direction="DESCENDING", stable=True)
    rank = tf.math.invert_permutation(order)
    before = tf.gather(tf.cumsum(counts, exclusive=True), step)
    return before + tf.cast(tf.gather(rank, stretch), tf.int64), counts


def _best(scores: tf.Tensor, counts: tf.Tensor) -> tf.Tensor:
    """Finds the last piece of the best split up to each character.

    Args:
        scores: float64 `(m, longest)`, of the pieces that end at each character, the longest
            first, in the order of `_side_by_side`.
        counts: See `_side_by_side`.

    Returns:
        int64 `(m,)`, the column of the piece.
    """
    longest, steps = scores.shape[1], tf.size(counts)

    def step(number: tf.Tensor, done: tf.Tensor, sums: tf.Tensor, chosen: tf.TensorArray) -> tuple:
        count = tf.cast(counts[number], tf.int32)
        ways = sums[:count] + scores[done : done + count]  # (count, longest)
        best = tf.reduce_max(ways, 1, keepdims=True)
        chosen = chosen.write(number, tf.argmax(ways, 1))
        sums = tf.concat([sums[:count, 1:], best], 1)
        sums.set_shape([None, longest])
        return number + 1, done + count, sums, chosen

    sums = tf.fill(tf.stack([counts[0], longest - 1]), np.float64(-np.inf))
    sums = tf.pad(sums, [[0, 0], [0, 1]])  # up to each of the characters before: here is a start
    chosen = tf.TensorArray(tf.int64, size=steps, element_shape=[None], infer_shape=False)
    *_, chosen = tf.while_loop(
        lambda number, *_: number < steps,
        step,
        (0, 0, sums, chosen),
        shape_invariants=(
            tf.TensorShape([]),
            tf.TensorShape([]),
            tf.TensorShape([None, longest]),
            tf.TensorShape(None),
        ),
    )
    return chosen.concat()
