"""The normalization that comes with a SentencePiece model, as graph ops."""

import numpy as np
import tensorflow as tf

from dlkit.text.follow import follow
from dlkit.text.rows import count_up, lengths_of, splits_of

_SPACE = ord(" ")
_REPLACEMENT = 0xFFFD
_BETWEEN = b"\xff"  # a byte that is in no text
_LABEL, _HAS_VALUE, _FAR, _VALUE = 0x800000FF, 0x100, 0x200, 0x7FFFFFFF
_MOST_BYTES = 4


class CharacterMap:
    """What sequences of characters become, most of it Unicode's NFKC.

    The map is a trie over bytes, kept as a double array: the child of a node is found at the
    node's place combined with the byte, if the label there is that byte (Aoe, "An efficient
    digital search algorithm by using a double-array structure", 1989). At every character the
    longest sequence of the map is walked to, all at once; those that are replaced are found by
    following them from the start of each text.

    Args:
        precompiled: The map as the model has it: the size of the trie in bytes, its units, both
            little-endian of 32 bits, and what sequences become, each ended by a zero byte.

    Raises:
        ValueError: It is no such map.
    """

    def __init__(self, precompiled: bytes) -> None:
        size = int.from_bytes(precompiled[:4], "little")
        units = np.frombuffer(precompiled[4 : 4 + size], "<u4").astype(np.int64)
        self._labels, self._has_value = units & _LABEL, units & _HAS_VALUE > 0
        self._children = (units >> 10) << ((units & _FAR) >> 6)
        self._values = units & _VALUE
        becomes = precompiled[4 + size :]
        self._codes = np.array([ord(character) for character in becomes.decode()], np.int64)
        # A value is a place among bytes: here are the place among characters and their number.
        starts = np.frombuffer(becomes, np.uint8) & 0xC0 != 0x80
        self._first = np.cumsum(starts) - 1
        ends = np.flatnonzero(self._codes == 0)
        self._counts = ends[np.searchsorted(ends, self._first)] - self._first
        if len(units) == 0:
            raise ValueError("its character map is empty")

    def normalize(self, texts: tf.Tensor, max_characters: int) -> tuple[tf.Tensor, tf.Tensor]:
        """Normalizes strings; one space stands for any white space, and before every text.

        Args:
            texts: string `(batch,)`; invalid UTF-8 bytes act as spaces.
            max_characters: Characters beyond this many are cut, before and after.

        Returns:
            Code points int64 `(n,)`, of every text that has any a space first and none last, and
            splits int64 `(batch + 1,)`.
        """
        texts = tf.strings.substr(texts, 0, _MOST_BYTES * max_characters)
        texts = tf.strings.substr(texts, 0, max_characters, unit="UTF8_CHAR")
        texts = tf.strings.join([" ", texts])
        splits, codes, offsets = tf.raw_ops.UnicodeDecodeWithOffsets(
            input=texts, input_encoding="UTF-8", errors="replace"
        )
        sizes = tf.cast(tf.strings.length(texts), tf.int64) + len(_BETWEEN)
        offsets += tf.repeat(tf.cumsum(sizes, exclusive=True), lengths_of(splits))
        sizes, values = self._longest(texts, offsets)

        place = tf.range(tf.size(codes, tf.int64))
        is_first = tf.tensor_scatter_nd_update(
            tf.zeros_like(place, tf.bool), splits[:-1, None], tf.ones_like(splits[:-1], tf.bool)
        )
        jumps = place + tf.maximum(sizes, 1)
        kept = tf.where(follow(is_first, jumps, most=max_characters + 1))
        codes = tf.cast(tf.where(codes == _REPLACEMENT, _SPACE, codes), tf.int64)
        codes, splits = self._replaced(
            tf.gather_nd(codes, kept), tf.gather_nd(values, kept), splits_of(kept, splits)
        )
        return _with_single_spaces(codes, splits, max_characters)

    def _longest(self, texts: tf.Tensor, places: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Walks from every character as far as the trie goes.

        Args:
            texts: string `(batch,)`.
            places: int64 `(n,)`, places of the characters among the bytes of all texts, with one
                byte between texts.

        Returns:
            Characters of the longest sequence that is in the map and its value, int64 `(n,)`
            each; 0 and -1 where there is none.
        """
        joined = tf.strings.reduce_join(tf.strings.join([texts, _BETWEEN]))
        text = tf.cast(tf.io.decode_raw(joined, tf.uint8), tf.int64)

        def walk(
            step: tf.Tensor, alive: tf.Tensor, nodes: tf.Tensor, seen: tf.Tensor, *best: tf.Tensor
        ) -> tuple[tf.Tensor, ...]:
            byte = tf.gather(text, tf.minimum(places + step, tf.size(text, tf.int64) - 1))
            nodes = tf.where(alive, tf.bitwise.bitwise_xor(nodes, byte), 0)
            alive = alive & (tf.gather(self._labels, nodes) == byte)
            seen += tf.cast(byte & np.int64(0xC0) != 0x80, tf.int64)
            has_value = alive & tf.gather(self._has_value, nodes)
            nodes = tf.bitwise.bitwise_xor(nodes, tf.gather(self._children, nodes))
            value = tf.gather(self._values, tf.where(has_value, nodes, 0))
            found = tf.where(has_value, seen, best[0]), tf.where(has_value, value, best[1])
            return step + 1, alive, nodes, seen, *found

        nothing = tf.zeros_like(places)
        *_, sizes, values = tf.while_loop(
            lambda _, alive, *__: tf.reduce_any(alive),
            walk,
            (
                tf.constant(0, tf.int64),
                tf.ones_like(places, tf.bool),
                nothing + self._children[0],
                nothing,
                nothing,
                nothing - 1,
            ),
        )
        return sizes, values

    def _replaced(
        self, codes: tf.Tensor, values: tf.Tensor, splits: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Puts in the place of each character `(n,)` what its value says, if it is not -1."""
        has_value, value = values >= 0, tf.maximum(values, 0)
        counts = tf.where(has_value, tf.gather(self._counts, value), 1)
        source = tf.repeat(tf.range(tf.size(codes, tf.int64)), counts)
        within = tf.cast(count_up(tf.cast(counts, tf.int32)), tf.int64)
        places = tf.gather(tf.where(has_value, tf.gather(self._first, value), 0), source) + within
        becomes = tf.where(
            tf.gather(has_value, source), tf.gather(self._codes, places), tf.gather(codes, source)
        )
        return becomes, tf.gather(tf.pad(tf.cumsum(counts), [[1, 0]]), splits)


def _with_single_spaces(
    codes: tf.Tensor, splits: tf.Tensor, most: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Keeps a space if something else of its text comes next, and so many characters of a text.

    Each text begins with a space, so the last character of one needs no exception.
    """
    is_space = codes == _SPACE
    kept = tf.where(~(is_space & tf.pad(is_space[1:], [[0, 1]], constant_values=True)))
    codes, splits = tf.gather_nd(codes, kept), splits_of(kept, splits)
    kept = tf.where(count_up(lengths_of(splits)) < most)
    return tf.gather_nd(codes, kept), splits_of(kept, splits)
