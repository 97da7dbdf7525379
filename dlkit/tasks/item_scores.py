"""The answer of a recommender: from the ids of a history to the best items, in graph ops."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.tasks.ranking import Ranking
from dlkit.tasks.retrieval import vectors_of

TABLES = (
    *("vectors", "bias", "neighbour_numbers", "neighbour_weights", "popularity"),
    *("new_numbers", "alike_numbers", "alike_weights"),
)
"""The weights of `ItemScores` that training fills."""
_OWN = 0.1
"""What an item in the history counts for new ones that are like it, beside what its weights say."""
_NAMES_START = 2  # a look-up of names gives 0 to none and 1 to unknown ones


@keras.saving.register_keras_serializable("dlkit")
class ItemScores(keras.layers.Layer):
    """Scores every item for a history: a linear part, and the likeness of vectors.

    score = (state . vector + bias + mix * (the weights of the newest event's items, and of those
    before it, each step fainter by `decay`) / (the root of the sum of their squares)) / temperature

    An item that nobody has used yet has no weights of its own in the linear part: it gets those of
    the items whose texts are like its own. A history without any known item gets the popularity of
    each item.

    Args:
        items: Number of items.
        dim: Size of the vectors.
        neighbours: Items to which an item gives a weight in the linear part.
        encoder: From the vectors of a history to one, see `Retrieval`.
        longest: Events of a history that are read, the newest ones.
        new_items: Items that nobody has used yet.
        alike: Items with a text like that of a new one which it stands on.
        mix: How much the linear part counts.
        decay: How much an event counts beside the one that came after it.
        temperature: What makes the softmax of the scores the chance of each item.
        ranking: Puts the best items in a new order; None leaves them in theirs.
    """

    def __init__(
        self,
        *,
        items: int,
        dim: int,
        neighbours: int,
        encoder: keras.Model,
        longest: int,
        new_items: int = 0,
        alike: int = 0,
        mix: float = 1.0,
        decay: float = 1.0,
        temperature: float = 1.0,
        ranking: Ranking | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.items, self.dim, self.neighbours = items, dim, neighbours
        self.encoder = (
            keras.saving.deserialize_keras_object(encoder) if isinstance(encoder, dict) else encoder
        )
        self.longest, self.mix, self.decay, self.temperature = longest, mix, decay, temperature
        self.new_items, self.alike = new_items, alike
        self.ranking = (
            keras.saving.deserialize_keras_object(ranking) if isinstance(ranking, dict) else ranking
        )

    def build(self, input_shape: Any = None) -> None:
        """Makes the tables, which training fills."""

        def table(name: str, shape: tuple[int, ...], dtype: str = "float32") -> Any:
            return self.add_weight(
                shape=shape, dtype=dtype, initializer="zeros", trainable=False, name=name
            )

        self.vectors = table("vectors", (self.items, self.dim))
        self.bias = table("bias", (self.items,))
        self.neighbour_numbers = table("neighbour_numbers", (self.items, self.neighbours), "int32")
        self.neighbour_weights = table("neighbour_weights", (self.items, self.neighbours))
        self.popularity = table("popularity", (self.items,))
        self.new_numbers = table("new_numbers", (self.new_items,), "int32")
        self.alike_numbers = table("alike_numbers", (self.new_items, self.alike), "int32")
        self.alike_weights = table("alike_weights", (self.new_items, self.alike))
        if self.ranking is not None and not self.ranking.built:
            self.ranking.build()
        self.built = True

    def call(self, numbers: Any) -> Any:
        """Scores all items.

        Args:
            numbers: int32 `(batch, n)`, item numbers plus 1, 0 anywhere where there is none.

        Returns:
            float32 `(batch, items)`; what is in the history has minus infinity.
        """
        newest = self.newest(numbers)
        deep, linear, scores = self.parts(newest)
        scores = self._without(scores, numbers)  # what is too old to be read is known to the user
        known = tf.reduce_any(newest > 0, axis=1, keepdims=True)
        if self.ranking is not None:
            scores = self.ranking(newest, deep, linear, scores)
        return tf.where(known, scores, tf.convert_to_tensor(self.popularity)[None])

    def parts(self, numbers: Any) -> tuple[Any, Any, Any]:
        """Returns both parts of the scores and their sum without what is in the history."""
        deep = self.deep_scores(numbers) / self.temperature
        linear = self.linear_scores(numbers, self.decay) * (self.mix / self.temperature)
        return deep, linear, self._without(deep + linear, numbers)

    def _without(self, scores: Any, numbers: Any) -> Any:
        """Leaves out of the scores what is in the history."""
        places = tf.where(numbers > 0)
        seen = tf.cast(tf.gather_nd(numbers, places) - 1, tf.int64)
        places = tf.stack([places[:, 0], seen], 1)
        nothing = tf.fill(tf.shape(seen), -np.inf)
        return tf.tensor_scatter_nd_update(scores, places, nothing)

    def deep_scores(self, numbers: Any) -> Any:
        """Returns the part of the vectors, float32 `(batch, items)`."""
        vectors = tf.convert_to_tensor(self.vectors)
        return tf.matmul(self.states(numbers), vectors, transpose_b=True) + self.bias

    def states(self, numbers: Any) -> Any:
        """Returns what the encoder makes of histories, float32 `(batch, dim)`."""
        vectors = tf.convert_to_tensor(self.vectors)
        return self.encoder(vectors_of(vectors, numbers), training=False)

    def linear_scores(self, numbers: Any, decay: float) -> Any:
        """Returns the linear part before `mix`, float32 `(batch, items)`."""
        batch, filled = tf.shape(numbers)[0], tf.cast(numbers > 0, tf.float32)
        age = tf.cumsum(filled, axis=1, reverse=True, exclusive=True)
        faint = filled * tf.pow(tf.convert_to_tensor(decay, tf.float32), age)
        norm = tf.sqrt(tf.reduce_sum(faint * faint, axis=1, keepdims=True))
        places = tf.where(numbers > 0)  # (events, 2)
        events = tf.gather_nd(numbers, places) - 1
        share = tf.gather_nd(faint / tf.maximum(norm, 1e-9), places)
        weights = tf.gather(tf.convert_to_tensor(self.neighbour_weights), events) * share[:, None]
        found = tf.gather(tf.convert_to_tensor(self.neighbour_numbers), events)
        cells = found + tf.cast(places[:, :1], tf.int32) * self.items
        total = tf.math.unsorted_segment_sum(
            tf.reshape(weights, [-1]), tf.reshape(cells, [-1]), batch * self.items
        )
        total = tf.reshape(total, (batch, self.items))
        if not self.new_items:
            return total
        own = tf.stack([tf.cast(places[:, 0], tf.int32), events], 1)
        total_with_own = tf.tensor_scatter_nd_add(total, own, _OWN * share)
        found = tf.gather(total_with_own, tf.convert_to_tensor(self.alike_numbers), axis=1)
        of_new = tf.reduce_sum(found * self.alike_weights, axis=2)  # (batch, new_items)
        places = tf.convert_to_tensor(self.new_numbers)[:, None]
        return tf.transpose(
            tf.tensor_scatter_nd_add(tf.transpose(total), places, tf.transpose(of_new))
        )

    def newest(self, numbers: Any) -> Any:
        """Moves what there is to the end, in its order, and cuts what is too old."""
        order = tf.argsort(tf.cast(numbers > 0, tf.int32), axis=1, stable=True)
        return tf.gather(numbers, order, axis=1, batch_dims=1)[:, -self.longest :]

    def compute_output_shape(self, input_shape: Any) -> tuple:
        """Returns `(batch, items)`."""
        return (input_shape[0], self.items)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer, but for its tables."""
        return {
            **super().get_config(),
            "items": self.items,
            "dim": self.dim,
            "neighbours": self.neighbours,
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "longest": self.longest,
            "new_items": self.new_items,
            "alike": self.alike,
            "mix": self.mix,
            "decay": self.decay,
            "temperature": self.temperature,
            "ranking": keras.saving.serialize_keras_object(self.ranking),
        }


@keras.saving.register_keras_serializable("dlkit")
class BestItems(keras.layers.Layer):
    """The items with the highest scores, exactly.

    Args:
        at: How many.
    """

    def __init__(self, at: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.at = at

    def call(self, scores: Any) -> dict[str, Any]:
        """Returns `numbers` int64, plus 2, 0 where there is none, and `scores`, best first."""
        best, numbers = tf.math.top_k(scores, self.at)
        exists = best > -np.inf
        numbers = tf.cast(tf.where(exists, numbers + _NAMES_START, 0), tf.int64)
        return {"numbers": numbers, "scores": tf.where(exists, best, 0.0)}

    def compute_output_spec(self, scores: Any) -> dict[str, Any]:
        """Returns the shapes `(batch, at)`."""
        shape = (scores.shape[0], self.at)
        return {
            "numbers": keras.KerasTensor(shape, "int64"),
            "scores": keras.KerasTensor(shape, "float32"),
        }

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "at": self.at}


@keras.saving.register_keras_serializable("dlkit")
class KnownNumbers(keras.layers.Layer):
    """From look-ups of names to item numbers plus 1; names that are unknown become none."""

    def call(self, looked_up: Any) -> Any:
        """Returns int32 `(batch, n)`."""
        return tf.cast(tf.maximum(looked_up - (_NAMES_START - 1), 0), tf.int32)

    def compute_output_spec(self, looked_up: Any) -> keras.KerasTensor:
        """Returns the shape of what it gets."""
        return keras.KerasTensor(looked_up.shape, "int32")


def recommending_model(scores: ItemScores, ids: Sequence[str], *, at: int) -> keras.Model:
    """Puts the names of the items around their scores.

    Args:
        scores: Scores all items.
        ids: Their names.
        at: Length of the lists.

    Returns:
        A model from `history`, strings `(batch, n)`, oldest first and padded with "" anywhere, to
        `items`, strings `(batch, at)`, and `scores`, float32 `(batch, at)`; "" and 0 where a list
        has no more items. Unknown names are ignored.
    """
    history = keras.Input((None,), dtype="string", name="history")
    names = list(ids)
    looked_up = keras.layers.StringLookup(vocabulary=names, mask_token="", name="item_numbers")
    best = BestItems(min(at, len(ids)), name="best_items")(
        scores(KnownNumbers(name="known_numbers")(looked_up(history)))
    )
    back = keras.layers.StringLookup(
        vocabulary=names, mask_token="", invert=True, name="item_names"
    )
    outputs = {"items": back(best["numbers"]), "scores": best["scores"]}
    return keras.Model(history, outputs, name="recommendations")
