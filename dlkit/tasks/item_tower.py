"""The vector of an item: its own, and that of its text."""

from typing import Any

import keras
import numpy as np
import scipy.sparse as sp
import tensorflow as tf


class ItemTower(keras.layers.Layer):
    """Sums the vector of an item's id and those of the terms of its text.

    Training leaves out the vectors of some ids, so that an item stands on its text as well
    (Volkovs, Yu and Poutanen, "DropoutNet: addressing cold start in recommender systems", 2017).

    Args:
        terms: float32 `(items, terms)` sparse, the weights of the terms of each item.
        encodings: float32 `(items, size)`, what an encoder says about each text; `None` for none.
        dim: Size of the vectors.
        id_dropout: Share of the ids that training leaves out.
    """

    def __init__(
        self,
        terms: sp.csr_matrix,
        encodings: np.ndarray | None,
        *,
        dim: int,
        id_dropout: float,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.items, self.dim, self.id_dropout = terms.shape[0], dim, id_dropout
        self._terms = _sparse_tensor(terms) if terms.shape[1] else None
        self._encodings = None if encodings is None else tf.constant(encodings)
        self.term_count = terms.shape[1]
        self.encoding_size = 0 if encodings is None else encodings.shape[1]

    def build(self) -> None:
        """Makes the vectors of ids and terms."""
        spread = keras.initializers.RandomNormal(stddev=self.dim**-0.5)
        narrow = keras.initializers.RandomNormal(stddev=0.3 * self.dim**-0.5)
        self.ids = self.add_weight(shape=(self.items, self.dim), initializer=narrow, name="ids")
        if self.term_count:
            shape = (self.term_count, self.dim)
            self.term_vectors = self.add_weight(shape=shape, initializer=spread, name="terms")
        if self.encoding_size:
            shape = (self.encoding_size, self.dim)
            self.projection = self.add_weight(shape=shape, initializer=spread, name="projection")
        self.built = True

    def call(self, training: bool = False) -> tf.Tensor:
        """Returns the vectors of all items, float32 `(items, dim)`."""
        ids = tf.convert_to_tensor(self.ids)
        if training and self.id_dropout:
            kept = tf.random.uniform((self.items, 1)) >= self.id_dropout
            ids = tf.where(kept, ids, 0.0)
        if self._terms is not None:
            terms = tf.convert_to_tensor(self.term_vectors)
            ids += tf.sparse.sparse_dense_matmul(self._terms, terms)
        if self._encodings is not None:
            ids += self._encodings @ tf.convert_to_tensor(self.projection)
        return ids

    def text_part(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the vectors of terms `(terms, dim)` and the projection `(size, dim)`."""
        none = np.zeros((0, self.dim), np.float32)
        return (
            self.term_vectors.numpy() if self.term_count else none,
            self.projection.numpy() if self.encoding_size else none,
        )


def _sparse_tensor(matrix: sp.csr_matrix) -> tf.SparseTensor:
    entries = matrix.tocoo()
    places = np.stack([entries.row, entries.col], 1).astype(np.int64)
    return tf.SparseTensor(places, entries.data.astype(np.float32), matrix.shape)
