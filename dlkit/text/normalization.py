"""From strings to one flat row of normalized characters for the whole batch."""

from typing import NamedTuple

import tensorflow as tf

from dlkit.text.characters import SPACE, URL, character_table, dropped_characters
from dlkit.text.rows import count_down, lengths_of, splits_of

_NOT_IN_URL = (
    r"\s\p{Z}\p{Cc}\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}"
    r"\x{2018}-\x{201F}\x{3000}-\x{303F}\x{FF00}-\x{FFEF}\x{FFFD}\"<>"
)
_URL_PATTERN = rf"(?i)\b(?:https?://|www\.)[^{_NOT_IN_URL}]*[^{_NOT_IN_URL}.,;:!?'()\[\]{{}}*]"


class Characters(NamedTuple):
    """The characters of a batch, text after text; each text that has any ends in one space."""

    codes: tf.Tensor
    """int64 `(n,)`, normalized code points."""
    kinds: tf.Tensor
    """int32 `(n,)`, see `dlkit.text.characters`."""
    room: tf.Tensor
    """int32 `(n,)`, how many characters are left in the text, without the space at its end."""
    splits: tf.Tensor
    """int64 `(batch + 1,)`, where each text starts."""


def most_characters(max_characters: int) -> int:
    """Returns how many characters a normalized text has at most, with the space at its end."""
    return 4 * max_characters + 1


def replace_links(texts: tf.Tensor, word: str) -> tf.Tensor:
    """Puts one word in the place of every URL of strings `(batch,)`."""
    return tf.strings.regex_replace(texts, _URL_PATTERN, f" {word} ")


def normalize(texts: tf.Tensor, max_characters: int) -> Characters:
    """Normalizes strings `(batch,)`; runs of white space become one space."""
    # A run of stray continuation bytes counts as one character, so bytes are limited too.
    texts = tf.strings.substr(texts, 0, 4 * max_characters)
    texts = tf.strings.substr(texts, 0, max_characters, unit="UTF8_CHAR")
    texts = tf.strings.regex_replace(texts, dropped_characters(), "")
    texts = replace_links(texts, chr(URL))
    splits, codes = tf.raw_ops.UnicodeDecode(
        input=tf.strings.join([texts, " "]), input_encoding="UTF-8", errors="replace"
    )
    table = character_table()
    characters = tf.gather(table, tf.minimum(codes, len(table) - 1))
    kinds = tf.bitwise.bitwise_and(characters, 7)
    # A space is kept after something else. What ends a text is a space, so the first character
    # of the next text needs no exception.
    before = tf.pad(kinds, [[1, 0]], constant_values=SPACE)[:-1]
    kept = tf.where(tf.bitwise.bitwise_or(kinds, before) > SPACE)
    characters = tf.gather_nd(characters, kept)
    splits = splits_of(kept, splits)
    return Characters(
        codes=tf.cast(tf.bitwise.right_shift(characters, 3), tf.int64),
        kinds=tf.bitwise.bitwise_and(characters, 7),
        room=count_down(lengths_of(splits)),
        splits=splits,
    )
