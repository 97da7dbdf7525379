"""BERT's tokenizer: strings in, ids of word pieces out, all of it core graph ops."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from dlkit.errors import InputError
from dlkit.text.bert_characters import ALONE, LETTER, NOTHING, SPACE, bert_characters
from dlkit.text.normalization import replace_links
from dlkit.text.piece_table import Words
from dlkit.text.pieces import Pieces
from dlkit.text.rows import count_up, framed, lengths_of, splits_of

PADDING, UNKNOWN, START, END = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
_FILE = "vocab.txt"


@keras.saving.register_keras_serializable("dlkit")
class WordPiece(keras.layers.Layer):
    """Turns strings into ids of word pieces, those of the reference tokenizer of BERT.

    Text is cleaned of control characters, lower-cased and stripped of accents, cut at white space,
    punctuation and Han characters, and each word into the longest pieces of the vocabulary, from
    the left (Devlin et al., "BERT: pre-training of deep bidirectional transformers for language
    understanding", 2019). What looks like a special token in a text is text.

    Args:
        vocabulary: The pieces in the order of their ids, `[PAD]` first; none where they will be
            loaded.
        max_length: Ids of a text at most, `[CLS]` and `[SEP]` included.
        max_characters: Characters beyond this many are cut before anything else.
        lower_case: Whether letters become lower case.
        strip_accents: Whether accents go; None does as `lower_case` does.
        link: The word that stands for any URL, which would be a dozen pieces that say nothing. None
            reads URLs as text, as the reference does.

    Example:
    ```python
    wordpiece = WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "un", "##known"])
    wordpiece(tf.constant(["Unknown!"]))["pieces"]  # [[2, 4, 5, 1, 3]]
    ```
    """

    def __init__(
        self,
        vocabulary: Sequence[str] = (),
        *,
        max_length: int = 128,
        max_characters: int = 2048,
        lower_case: bool = True,
        strip_accents: bool | None = None,
        link: str | None = None,
        name: str = "wordpiece",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if max_length < 3 or max_characters < 1:
            msg = "`max_length` must be at least 3 and `max_characters` at least 1. Received: "
            raise InputError(f"{msg}{max_length}, {max_characters}. Give larger ones.")
        self.max_length = max_length
        self.max_characters = max_characters
        self.lower_case = lower_case
        self.strip_accents = lower_case if strip_accents is None else strip_accents
        self.link = link
        self.vocabulary: list[str] = []
        if vocabulary:
            self._set_vocabulary(list(vocabulary))
        self.built = True

    def _set_vocabulary(self, vocabulary: list[str]) -> None:
        missing = [token for token in (UNKNOWN, START, END) if token not in vocabulary]
        if missing or vocabulary[0] != PADDING or len(set(vocabulary)) < len(vocabulary):
            msg = f"`vocabulary` must begin with {PADDING} and hold {UNKNOWN}, {START} and {END}, "
            given = f"each piece once. Received: {len(vocabulary)} pieces from {vocabulary[:3]}"
            lacking = f", without {', '.join(missing)}" if missing else ""
            raise InputError(f"{msg}{given}{lacking}. Take the vocab.txt of a BERT model.")
        self.vocabulary = vocabulary
        self._start, self._end = vocabulary.index(START), vocabulary.index(END)
        self._pieces = Pieces(vocabulary, vocabulary.index(UNKNOWN))

    def call(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Tokenizes strings.

        Args:
            texts: string `(batch,)`; invalid UTF-8 bytes are dropped.

        Returns:
            `pieces` int32 `(batch, steps)`, from `[CLS]` to `[SEP]`; 0 is padding.
        """
        with tf.device("CPU:0"):  # where strings are; the ids go elsewhere
            words, splits = self._words(*self._characters(texts))
            ids, word = self._pieces.split(words)
            splits = tf.searchsorted(word, splits)
            return {
                "pieces": framed(
                    ids, splits, start=self._start, end=self._end, most=self.max_length
                )
            }

    def _characters(self, texts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Cleans strings `(batch,)`: characters with kinds int32 `(n,)`, splits `(batch + 1,)`."""
        texts = tf.strings.substr(texts, 0, 4 * self.max_characters)
        texts = tf.strings.substr(texts, 0, self.max_characters, unit="UTF8_CHAR")
        if self.link is not None:
            texts = replace_links(texts, self.link)
        splits, codes = tf.raw_ops.UnicodeDecode(
            input=tf.strings.join([texts, " "]), input_encoding="UTF-8", errors="replace"
        )
        table = bert_characters(lower_case=self.lower_case, strip_accents=self.strip_accents)
        page = tf.gather(table.pages, tf.bitwise.right_shift(codes, 8))
        becomes = tf.gather_nd(table.characters, tf.stack([page, codes & 255], 1))  # (n, 3)
        becomes += tf.pad(codes[:, None] * 4, [[0, 0], [0, 2]])
        flat = tf.reshape(becomes, [-1])
        kept = tf.where(flat & 3 != NOTHING)
        return tf.gather_nd(flat, kept), splits_of(kept, splits * 3)

    def _words(self, characters: tf.Tensor, splits: tf.Tensor) -> tuple[Words, tf.Tensor]:
        """Cuts characters into words, as many of each text as may become ids."""
        kinds = characters & 3
        before = tf.pad(kinds, [[1, 0]], constant_values=SPACE)[:-1]
        after = tf.pad(kinds, [[0, 1]], constant_values=SPACE)[1:]
        letter, alone = kinds == LETTER, kinds == ALONE
        starts = tf.where(alone | (letter & (before != LETTER)))[:, 0]
        ends = tf.where(alone | (letter & (after != LETTER)))[:, 0] + 1
        splits = splits_of(starts, splits)
        kept = tf.where(count_up(lengths_of(splits)) < self.max_length - 2)
        starts, ends = tf.gather_nd(starts, kept), tf.gather_nd(ends, kept)
        codes = tf.cast(tf.bitwise.right_shift(characters, 2), tf.int64)
        return Words(codes, starts, ends - starts), splits_of(kept, splits)

    def compute_output_spec(self, texts: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
        """Returns the symbolic output."""
        return {"pieces": keras.KerasTensor((texts.shape[0], None), "int32")}

    def get_config(self) -> dict[str, Any]:
        """Returns the settings; the vocabulary is an asset."""
        return {
            **super().get_config(),
            "max_length": self.max_length,
            "max_characters": self.max_characters,
            "lower_case": self.lower_case,
            "strip_accents": self.strip_accents,
            "link": self.link,
        }

    def save_assets(self, folder: str) -> None:
        """Saves the vocabulary."""
        text = "".join(f"{piece}\n" for piece in self.vocabulary)
        (Path(folder) / _FILE).write_bytes(text.encode())

    def load_assets(self, folder: str) -> None:
        """Loads the vocabulary."""
        if vocabulary := read_vocabulary(Path(folder) / _FILE):
            self._set_vocabulary(vocabulary)


def read_vocabulary(path: Path) -> list[str]:
    """Reads the pieces of a vocab.txt, one a line."""
    lines = path.read_bytes().decode(errors="replace").split("\n")
    return [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
