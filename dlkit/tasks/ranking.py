"""The best items, put in a new order by more than their scores."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

CANDIDATES = 100
_MATCH = 8
"""Columns of a candidate beside those of its item."""


def columns_of(item_columns: int) -> int:
    """Returns how many columns a candidate has, where an item has so many."""
    return _MATCH + 2 * item_columns


@keras.saving.register_keras_serializable("dlkit")
class Ranking(keras.layers.Layer):
    """Scores the best items again: how they match, what they are, and how usual they are here.

    What users did with an item may be of several strengths, such as a view and a purchase. The
    network answers with the logit of each: that what follows is at least so strong. Their chances
    sum up to what a candidate is worth, and the logarithm of that is its new score.

    Args:
        network: From the columns of candidates `(batch, columns)` to logits `(batch, strengths)`.
        strengths: The weights of events that there are, rising.
        items: Number of items.
        item_columns: Columns of each item.
    """

    def __init__(
        self,
        *,
        network: keras.Model,
        strengths: Sequence[float],
        items: int,
        item_columns: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.network = (
            keras.saving.deserialize_keras_object(network) if isinstance(network, dict) else network
        )
        self.strengths = tuple(strengths)
        self.items, self.item_columns = items, item_columns

    def build(self, input_shape: Any = None) -> None:
        """Makes the tables, which training fills."""
        shape, zeros = (self.items, self.item_columns), "zeros"
        self.columns = self.add_weight(
            shape=shape, initializer=zeros, trainable=False, name="columns"
        )
        self.categories = self.add_weight(
            shape=(self.items,),
            dtype="int32",
            initializer=zeros,
            trainable=False,
            name="categories",
        )
        self.built = True

    def call(self, numbers: Any, deep: Any, linear: Any, scores: Any) -> Any:
        """Scores anew.

        Args:
            numbers: int32 `(batch, n)`, the history, item numbers plus 1, 0 where there is none.
            deep: float32 `(batch, items)`, a part of the scores.
            linear: The other part.
            scores: float32 `(batch, items)`, minus infinity for what is out of question.

        Returns:
            float32 `(batch, items)`: the best items are in a new order, all others come after them
            in their old one.
        """
        chosen, columns = self.candidates(numbers, deep, linear, scores)
        shape = tf.shape(chosen)
        logits = self.network(tf.reshape(columns, (-1, columns.shape[-1])), training=False)
        steps = tf.constant(np.log(np.diff(self.strengths, prepend=0.0)), tf.float32)
        # in logarithms, so that no chance is too small to tell from another
        worth = tf.reduce_logsumexp(tf.math.log_sigmoid(logits) + steps, axis=1)
        worth = tf.reshape(worth, shape)
        old = tf.gather(scores, chosen, axis=1, batch_dims=1)
        possible = old > -np.inf
        least = tf.reduce_min(tf.where(possible, worth, np.inf), axis=1, keepdims=True)
        lowest = tf.reduce_min(tf.where(possible, old, np.inf), axis=1, keepdims=True)
        rows = tf.repeat(tf.range(shape[0])[:, None], shape[1], axis=1)
        places = tf.stack([rows, chosen], axis=2)
        rest = tf.where(scores > -np.inf, scores - lowest + least, scores)
        return tf.tensor_scatter_nd_update(rest, places, tf.where(possible, worth, -np.inf))

    def candidates(self, numbers: Any, deep: Any, linear: Any, scores: Any) -> tuple[Any, Any]:
        """Collects what is known of the best items.

        Returns:
            Their numbers int32 `(batch, candidates)`, and float32 `(batch, candidates, columns)`:
            their chance, how far it is from the best, both parts of their scores, the size of the
            history, the best chance, how much of the history has their category, whether its newest
            event has it; then the columns of the item, and how far they are from the history's.
        """
        best, chosen = tf.math.top_k(scores, min(CANDIDATES, self.items))
        best = tf.where(best > -np.inf, best, tf.reduce_max(best, axis=1, keepdims=True) - 30)
        chances = tf.nn.log_softmax(best, axis=1)
        parts = [tf.gather(part, chosen, axis=1, batch_dims=1) for part in (deep, linear)]
        filled = tf.cast(numbers > 0, tf.float32)
        size = tf.reduce_sum(filled, axis=1, keepdims=True)  # (batch, 1)
        events = tf.maximum(numbers - 1, 0)
        categories, item = tf.convert_to_tensor(self.categories), tf.convert_to_tensor(self.columns)
        own = tf.gather(categories, chosen)  # (batch, candidates)
        same = (own[:, :, None] == tf.gather(categories, events)[:, None]) & (own > 0)[:, :, None]
        same = tf.cast(same, tf.float32) * filled[:, None]  # (batch, candidates, n)
        usual = tf.einsum("bn,bnc->bc", filled, tf.gather(item, events)) / tf.maximum(size, 1.0)
        columns = tf.gather(item, chosen)  # (batch, candidates, item columns)
        every = tf.ones_like(chances)
        match = [
            chances,
            chances - chances[:, :1],
            *(part - tf.reduce_mean(part, axis=1, keepdims=True) for part in parts),
            every * tf.math.log1p(size),
            every * chances[:, :1],
            tf.reduce_sum(same, axis=2) / tf.maximum(size, 1.0),
            same[:, :, -1],
        ]
        far = tf.abs(columns - usual[:, None])
        return chosen, tf.concat([tf.stack(match, axis=2), columns, far], axis=2)

    def compute_output_shape(self, numbers_shape: Any, *shapes: Any) -> tuple:
        """Returns `(batch, items)`."""
        return (numbers_shape[0], self.items)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer, but for its tables."""
        return {
            **super().get_config(),
            "network": keras.saving.serialize_keras_object(self.network),
            "strengths": self.strengths,
            "items": self.items,
            "item_columns": self.item_columns,
        }
