"""How texts enter a network: tokenizers, and an encoder that does not learn."""

import dataclasses
import itertools
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlkit.data.pipeline import evaluation_batches, tokenized_rows
from dlkit.errors import InputError
from dlkit.networks import TextSizes, deep_network
from dlkit.networks.pretrained import read_tokenizing
from dlkit.networks.pretrained_files import BERT_FILES, SENTENCE_ENCODER_FILES, find_pretrained
from dlkit.settings import TextTraining, Training
from dlkit.text.sentencepiece import SentencePiece
from dlkit.text.tokenizer import Tokenizer
from dlkit.text.wordpiece import WordPiece, read_vocabulary

PIECES, ENCODING = "pieces", "encoding"
_LINK = "link"
_SUITED = {"wordpieces": "minilm", "sentencepieces": "multilingual"}


class TextFront(NamedTuple):
    """What is done to a text once, before a network learns from it.

    Args:
        tokenizer: From string `(batch,)` to named ids.
        encoder: From `pieces` to features, where it is frozen and so no part of the network.
        sizes: How many ids there are, and how large the encoding is.
    """

    tokenizer: keras.layers.Layer
    encoder: keras.Model | None
    sizes: TextSizes

    @property
    def reads(self) -> str:
        """Returns the name of the ids of which a text has as many as words, or pieces of words."""
        return PIECES if PIECES in self.tokenizer(tf.constant([""])) else "tokens"

    def layer(self) -> keras.layers.Layer:
        """Returns all of it as one layer, from string `(batch,)` to what the network reads."""
        if self.encoder is None:
            return self.tokenizer
        text = keras.Input((), dtype="string", name="text")
        ids = dict(self.tokenizer(text))
        encoding = self.encoder({PIECES: ids.pop(PIECES)})
        return keras.Model(text, {**ids, ENCODING: encoding}, name="encoded_text")


def text_front(settings: TextTraining, texts: Sequence[str]) -> TextFront:
    """Makes what the network of the settings reads.

    Args:
        settings: Name the network and what it is pretrained on.
        texts: The training texts, from which tokenizers learn.

    Returns:
        The front.

    Raises:
        InputError: The pretrained files are missing, or no network of the settings reads them.
    """
    is_wide = settings.network == "wide_and_deep"
    network = deep_network(settings.network, network_arguments(settings))
    if not network.is_pretrained:
        _check_unused(settings)
        return _words_front(settings, texts)
    if not settings.pretrained:
        msg = "`--pretrained` must say where the encoder of the network comes from. Received none. "
        raise InputError(f"{msg}Add `--pretrained {_SUITED[network.reads]}`, or a folder.")
    cut = wordpiece_of if network.reads == "wordpieces" else _sentencepiece_of
    pieces = cut(settings.pretrained, max_words=settings.max_words)
    tokenizer, sizes = pieces, TextSizes(0, 0, 0)
    if is_wide:
        words, _, sizes = _words_front(settings, texts)
        text = keras.Input((), dtype="string", name="text")
        tokenizer = keras.Model(text, {**words(text), **pieces(text)}, name="tokenizers")
    if not settings.freeze_encoder:
        return TextFront(tokenizer, None, sizes)
    encoder = network.build(pretrained=settings.pretrained)
    encoder.trainable = False
    return TextFront(tokenizer, encoder, sizes._replace(encoding=encoder.output.shape[-1]))


def network_arguments(settings: Training) -> dict[str, Any]:
    """Returns the arguments of the network.

    Raises:
        InputError: They are no JSON object.
    """
    try:
        arguments = json.loads(settings.network_arguments)
    except ValueError as error:
        arguments = error
    if not isinstance(arguments, dict):
        msg = (
            "`--network-arguments` must be a JSON object. Received: "
            f"{settings.network_arguments!r}. Write it like '{{\"units\": 64}}'."
        )
        raise InputError(msg)
    return arguments


def without_unused_encoder(settings: TextTraining) -> TextTraining:
    """Returns the settings without a pretrained encoder where their network has no place for it."""
    if deep_network(settings.network, network_arguments(settings)).is_pretrained:
        return settings
    return dataclasses.replace(settings, pretrained=None, freeze_encoder=False)


def encode_pieces(
    encoder: keras.Model,
    pieces: tf.RaggedTensor,
    *,
    known: dict[bytes, np.ndarray],
    batch_size: int = 64,
) -> tf.RaggedTensor:
    """Encodes the word pieces of rows.

    Args:
        encoder: From `pieces` int `(batch, steps)` to float `(batch, size)`.
        pieces: int `(rows, None)`.
        known: Encodings `(size,)` by the bytes of their pieces; gets those that are new.
        batch_size: Rows that are encoded together.

    Returns:
        float32 `(rows, size)`.
    """
    ids, bounds = pieces.values.numpy(), pieces.row_splits.numpy()
    keys = [ids[start:end].tobytes() for start, end in itertools.pairwise(bounds)]
    new = {key: row for row, key in enumerate(keys) if key not in known}
    if new:
        rows = tokenized_rows({PIECES: tf.gather(pieces, list(new.values()))}, {}, {})
        batches, order = evaluation_batches(rows, batch_size=batch_size)
        encoding = encoder.predict(batches.map(lambda features, *_: features), verbose=0)
        known |= dict(zip(new, encoding[np.argsort(order)], strict=True))
    return tf.RaggedTensor.from_tensor(np.stack([known[key] for key in keys]))


def _words_front(settings: TextTraining, texts: Sequence[str]) -> TextFront:
    tokenizer = Tokenizer(max_words=settings.max_words)
    tokenizer.adapt(texts)
    sizes = TextSizes(tokenizer.token_count, tokenizer.subword_count, tokenizer.ngram_count)
    return TextFront(tokenizer, None, sizes)


def wordpiece_of(pretrained: str, *, max_words: int) -> WordPiece:
    """Makes the tokenizer of a pretrained BERT.

    Args:
        pretrained: Its name or folder.
        max_words: Words of a text that are read.

    Returns:
        From string `(batch,)` to `pieces`.

    Raises:
        InputError: There is no such encoder, or its files do not fit together.
    """
    folder = find_pretrained(pretrained, BERT_FILES)
    tokenizing = read_tokenizing(folder)
    vocabulary = read_vocabulary(folder / "vocab.txt")
    if len(vocabulary) > tokenizing.vocabulary_size:
        msg = f"`--pretrained` must have a vector for each of its {len(vocabulary)} word pieces. "
        received = f"Received: {folder}, with {tokenizing.vocabulary_size}. "
        raise InputError(msg + received + "Take vocab.txt and weights from one model.")
    return WordPiece(
        vocabulary,
        max_length=min(max_words + 2, tokenizing.positions),
        lower_case=tokenizing.lower_case,
        strip_accents=tokenizing.strip_accents,
        link=_LINK,
    )


def _sentencepiece_of(pretrained: str, *, max_words: int) -> SentencePiece:
    folder = find_pretrained(pretrained, SENTENCE_ENCODER_FILES)
    return SentencePiece((folder / "sp.model").read_bytes(), max_length=max_words + 2)


def _check_unused(settings: TextTraining) -> None:
    for option, given in (
        ("--pretrained", settings.pretrained),
        ("--freeze-encoder", settings.freeze_encoder),
    ):
        if given:
            msg = f"`{option}` needs a network with an encoder. Received: {settings.network}. "
            raise InputError(msg + "Add `--network bert` or sentence_encoder, or leave it out.")
