"""Finding 64-bit hashes in a fixed set of them, with one comparison each."""

import numpy as np
import tensorflow as tf


class HashTable:
    """A perfect hash table, as constants of the graph.

    Each key has a slot of its own. Keys are thrown into buckets, and each bucket gets a factor
    that sends its keys to free slots (Belazzougui, Botelho and Dietzfelbinger, "Hash, displace,
    and compress", 2009). A look-up reads the factor, then the one slot where its key can be: no
    search, and about four times as fast as a binary search over 100,000 keys.

    Args:
        hashes: int64 `(n,)`, each once. The hash 0 stands for nothing and is never found.
    """

    def __init__(self, hashes: np.ndarray) -> None:
        keys, numbers = np.unique(hashes, return_index=True)
        keys, numbers = keys[keys != 0], numbers[keys != 0]
        self._bits = max(2, int(np.ceil(np.log2(1.25 * max(len(keys), 1)))))
        self._factors, slots = _place(keys, self._bits)
        # A free slot holds a key whose own slot is another one, so nothing is found there.
        strange = keys[0] if len(keys) else np.iinfo(np.int64).max
        self._keys = np.full(1 << self._bits, strange, np.int64)
        self._keys[slots] = keys
        self.numbers = np.zeros(1 << self._bits, np.int32)
        """int32 `(slots,)`, the number of the hash in each slot, counted from 0."""
        self.numbers[slots] = numbers

    def find(self, values: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Looks up int64 values: bool whether each is a key, and int64 the slot if it is."""
        bucket = tf.bitwise.bitwise_and(values, np.int64(len(self._factors) - 1))
        products = tf.bitcast(values * tf.gather(self._factors, bucket), tf.uint64)
        slots = tf.bitwise.right_shift(products, np.uint64(64 - self._bits))
        slots = tf.bitcast(slots, tf.int64)
        return tf.equal(tf.gather(self._keys, slots), values), slots


def _place(keys: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Finds a factor for each bucket; the large buckets choose first.

    Returns:
        The factors int64 `(buckets,)`, and the slot of each key.
    """
    bucket = keys & ((1 << bits - 2) - 1)
    factors, sizes = np.ones(1 << bits - 2, np.int64), np.bincount(bucket)
    slots, free = np.zeros(len(keys), np.int64), np.ones(1 << bits, bool)
    random = np.random.default_rng(0)
    for size in range(sizes.max(initial=0), 0, -1):
        waiting = np.flatnonzero(sizes[bucket] == size)
        while len(waiting):
            factor = random.integers(-(1 << 62), 1 << 62) * 2 + 1
            wanted = keys[waiting] * factor >> 64 - bits & (1 << bits) - 1
            first = np.zeros(len(waiting), bool)
            first[np.unique(wanted, return_index=True)[1]] = True
            refused = np.bincount(bucket[waiting], ~(first & free[wanted]), len(factors))
            fits = refused[bucket[waiting]] == 0
            slots[waiting[fits]] = wanted[fits]
            free[wanted[fits]] = False
            factors[bucket[waiting[fits]]] = factor
            waiting = waiting[~fits]
    return factors, slots
