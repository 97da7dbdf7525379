"""Categories as ids, those that are not known in a bucket of their own."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.text.lookup import HashTable

_FLOOR = 2
_BUCKETS = 2**63 - 1


@keras.saving.register_keras_serializable("dlkit")
class Categories(keras.layers.Layer):
    """Numbers the categories of several columns one after the other.

    Each column has an id for what is not known; so that it is learned too, categories of a single
    training row are not known. A missing value ("") is a category like any other.

    Args:
        columns: How many columns there are.
        known: How many categories will be loaded.
    """

    def __init__(self, columns: int, *, known: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.columns = columns
        self._set_learned(np.zeros(known, np.int64))
        self.built = True

    def _set_learned(self, hashes: np.ndarray) -> None:
        self.hashes = hashes
        self._table = HashTable(hashes)

    @property
    def count(self) -> int:
        """Ids: 0 for nothing, one of each column for what is not known, and the categories."""
        return 1 + self.columns + len(self.hashes)

    def adapt(self, columns: Sequence[Sequence[str]]) -> None:
        """Learns the categories from the training rows, one sequence `(rows,)` a column."""
        hashes = []
        for number, values in enumerate(columns):
            kept = sorted(value for value, n in Counter(values).items() if n >= _FLOOR)
            hashes.append(_hashes(tf.constant(kept, tf.string), number).numpy())
        self._set_learned(np.concatenate([*hashes, np.zeros(0, np.int64)]))

    def call(self, values: Sequence[tf.Tensor]) -> tf.Tensor:
        """From string `(batch,)`, one after the other, to ids int32 `(batch, columns)`."""
        with tf.device("CPU:0"):  # where strings are
            hashes = tf.stack([_hashes(value, i) for i, value in enumerate(values)], 1)
            found, slots = self._table.find(hashes)
            ids = tf.gather(self._table.numbers, slots) + 1 + self.columns
            return tf.where(found, ids, tf.range(1, self.columns + 1))

    def compute_output_spec(self, values: Sequence[Any]) -> keras.KerasTensor:
        """Returns the symbolic output."""
        return keras.KerasTensor((values[0].shape[0], self.columns), "int32")

    def get_config(self) -> dict[str, Any]:
        """Returns the settings; what was learned is saved with the weights."""
        return {**super().get_config(), "columns": self.columns, "known": len(self.hashes)}

    def save_own_variables(self, store: Any) -> None:
        """Saves what `adapt` learned."""
        store["hashes"] = self.hashes

    def load_own_variables(self, store: Any) -> None:
        """Loads what `adapt` learned."""
        self._set_learned(np.array(store["hashes"]))


def _hashes(values: tf.Tensor, column: int) -> tf.Tensor:
    """Returns int64 hashes, those of another column for the same value."""
    text = tf.strings.join([f"{column}\x00", tf.strings.strip(values)])
    return tf.strings.to_hash_bucket_fast(text, _BUCKETS) + 1
