"""How the columns of a table enter an ensemble of networks."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras

from dlkit.networks.arguments import check_count, check_dropout
from dlkit.networks.builders import call_builder, import_builder
from dlkit.networks.embedding import EmbeddingBag
from dlkit.networks.mlp_ensemble import mlp_ensemble

DEFAULT = "mlp_ensemble"
MEMBERS = 16


class TableSizes(NamedTuple):
    """How wide the parts of a row are that the front of a table gives.

    Args:
        linear: Scaled numbers.
        bins: Piecewise-linear parts of numbers.
        categories: Columns of categories.
        category_count: Ids of the categories of all columns together.
        ngrams: Ids of n-grams, with 0 for none, by the name of the text.
    """

    linear: int
    bins: int
    categories: int
    category_count: int
    ngrams: Mapping[str, int]


def table_network(
    network: str = DEFAULT,
    *,
    sizes: TableSizes,
    members: int = MEMBERS,
    vector_units: int = 4,
    bin_scale: float = 0.3,
    ngram_dropout: float = 0.5,
    vector_dropout: float = 0.3,
    name: str = "table",
    **arguments: Any,
) -> keras.Model:
    """Builds an ensemble over the columns of a table; its members share no weight.

    Deep networks see everything; beside what they make of it, the scaled numbers and the vectors
    of categories and texts go on to the heads as they are, which thus hold linear models too
    (Cheng et al., "Wide & deep learning for recommender systems", 2016).

    Args:
        network: "mlp_ensemble", or `MODULE:BUILDER` of a body that keeps members apart:
            `builder(*, input_shape, ...)` from `(batch, members, columns)` to
            `(batch, members, units)`.
        sizes: How wide the parts of a row are.
        members: Networks in the ensemble.
        vector_units: Size of the vector of a category, and of that of a text.
        bin_scale: Multiplies the piecewise-linear parts: less than 1 prefers lines to curves.
        ngram_dropout: Share of the n-grams of a text that training leaves out.
        vector_dropout: Share of the values of vectors that training leaves out.
        name: Names the model.
        arguments: Arguments of the builder.

    Returns:
        A model from a dictionary of `linear` float `(batch, n)`, `bins` float `(batch, n)`,
        `categories` int `(batch, columns)`, and of each text `NAME_ngrams` int and
        `NAME_ngram_weights` float `(batch, n)`, or those of them that there are, to features
        `(batch, members, feature_dim)`.

    Raises:
        InputError: There is no such network, or it has no such argument.
    """
    check_count(members=members, vector_units=vector_units)
    check_dropout(ngram_dropout)
    check_dropout(vector_dropout)
    build = mlp_ensemble if network == DEFAULT else import_builder(network, [DEFAULT])[0]

    inputs = _inputs(sizes)

    size: dict[str, Any] = {"members": members, "units": vector_units, "name": name}
    vectors = [
        _text_vector(inputs, sizes, text, dropout=ngram_dropout, **size) for text in sizes.ngrams
    ]
    if sizes.categories:
        vectors.append(_category_vectors(inputs["categories"], sizes, **size))
    wide = []
    if vectors:
        kept = keras.layers.Dropout(vector_dropout, name=f"{name}_vector_dropout")
        wide.append(kept(_joined(vectors, f"{name}_vectors")))
    if sizes.linear:
        wide.append(keras.layers.RepeatVector(members, name=f"{name}_linear")(inputs["linear"]))
    deep = list(wide)
    if sizes.bins:
        bins = keras.layers.Rescaling(bin_scale, name=f"{name}_bin_scale")(inputs["bins"])
        deep.append(keras.layers.RepeatVector(members, name=f"{name}_bins")(bins))
    columns = _joined(deep, f"{name}_columns")
    body = call_builder(network, build, {"input_shape": columns.shape[1:], **arguments})
    features = _joined([body(columns), *wide], f"{name}_features")

    return keras.Model(inputs, features, name=name)


def _inputs(sizes: TableSizes) -> dict[str, keras.KerasTensor]:
    inputs = {}
    if sizes.linear:
        inputs["linear"] = keras.Input((sizes.linear,), name="linear")
    if sizes.bins:
        inputs["bins"] = keras.Input((sizes.bins,), name="bins")
    if sizes.categories:
        inputs["categories"] = keras.Input((sizes.categories,), dtype="int32", name="categories")
    for text in sizes.ngrams:
        for part, dtype in (("ngrams", "int32"), ("ngram_weights", "float32")):
            key = f"{text}_{part}"
            inputs[key] = keras.Input((None,), dtype=dtype, name=key)
    return inputs


def _category_vectors(
    ids: keras.KerasTensor, sizes: TableSizes, *, members: int, units: int, name: str
) -> keras.KerasTensor:
    """Returns the vectors of all columns side by side, `(batch, members, columns * units)`."""
    x = keras.layers.Reshape((-1, 1), name=f"{name}_categories_of_one")(ids)
    x = EmbeddingBag(sizes.category_count, members * units, name=f"{name}_categories")(x)
    x = keras.layers.Reshape((-1, members, units), name=f"{name}_category_members")(x)
    x = keras.layers.Permute((2, 1, 3), name=f"{name}_members_first")(x)
    size = sizes.categories * units
    return keras.layers.Reshape((members, size), name=f"{name}_category_vectors")(x)


def _text_vector(
    inputs: Mapping[str, keras.KerasTensor],
    sizes: TableSizes,
    text: str,
    *,
    members: int,
    units: int,
    dropout: float,
    name: str,
) -> keras.KerasTensor:
    """Returns the weighted sum of the vectors of all n-grams, `(batch, members, units)`."""
    ngrams, weights = inputs[f"{text}_ngrams"], inputs[f"{text}_ngram_weights"]
    kept = keras.layers.Dropout(dropout, name=f"{name}_{text}_ngram_dropout")(weights)
    bag = EmbeddingBag(sizes.ngrams[text], members * units, name=f"{name}_{text}_bag")
    vector = bag(ngrams, kept)  # (batch, members * units)
    return keras.layers.Reshape((members, units), name=f"{name}_{text}_vector")(vector)


def _joined(parts: list[keras.KerasTensor], name: str) -> keras.KerasTensor:
    return keras.layers.Concatenate(name=name)(parts) if len(parts) > 1 else parts[0]
