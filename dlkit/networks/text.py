"""The table of networks over text, and how text enters them."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

import keras

from dlkit.networks import bag_of_ngrams, bert, cnn, cnn_rnn, lstm, mlp, rnn, sentence_encoder
from dlkit.networks import pretrained_sentence_encoder as pretrained
from dlkit.networks.builders import call_builder, import_builder
from dlkit.networks.embedding import EmbeddingBag
from dlkit.networks.pretrained import RECOMMENDED, pretrained_bert
from dlkit.networks.recommended import Recommended
from dlkit.networks.wide_and_deep import wide_and_deep


class TextSizes(NamedTuple):
    """How many ids of each kind the tokenizer gives, with 0 for none.

    `encoding` is the size of what a frozen encoder gives for a text, 0 where there is none.
    """

    tokens: int
    subwords: int
    ngrams: int
    encoding: int = 0


class Network(NamedTuple):
    """A builder, its search space, and what it reads.

    "steps" is a sequence of vectors `(batch, words, units)`, "vector" the weighted bag of n-grams
    `(batch, units)`, "ngrams" the ids themselves, "wordpieces" and "sentencepieces"
    the ids of a pretrained encoder, from one tokenizer or the other.
    """

    build: Callable[..., keras.Model]
    search_space: Callable[[Any], dict[str, Any]]
    reads: Literal["steps", "vector", "ngrams", "wordpieces", "sentencepieces"]
    recommended: Recommended = Recommended()

    @property
    def is_pretrained(self) -> bool:
        """Returns whether it is an encoder that `--pretrained` names, which reads `pieces`."""
        return self.reads in ("wordpieces", "sentencepieces")


NETWORKS = {
    "bag_of_ngrams": Network(bag_of_ngrams.bag_of_ngrams, bag_of_ngrams.search_space, "ngrams"),
    "bert": Network(pretrained_bert, bert.search_space, "wordpieces", RECOMMENDED),
    "cnn": Network(cnn.cnn, cnn.search_space, "steps"),
    "cnn_rnn": Network(cnn_rnn.cnn_rnn, cnn_rnn.search_space, "steps"),
    "lstm": Network(lstm.lstm, lstm.search_space, "steps"),
    "mlp": Network(mlp.mlp, mlp.search_space, "vector"),
    "rnn": Network(rnn.rnn, rnn.search_space, "steps"),
    "sentence_encoder": Network(
        pretrained.pretrained_sentence_encoder,
        sentence_encoder.search_space,
        "sentencepieces",
        pretrained.RECOMMENDED,
    ),
}
"""Networks by name; "wide_and_deep" joins `bag_of_ngrams` with any of the others."""


DEEP = "cnn"
"""The deep network of "wide_and_deep" where none is named."""


def text_network(
    network: str,
    *,
    sizes: TextSizes,
    embedding_units: int = 128,
    embedding_dropout: float = 0.2,
    word_dropout: float = 0.1,
    **arguments: Any,
) -> keras.Model:
    """Builds a network from the ids of the tokenizer to features.

    Args:
        network: A name of `NETWORKS`, "wide_and_deep", or `MODULE:BUILDER` of a body over steps:
            `builder(*, input_shape, name, ...)` from `(batch, words, units)` to features.
        sizes: How many ids there are.
        embedding_units: Size of the vectors of words and sub-words, or of n-grams for "mlp".
        embedding_dropout: Share of their channels that training leaves out.
        word_dropout: Share of the words that training sees by their sub-words alone.
        arguments: Arguments of the builder. For "wide_and_deep" `deep` names the deep network
            (`DEEP` if absent), arguments that start with `wide_` are those of `bag_of_ngrams`,
            `branch_dropout` is its own, and all others are of the deep network.

    Returns:
        A model from a dictionary of `tokens`, `subwords`, `ngrams`, `ngram_weights`, `pieces`,
        `encoding`, or those of them that it reads, to features `(batch, feature_dim)`.

    Raises:
        InputError: There is no such network, or it has no such argument.

    Example:
    ```python
    network = text_network("lstm", sizes=TextSizes(1000, 4097, 20_001), units=64)
    ```
    """
    if network == "wide_and_deep":
        arguments |= {
            "embedding_units": embedding_units,
            "embedding_dropout": embedding_dropout,
            "word_dropout": word_dropout,
        }
        return _wide_and_deep(sizes, **arguments)
    entry = find_network(network)
    if entry.is_pretrained:
        if sizes.encoding:
            return _over_encoding(sizes.encoding, arguments)
        return call_builder(network, entry.build, arguments)
    if entry.reads == "ngrams":
        return call_builder(network, entry.build, {"ngram_count": sizes.ngrams, **arguments})
    if entry.reads == "vector":
        entrance = bag_of_ngrams.bag_of_ngrams(
            ngram_count=sizes.ngrams, units=embedding_units, dropout=embedding_dropout
        )
    else:
        entrance = word_vectors(
            sizes, units=embedding_units, dropout=embedding_dropout, word_dropout=word_dropout
        )
    body = call_builder(
        network, entry.build, {"input_shape": entrance.output.shape[1:], **arguments}
    )
    return keras.Model(entrance.input, body(entrance.output), name=f"text_{body.name}")


def deep_network(network: str, arguments: Mapping[str, Any]) -> Network:
    """Finds a network, or the deep one of "wide_and_deep" with these arguments.

    Raises:
        InputError: There is none.
    """
    return find_network(arguments.get("deep", DEEP) if network == "wide_and_deep" else network)


def word_vectors(
    sizes: TextSizes, *, units: int, dropout: float, word_dropout: float, name: str = "words"
) -> keras.Model:
    """Adds the vector of each word and the mean vector of its sub-words.

    Returns:
        A model from `tokens` int `(batch, words)` and `subwords` int `(batch, words, n)` to
        float `(batch, words, units)`, zero where there is no word.
    """
    tokens = keras.Input((None,), dtype="int32", name="tokens")
    subwords = keras.Input((None, None), dtype="int32", name="subwords")

    bag = keras.layers.Reshape((-1, 1), name=f"{name}_of_one")(tokens)  # (batch, words, 1)
    word = EmbeddingBag(sizes.tokens, units, name=f"{name}_tokens")(bag)
    word = keras.layers.Dropout(
        word_dropout, noise_shape=(None, None, 1), name=f"{name}_word_dropout"
    )(word)
    parts = EmbeddingBag(sizes.subwords, units, name=f"{name}_subwords")(subwords)
    vectors = keras.layers.Add(name=f"{name}_sum")([word, parts])
    vectors = keras.layers.SpatialDropout1D(dropout, name=f"{name}_dropout")(vectors)

    return keras.Model({"tokens": tokens, "subwords": subwords}, vectors, name=name)


def _over_encoding(size: int, arguments: dict[str, Any]) -> keras.Model:
    """Puts a multilayer perceptron over what a frozen encoder gives."""
    encoding = keras.Input((size,), name="encoding")
    chosen = {"units": (512,), "activation": "gelu", "dropout": 0.3, **arguments}
    body = call_builder("mlp", mlp.mlp, {"input_shape": (size,), **chosen})
    return keras.Model({"encoding": encoding}, body(encoding), name=f"encoding_{body.name}")


def _wide_and_deep(
    sizes: TextSizes, *, deep: str = DEEP, branch_dropout: float = 0.0, **arguments: Any
) -> keras.Model:
    of_wide = {
        name.removeprefix("wide_"): arguments.pop(name)
        for name in list(arguments)
        if name.startswith("wide_")
    }
    wide = text_network("bag_of_ngrams", sizes=sizes, **of_wide)
    if not sizes.encoding:  # a frozen encoder leaves the learning rate to what learns
        factor = Recommended().learning_rate / find_network(deep).recommended.learning_rate
        for variable in wide.trainable_variables:
            variable.rate_factor = factor  # read by TableAdam: it learns from nothing, and faster
    return wide_and_deep(
        wide=wide,
        deep=text_network(deep, sizes=sizes, **arguments),
        branch_dropout=branch_dropout,
    )


def find_network(network: str) -> Network:
    """Finds a network by name, or imports `MODULE:BUILDER`.

    Raises:
        InputError: There is none.
    """
    if network in NETWORKS:
        return NETWORKS[network]
    build, module = import_builder(network, [*NETWORKS, "wide_and_deep"])
    return Network(build, getattr(module, "search_space", _nothing), "steps")


def _nothing(hp: Any) -> dict[str, Any]:
    """The search space of a builder that has none beside it."""
    return {}
