"""The tokenizer of English and Chinese: strings in, ids out, all of it core graph ops."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlkit.text.characters import DIGIT, DROP, LETTER, SPACE, SYMBOL, URL, character_table
from dlkit.text.hashing import mix, powers, shift_left, window_hashes

_URL_PATTERN = r"(?i)(?:https?://|www\.)[^\s\x{3000}-\x{303F}\x{4E00}-\x{9FFF}\x{FF00}-\x{FFEF}]+"
_PAGE = 256
_WORD_SALT, _PAIR_SALT, _CHARACTER_SALT, _SUBWORD_SALT = range(4)
_WORD_START, _WORD_END = 0x2, 0x3  # control characters never survive normalization


class _Words(NamedTuple):
    """The words of a batch: where they start, how long they are, and their hashes."""

    starts: tf.Tensor  # int32 (batch, words), in characters
    lengths: tf.Tensor  # int32 (batch, words), 0 where there is no word
    hashes: tf.Tensor  # int64 (batch, words)


@keras.saving.register_keras_serializable("dlkit")
class Tokenizer(keras.layers.Layer):
    """Turns strings into ids of words, sub-words and weighted n-grams.

    Characters are normalized one by one (see `character_table`). Runs of letters and digits are
    words, a Han character or a symbol is a word of its own. `don't`, `S&P`, `1,250.5`, `$TICK`,
    `#tag` and `@name` are one word each, and a URL is one word for all URLs. A word whose hash is
    not in the vocabulary gets the id of unknown words, but keeps its sub-words: hashed character
    n-grams of the word with its boundaries (Bojanowski et al., "Enriching word vectors with
    subword information", 2017).

    The n-grams are those of a classical linear model: words 1-2 and characters 1-5 of the
    text, each weighted by TF-IDF; those of words and those of characters have unit length each.

    Args:
        max_words: Words beyond this many are cut.
        max_characters: Characters beyond this many are cut before anything else.
        vocabulary_size: Most words in the vocabulary, the frequent ones first.
        word_floor: A word in the vocabulary occurs in at least this many texts.
        ngram_vocabulary_size: Most n-grams, the frequent ones first.
        ngram_floor: A known n-gram occurs in at least this many texts.
        subword_buckets: Buckets that sub-words are hashed into.
        subword_characters: Characters of a word, boundaries included, that sub-words cover.

    Example:
    ```python
    tokenizer = Tokenizer()
    tokenizer.adapt(["where is my parcel", "我的包裹在哪里"])
    ids = tokenizer(tf.constant(["where's my parcel?"]))  # ids["tokens"]: int32 (1, 5)
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
        super().__init__(name=name, trainable=False, **kwargs)
        self.max_words = max_words
        self.max_characters = max_characters
        self.vocabulary_size = vocabulary_size
        self.word_floor = word_floor
        self.ngram_vocabulary_size = ngram_vocabulary_size
        self.ngram_floor = ngram_floor
        self.subword_buckets = subword_buckets
        self.subword_characters = subword_characters
        self._create_state(known_words, known_ngrams)
        self.built = True

    def _create_state(self, known_words: int, known_ngrams: int) -> None:
        self.word_hashes = np.zeros(known_words, np.int64)
        self.ngram_hashes = np.zeros(known_ngrams, np.int64)
        self.ngram_weights = np.zeros(known_ngrams, np.float32)

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
        """Learns the vocabulary, the n-grams and their weights from the training texts."""
        words, ngrams = _DocumentCounts(), _DocumentCounts()
        counted = tf.function(self._hashes, input_signature=[tf.TensorSpec([None], tf.string)])
        for start in range(0, len(texts), batch_size):
            word_batch, ngram_batch = counted(tf.constant(list(texts[start : start + batch_size])))
            words.add(word_batch)
            ngrams.add(ngram_batch)
        self.word_hashes, _ = words.most_frequent(self.vocabulary_size, self.word_floor)
        self.ngram_hashes, counts = ngrams.most_frequent(
            self.ngram_vocabulary_size, self.ngram_floor
        )
        self.ngram_weights = np.log((1 + len(texts)) / (1 + counts)).astype(np.float32) + 1

    def call(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """Tokenizes strings.

        Args:
            texts: string `(batch,)`; invalid UTF-8 bytes act as spaces.

        Returns:
            `tokens` int32 `(batch, words)`; `subwords` int32 `(batch, words, subwords)`;
            `ngrams` int32 `(batch, n)` and `ngram_weights` float32 `(batch, n)`. Zero is padding.
        """
        codes, words = self._segment(texts)
        ngrams, weights = self._weighted_ngrams(codes, words)
        found, tokens = _look_up(self.word_hashes, words.hashes)
        tokens = tf.where(found, tokens + 1, 1) * tf.cast(words.lengths > 0, tf.int32)
        return {
            "tokens": tokens,
            "subwords": self._subwords(codes, words),
            "ngrams": ngrams,
            "ngram_weights": weights,
        }

    def _hashes(self, texts: tf.Tensor) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
        codes, words = self._segment(texts)
        exists = words.lengths > 0
        return tf.ragged.boolean_mask(words.hashes, exists), self._ngrams(codes, words)[0]

    def _normalize(self, texts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns codes and kinds, int32 `(batch, length)`, with runs of spaces made one."""
        texts = tf.strings.regex_replace(texts, _URL_PATTERN, f" {chr(URL)} ")
        decoded = tf.strings.unicode_decode(texts, "UTF-8", errors="replace")
        decoded = decoded[:, : self.max_characters]
        code_table, kind_table = character_table()
        code = tf.minimum(decoded.values, len(code_table) - 1)
        kind, code = tf.gather(kind_table, code), tf.gather(code_table, code)
        row = decoded.value_rowids()
        starts = tf.concat([[True], row[1:] != row[:-1]], 0)[: tf.size(row)]
        previous = tf.where(starts, SPACE, tf.concat([[SPACE], kind[:-1]], 0)[: tf.size(row)])
        keep = (kind != DROP) & ((kind != SPACE) | (previous != SPACE))
        keep = decoded.with_values(keep)
        codes = tf.ragged.boolean_mask(decoded.with_values(code), keep).to_tensor()
        kinds = tf.ragged.boolean_mask(decoded.with_values(kind), keep).to_tensor(SPACE)
        return codes, kinds

    def _segment(self, texts: tf.Tensor) -> tuple[tf.Tensor, _Words]:
        codes, kinds = self._normalize(texts)
        kinds = _join_symbols(codes, kinds)
        inside = (kinds == LETTER) | (kinds == DIGIT)
        after_inside = tf.pad(inside[:, :-1], [[0, 0], [tf.minimum(1, tf.shape(codes)[1]), 0]])
        starts = (kinds != SPACE) & ~(inside & after_inside)
        index = tf.cumsum(tf.cast(starts, tf.int32), axis=1) - 1
        index = tf.where(kinds == SPACE, -1, index)
        return tf.cast(codes, tf.int64), self._words(tf.cast(codes, tf.int64), index)

    def _words(self, codes: tf.Tensor, index: tf.Tensor) -> _Words:
        """Sums the characters of each word; `index` `(batch, length)` is -1 outside of words."""
        batch, length = tf.unstack(tf.shape(codes))
        count = tf.minimum(tf.reduce_max(index) + 1, self.max_words)
        count = tf.maximum(count, 1)
        inside = (index >= 0) & (index < count)
        segment = tf.where(inside, index + tf.range(batch)[:, None] * count, -1)
        total, shape = batch * count, [batch, count]
        ones = tf.ones_like(segment)
        lengths = tf.reshape(tf.math.unsorted_segment_sum(ones, segment, total), shape)
        position = tf.broadcast_to(tf.range(length), [batch, length])
        starts = tf.reshape(tf.math.unsorted_segment_min(position, segment, total), shape)
        starts = tf.where(lengths > 0, starts, 0)
        terms = codes * tf.constant(powers(self.max_characters))[:length]
        hashes = tf.reshape(tf.math.unsorted_segment_sum(terms, segment, total), shape)
        hashes = hashes * tf.gather(powers(self.max_characters, inverse=True), starts)
        return _Words(starts, lengths, mix(hashes, _WORD_SALT))

    def _ngrams(self, codes: tf.Tensor, words: _Words) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
        """Hashes of words 1-2 and characters 1-5, and which are of words: `(batch, None)`."""
        pairs = mix(words.hashes * 31 + shift_left(words.hashes, 1), _PAIR_SALT)
        is_word = words.lengths > 0
        is_pair = is_word & (shift_left(words.lengths, 1) > 0)
        hashes, valid = [words.hashes, pairs], [is_word, is_pair]
        for size, window in enumerate(window_hashes(codes, 5), start=1):
            hashes.append(mix(window, _CHARACTER_SALT))
            valid.append(shift_left(codes, size - 1) != 0)
        valid = tf.concat(valid, 1)
        of_words = tf.broadcast_to(
            tf.range(tf.shape(valid)[1]) < 2 * tf.shape(is_word)[1], tf.shape(valid)
        )
        hashes = tf.ragged.boolean_mask(tf.concat(hashes, 1), valid)
        return hashes, hashes.with_values(tf.boolean_mask(of_words, valid))

    def _weighted_ngrams(self, codes: tf.Tensor, words: _Words) -> tuple[tf.Tensor, tf.Tensor]:
        """Ids and TF-IDF weights of the known n-grams, those of words and of characters apart."""
        hashes, of_words = self._ngrams(codes, words)
        found, ids = _look_up(self.ngram_hashes, hashes.values)
        found = hashes.with_values(found)
        ids = tf.ragged.boolean_mask(hashes.with_values(ids), found).to_tensor()
        of_words = tf.ragged.boolean_mask(of_words, found).to_tensor()
        weights = tf.gather(np.append(np.float32(0), self.ngram_weights), ids)
        square = tf.square(weights)
        of_word = tf.reduce_sum(tf.where(of_words, square, 0.0), -1, keepdims=True)
        of_character = tf.reduce_sum(tf.where(of_words, 0.0, square), -1, keepdims=True)
        norm = tf.sqrt(tf.where(of_words, of_word, of_character))
        return ids, tf.math.divide_no_nan(weights, norm)

    def _subwords(self, codes: tf.Tensor, words: _Words) -> tf.Tensor:
        """Buckets of the 3- and 4-grams of each word: int32 `(batch, words, subwords)`."""
        offset = tf.range(-1, self.subword_characters - 1)
        position = words.starts[..., None] + offset
        position = tf.clip_by_value(position, 0, tf.maximum(tf.shape(codes)[1] - 1, 0))
        codes = tf.cond(
            tf.size(codes) > 0,
            lambda: tf.gather(codes, position, batch_dims=1),
            lambda: tf.zeros_like(position, tf.int64),
        )
        length = words.lengths[..., None]
        codes = tf.where(offset == -1, np.int64(_WORD_START), codes)
        codes = tf.where(offset == length, np.int64(_WORD_END), codes)
        codes = tf.where((offset > length) | (length == 0), np.int64(0), codes)
        hashes = window_hashes(codes, 4)
        ids = []
        for size in (3, 4):
            bucket = mix(hashes[size - 1], _SUBWORD_SALT) % self.subword_buckets + 1
            exists = shift_left(codes, size - 1) != 0
            ids.append(tf.where(exists, bucket, 0)[..., : self.subword_characters - size + 1])
        return tf.cast(tf.concat(ids, -1), tf.int32)

    def compute_output_spec(self, texts: keras.KerasTensor) -> dict[str, keras.KerasTensor]:
        """Returns the symbolic outputs."""
        batch, slots = texts.shape[0], 2 * self.subword_characters - 5
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
        self.word_hashes = np.array(store["word_hashes"])
        self.ngram_hashes = np.array(store["ngram_hashes"])
        self.ngram_weights = np.array(store["ngram_weights"])


def _join_symbols(codes: tf.Tensor, kinds: tf.Tensor) -> tf.Tensor:
    """Makes symbols that belong to a word letters: don't, S&P, 1,250.5, $TICK, #tag, @name."""
    inside = (kinds == LETTER) | (kinds == DIGIT)
    one = tf.minimum(1, tf.shape(codes)[1])
    before = tf.pad(kinds[:, :-1], [[0, 0], [one, 0]], constant_values=SPACE)
    after = shift_left(kinds, 1)
    after_inside = tf.pad(inside[:, :-1], [[0, 0], [one, 0]])

    def among(characters: str) -> tf.Tensor:
        return tf.reduce_any(codes[..., None] == [ord(c) for c in characters], -1)

    joined = among("'&") & (before == LETTER) & (after == LETTER)
    joined |= among(".,") & (before == DIGIT) & (after == DIGIT)
    joined |= among("$#@") & (after == LETTER) & ~after_inside
    return tf.where(joined & (kinds == SYMBOL), LETTER, kinds)


def _look_up(hashes: np.ndarray, values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Finds values in sorted hashes: whether each is there, and its int32 position plus one."""
    if len(hashes) == 0:
        return tf.zeros_like(values, tf.bool), tf.zeros_like(values, tf.int32)
    flat = tf.reshape(values, [-1])
    position = tf.searchsorted(hashes, flat)
    position = tf.minimum(position, len(hashes) - 1)
    found = tf.gather(hashes, position) == flat
    return tf.reshape(found, tf.shape(values)), tf.reshape(position + 1, tf.shape(values))


class _DocumentCounts:
    """In how many texts each hash occurs, in memory bounded by pruning the rare ones."""

    _LIMIT = 20_000_000

    def __init__(self) -> None:
        self.hashes = np.zeros(0, np.int64)
        self.counts = np.zeros(0, np.int64)

    def add(self, batch: tf.RaggedTensor) -> None:
        row = batch.value_rowids().numpy()
        value = batch.values.numpy()
        order = np.lexsort((row, value))
        row, value = row[order], value[order]
        first = np.ones(len(value), bool)
        first[1:] = (value[1:] != value[:-1]) | (row[1:] != row[:-1])
        hashes, counts = np.unique(value[first], return_counts=True)
        self.hashes, counts_of = np.unique(
            np.concatenate([self.hashes, hashes]), return_inverse=True
        )
        self.counts = np.bincount(
            counts_of, np.concatenate([self.counts, counts]), len(self.hashes)
        ).astype(np.int64)
        if len(self.hashes) > self._LIMIT:
            keep = self.counts > 1
            self.hashes, self.counts = self.hashes[keep], self.counts[keep]

    def most_frequent(self, limit: int, floor: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the sorted hashes and their counts."""
        keep = np.flatnonzero(self.counts >= floor)
        keep = keep[np.argsort(-self.counts[keep], kind="stable")][:limit]
        keep = np.sort(keep)
        return self.hashes[keep], self.counts[keep]
