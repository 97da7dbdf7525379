"""SentencePiece's tokenizer: strings in, ids of pieces out, all of it core graph ops."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.errors import InputError
from dlkit.text.character_map import CharacterMap
from dlkit.text.piece_table import Words
from dlkit.text.rows import framed, splits_of
from dlkit.text.sentencepiece_model import WORD_START, read_sentencepiece_model
from dlkit.text.unigram import Unigram

UNKNOWN, START, END = 0, "<s>", "</s>"
_FILE = "sp.model"
_SPACE = ord(" ")


@keras.saving.register_keras_serializable("dlkit")
class SentencePiece(keras.layers.Layer):
    """Turns strings into ids of pieces of any language, those of a SentencePiece unigram model.

    Characters become what the map of the model says. White space starts words, with a mark that is
    part of them, and each word is split into the pieces that are most probable together (Kudo and
    Richardson, "SentencePiece: a simple and language independent subword tokenizer and detokenizer
    for neural text processing", 2018). What looks like a special piece in a text is text.

    Args:
        model: The content of the `sp.model`; none where it will be loaded.
        max_length: Ids of a text at most, `<s>` and `</s>` included.
        max_characters: Characters beyond this many are cut, before and after normalization.

    Example:
    ```python
    sentencepiece = SentencePiece(Path("sp.model").read_bytes())
    sentencepiece(tf.constant(["我的包裹在哪里?"]))["pieces"]  # int32 (1, steps)
    ```
    """

    def __init__(
        self,
        model: bytes = b"",
        *,
        max_length: int = 128,
        max_characters: int = 2048,
        name: str = "sentencepiece",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if max_length < 3 or max_characters < 1:
            msg = "`max_length` must be at least 3 and `max_characters` at least 1. Received: "
            raise InputError(f"{msg}{max_length}, {max_characters}. Give larger ones.")
        self.max_length = max_length
        self.max_characters = max_characters
        self.piece_count = 0
        self._set_model(model)
        self.built = True

    def _set_model(self, content: bytes) -> None:
        self._content = content
        if not content:
            return
        model = read_sentencepiece_model(content)
        self.piece_count = len(model.pieces)
        self._start, self._end = model.pieces.index(START), model.pieces.index(END)
        self._map = CharacterMap(model.character_map)
        ids = np.flatnonzero(model.is_normal)
        self._unigram = Unigram(
            [model.pieces[number] for number in ids],
            ids,
            model.scores[ids],
            unknown=(UNKNOWN, model.unknown_score),
            longest_word=self.max_characters,
        )

    def call(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Tokenizes strings.

        Args:
            texts: string `(batch,)`; invalid UTF-8 bytes act as spaces.

        Returns:
            `pieces` int32 `(batch, steps)`, from `<s>` to `</s>`; zeros behind it are padding, and
            before it unknown characters. A text of white space alone is one unknown character.
        """
        with tf.device("CPU:0"):  # where strings are; the ids go elsewhere
            codes, splits = self._map.normalize(texts, self.max_characters)
            is_start = codes == _SPACE
            starts = tf.where(is_start)[:, 0]
            ends = tf.concat([starts[1:], tf.shape(codes, tf.int64)], 0)[: tf.size(starts)]
            codes = tf.where(is_start, np.int64(ord(WORD_START)), codes)
            ids, word = self._unigram.split(Words(codes, starts, ends - starts))
            splits = tf.searchsorted(word, splits_of(starts, splits))
            return {
                "pieces": framed(
                    ids, splits, start=self._start, end=self._end, least=1, most=self.max_length
                )
            }

    def compute_output_spec(self, texts: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
        """Returns the symbolic outputs."""
        return {"pieces": keras.KerasTensor((texts.shape[0], None), "int32")}

    def get_config(self) -> dict[str, Any]:
        """Returns the settings; the model is an asset."""
        return {
            **super().get_config(),
            "max_length": self.max_length,
            "max_characters": self.max_characters,
        }

    def save_assets(self, folder: str) -> None:
        """Saves the model."""
        (Path(folder) / _FILE).write_bytes(self._content)

    def load_assets(self, folder: str) -> None:
        """Loads the model."""
        self._set_model((Path(folder) / _FILE).read_bytes())
