"""A weighted bag of hashed n-grams: the fast baseline of text classification."""

from typing import Any

import keras

from dlkit.networks.embedding import EmbeddingBag


def bag_of_ngrams(
    *,
    ngram_count: int,
    units: int = 128,
    weight_dropout: float = 0.5,
    dropout: float = 0.3,
    name: str = "bag_of_ngrams",
) -> keras.Model:
    """Sums the vectors of all n-grams of a text, each times its TF-IDF weight.

    Joulin et al., "Bag of tricks for efficient text classification", 2017, with the weights of
    the classical linear model in place of the mean.

    Args:
        ngram_count: Ids of n-grams, with 0 for none.
        units: Size of the vectors, and of the features.
        weight_dropout: Share of the n-grams of a text that training leaves out.
        dropout: Share of the features that training leaves out.
        name: Names the model.

    Returns:
        A model from `ngrams` int `(batch, n)` and `ngram_weights` float `(batch, n)` to features
        `(batch, units)`.
    """
    ngrams = keras.Input((None,), dtype="int32", name="ngrams")
    weights = keras.Input((None,), dtype="float32", name="ngram_weights")

    kept = keras.layers.Dropout(weight_dropout, name=f"{name}_weight_dropout")(weights)
    bag = EmbeddingBag(ngram_count, units, name=f"{name}_bag")(ngrams, kept)
    features = keras.layers.Dropout(dropout, name=f"{name}_dropout")(bag)

    return keras.Model({"ngrams": ngrams, "ngram_weights": weights}, features, name=name)


def search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `bag_of_ngrams` from KerasTuner hyperparameters."""
    return {
        "units": hp.Choice("units", [64, 128, 256], default=128),
        "weight_dropout": hp.Float("weight_dropout", 0.0, 0.8, default=0.5),
        "dropout": hp.Float("dropout", 0.0, 0.7, default=0.3),
    }
