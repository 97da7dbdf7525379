"""Which items a user takes next, learned by a softmax over all of them."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.tasks.item_tower import ItemTower

_FULL_SOFTMAX = 50_000
_SAMPLES = 8192
_SEEN = -1e9


class Retrieval(keras.Model):
    """A user's history and the items, in one space of vectors; calling it gives the loss.

    Args:
        tower: Gives the vectors of all items, of the history and of what is scored alike.
        encoder: From the vectors of a history `(batch, n, dim)`, oldest first, zeros before them,
            to one `(batch, dim)`, or to one for every step `(batch, n, dim)`.
        popularity: Users of each item, `(items,)`: where the items are too many for a full
            softmax, they are drawn by it, and the scores corrected for that (Bengio and Senecal,
            "Adaptive importance sampling to accelerate training of a neural probabilistic language
            model", 2008).
    """

    def __init__(
        self, tower: ItemTower, encoder: keras.Model, popularity: np.ndarray, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.tower, self.encoder = tower, encoder
        self._popularity = popularity
        self.bias = self.add_weight(shape=(tower.items,), initializer="zeros", name="bias")
        tower.build()
        self.built = True

    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns the loss, and adds it.

        Args:
            inputs: `history` and `targets`, int32 `(batch, n)` and `(batch, m)` of item numbers
                plus 1, 0 where there is none. With an encoder of every step, the target of a step
                is what comes next, and m is n; else all targets are what is missing of the set.
            training: Whether to drop out.

        Returns:
            float32 `()`: the mean over users, each weighted by the root of their targets.
        """
        history, targets = inputs["history"], inputs["targets"]
        vectors = self.tower(training=training)
        states = self.encoder(vectors_of(vectors, history), training=training)
        rows, columns = tf.unstack(tf.where(targets > 0), axis=1)
        wanted = tf.gather_nd(targets, tf.stack([rows, columns], 1)) - 1
        if len(states.shape) == 3:  # of every step
            states = tf.gather_nd(states, tf.stack([rows, columns], 1))
            rows, history = tf.range(tf.size(wanted, tf.int64)), None
        if self.tower.items > _FULL_SOFTMAX:
            losses = self._sampled(vectors, tf.gather(states, rows), wanted)
        else:
            losses = self._full(vectors, states, rows, wanted, history)
        number = tf.math.bincount(tf.cast(rows, tf.int32), dtype=tf.float32)
        weights = tf.math.rsqrt(tf.gather(number, rows))
        loss = tf.reduce_sum(weights * losses) / tf.maximum(tf.reduce_sum(weights), 1e-9)
        self.add_loss(loss)
        return loss

    def _full(
        self,
        vectors: tf.Tensor,
        states: tf.Tensor,
        rows: tf.Tensor,
        wanted: tf.Tensor,
        history: tf.Tensor | None,
    ) -> tf.Tensor:
        scores = tf.matmul(states, vectors, transpose_b=True) + self.bias
        if history is not None:  # what is given is never to be found
            places = tf.where(history > 0)
            seen = tf.cast(tf.gather_nd(history, places) - 1, tf.int64)
            places = tf.stack([places[:, 0], seen], 1)
            scores = tf.tensor_scatter_nd_add(scores, places, tf.fill(tf.shape(seen), _SEEN))
        norms = tf.gather(tf.reduce_logsumexp(scores, axis=1), rows)
        return norms - tf.gather_nd(scores, tf.stack([rows, tf.cast(wanted, tf.int64)], 1))

    def _sampled(self, vectors: tf.Tensor, states: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        labels = tf.cast(wanted, tf.int64)[:, None]
        drawn = tf.random.fixed_unigram_candidate_sampler(
            labels,
            num_true=1,
            num_sampled=_SAMPLES,
            unique=True,
            range_max=self.tower.items,
            unigrams=[float(users) + 1 for users in self._popularity],
        )
        return tf.nn.sampled_softmax_loss(
            vectors, self.bias, labels, states, _SAMPLES, self.tower.items, sampled_values=drawn
        )


def vectors_of(vectors: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
    """Looks up item numbers plus 1; 0 has a zero vector."""
    found = tf.gather(vectors, tf.maximum(numbers - 1, 0))
    return tf.where((numbers > 0)[..., None], found, 0.0)
