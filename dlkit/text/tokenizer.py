"""The tokenizer of English and Chinese: strings in, ids out, all of it core graph ops."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.errors import InputError
from dlkit.text.lookup import HashTable
from dlkit.text.ngrams import ngram_entries, ngram_hashes, weighted_ngrams
from dlkit.text.normalization import Characters, normalize
from dlkit.text.rows import row_numbers, to_dense
from dlkit.text.segmentation import Words, segment
from dlkit.text.subwords import subword_slots, subwords
from dlkit.text.vocabulary import DocumentCounts

_TEXTS_BETWEEN_MERGES = 16_384


@keras.saving.register_keras_serializable("dlkit")
class Tokenizer(keras.layers.Layer):
    """Turns strings into ids of words, sub-words and weighted n-grams.

    Characters are normalized one by one (see `character_table`). Runs of letters and digits are
    words, a Han character or a symbol is a word of its own. `don't`, `S&P`, `1,250.5`, `$TICK`,
    `#tag` and `@name` are one word each, and a URL is one word for all URLs. A word whose hash is
    not in the vocabulary gets the id of unknown words, but keeps its sub-words: hashed character
    n-grams of the word with its boundaries (Bojanowski et al., "Enriching word vectors with
    subword information", 2017).

    The n-grams are those of a classical linear model: words 1-2, and characters 2-5 of what
    stands between spaces, each weighted by TF-IDF; those of words and those of characters have
    unit length each.

    Args:
        max_words: Words beyond this many are cut.
        max_characters: Characters beyond this many are cut before anything else.
        vocabulary_size: Most words in the vocabulary, the frequent ones first.
        word_floor: A word in the vocabulary occurs in at least this many texts.
        ngram_vocabulary_size: Most n-grams, the frequent ones first.
        ngram_floor: A known n-gram occurs in at least this many texts.
        subword_buckets: Buckets that sub-words are hashed into.
        subword_characters: Characters of a word, boundaries included, that sub-words cover.
        known_words: Size of the vocabulary that will be loaded.
        known_ngrams: Number of the n-grams that will be loaded.

    Example:
    ```python
    tokenizer = Tokenizer()
    tokenizer.adapt(["where is my parcel", "我的包裹在哪里"])
    ids = tokenizer(tf.constant(["where's my parcel?"]))  # ids["tokens"]: int32 (1, 4)
    ```
    """

    def __init__(
        self,
        *,
        max_words: int = 128,
        max_characters: int = 512,
        vocabulary_size: int = 30_000,
        word_floor: int = 2,
        ngram_vocabulary_size: int = 100_000,
        ngram_floor: int = 2,
        subword_buckets: int = 32_768,
        subword_characters: int = 10,
        known_words: int = 0,
        known_ngrams: int = 0,
        name: str = "tokenizer",
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        if min(max_words, max_characters, subword_buckets) < 1 or subword_characters < 4:
            msg = (
                "`max_words`, `max_characters` and `subword_buckets` must be positive and "
                "`subword_characters` at least 4. Received: "
                f"{max_words}, {max_characters}, {subword_buckets}, {subword_characters}."
            )
            raise ValueError(msg)
        self.max_words = max_words
        self.max_characters = max_characters
        self.vocabulary_size = vocabulary_size
        self.word_floor = word_floor
        self.ngram_vocabulary_size = ngram_vocabulary_size
        self.ngram_floor = ngram_floor
        self.subword_buckets = subword_buckets
        self.subword_characters = subword_characters
        self._set_learned(
            np.zeros(known_words, np.int64),
            np.zeros(known_ngrams, np.int64),
            np.zeros(known_ngrams, np.float32),
        )
        self.built = True

    def _set_learned(self, words: np.ndarray, ngrams: np.ndarray, weights: np.ndarray) -> None:
        self.word_hashes, self.ngram_hashes, self.ngram_weights = words, ngrams, weights
        self._word_table, self._ngram_table = HashTable(words), HashTable(ngrams)
        self._ngram_entries = ngram_entries(self._ngram_table, weights)

    @property
    def token_count(self) -> int:
        """Ids of words: padding 0, unknown 1, and the vocabulary."""
        return len(self.word_hashes) + 2

    @property
    def ngram_count(self) -> int:
        """Ids of n-grams: none 0, and the known ones."""
        return len(self.ngram_hashes) + 1

    @property
    def subword_count(self) -> int:
        """Ids of sub-words: none 0, and the buckets."""
        return self.subword_buckets + 1

    def adapt(self, texts: Sequence[str], *, batch_size: int = 1024) -> None:
        """Learns the vocabulary, the n-grams and their weights from the training texts.

        A function compiled from the tokenizer before keeps what was learned before.

        Args:
            texts: The training texts.
            batch_size: How many are read at a time; changes nothing but speed and memory.

        Raises:
            InputError: There is no text.
        """
        if len(texts) == 0:
            msg = "`texts` must hold at least one text to adapt to. Received: none."
            raise InputError(msg + " Check that the training file has rows.")
        words, ngrams = DocumentCounts(), DocumentCounts()
        compiled = tf.function(self._hashes, input_signature=[tf.TensorSpec([None], tf.string)])
        for first in range(0, len(texts), _TEXTS_BETWEEN_MERGES):
            block = texts[first : first + _TEXTS_BETWEEN_MERGES]
            for start in range(0, len(block), batch_size):
                found = compiled(tf.constant(list(block[start : start + batch_size])))
                words.add(*(part.numpy() for part in found[0]))
                ngrams.add(*(part.numpy() for part in found[1]))
            words.merge()
            ngrams.merge()
        word_hashes, _ = words.most_frequent(self.vocabulary_size, self.word_floor)
        hashes, counts = ngrams.most_frequent(self.ngram_vocabulary_size, self.ngram_floor)
        weights = np.log((1 + len(texts)) / (1 + counts)).astype(np.float32) + 1
        self._set_learned(word_hashes, hashes, weights)

    def call(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Tokenizes strings.

        Args:
            texts: string `(batch,)`; invalid UTF-8 bytes act as spaces.

        Returns:
            `tokens` int32 `(batch, words)`; `subwords` int32 `(batch, words, subwords)`;
            `ngrams` int32 `(batch, n)` and `ngram_weights` float32 `(batch, n)`. Zero is padding.
        """
        with tf.device("CPU:0"):  # where strings are; the ids go elsewhere
            characters, words = self._read(texts)
            most = tf.reduce_max(words.counts)
            steps = tf.minimum(tf.maximum(most, 1), self.max_words)
            slots = subword_slots(self.subword_characters)
            ngrams, weights = weighted_ngrams(
                ngram_hashes(characters, words, self.max_words),
                characters.splits,
                self._ngram_table,
                self._ngram_entries,
            )
            return {
                "tokens": to_dense(self._tokens(words), words.splits, tf.stack([-1, steps])),
                "subwords": to_dense(
                    self._subwords(characters, words), words.splits, tf.stack([-1, steps, slots])
                ),
                "ngrams": ngrams,
                "ngram_weights": weights,
            }

    def _read(self, texts: tf.Tensor) -> tuple[Characters, Words]:
        characters = normalize(texts, self.max_characters)
        return characters, segment(characters, self.max_characters)

    def _tokens(self, words: Words) -> tf.Tensor:
        found, slots = self._word_table.find(words.hashes)
        return tf.where(found, tf.gather(self._word_table.numbers + 2, slots), 1)

    def _subwords(self, characters: Characters, words: Words) -> tf.Tensor:
        return subwords(
            characters, words, length=self.subword_characters, buckets=self.subword_buckets
        )

    def _hashes(self, texts: tf.Tensor) -> tuple[tuple[tf.Tensor, tf.Tensor], ...]:
        """Rows and hashes, int64 `(n,)` each, of the words and of the n-grams."""
        with tf.device("CPU:0"):
            characters, words = self._read(texts)
            kept = tf.where(words.numbers < self.max_words)
            hashes = ngram_hashes(characters, words, self.max_words)
            places = tf.where(hashes != 0)
            return (
                (
                    row_numbers(tf.gather_nd(words.starts, kept), characters.splits),
                    tf.gather_nd(words.hashes, kept),
                ),
                (row_numbers(places[:, 0], characters.splits), tf.gather_nd(hashes, places)),
            )

    def compute_output_spec(self, texts: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
        """Returns the symbolic outputs."""
        batch, slots = texts.shape[0], subword_slots(self.subword_characters)
        return {
            "tokens": keras.KerasTensor((batch, None), "int32"),
            "subwords": keras.KerasTensor((batch, None, slots), "int32"),
            "ngrams": keras.KerasTensor((batch, None), "int32"),
            "ngram_weights": keras.KerasTensor((batch, None), "float32"),
        }

    def get_config(self) -> dict[str, Any]:
        """Returns the settings; what was learned is saved with the weights."""
        return {
            **super().get_config(),
            "max_words": self.max_words,
            "max_characters": self.max_characters,
            "vocabulary_size": self.vocabulary_size,
            "word_floor": self.word_floor,
            "ngram_vocabulary_size": self.ngram_vocabulary_size,
            "ngram_floor": self.ngram_floor,
            "subword_buckets": self.subword_buckets,
            "subword_characters": self.subword_characters,
            "known_words": len(self.word_hashes),
            "known_ngrams": len(self.ngram_hashes),
        }

    def save_own_variables(self, store: Any) -> None:
        """Saves what `adapt` learned."""
        store["word_hashes"] = self.word_hashes
        store["ngram_hashes"] = self.ngram_hashes
        store["ngram_weights"] = self.ngram_weights

    def load_own_variables(self, store: Any) -> None:
        """Loads what `adapt` learned."""
        names = ("word_hashes", "ngram_hashes", "ngram_weights")
        self._set_learned(*(np.array(store[name]) for name in names))
