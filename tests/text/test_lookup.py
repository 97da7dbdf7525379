import numpy as np
import pytest
import tensorflow as tf

from dlkit.text.lookup import HashTable


def random_hashes(count: int, seed: int) -> np.ndarray:
    limits = np.iinfo(np.int64)
    return np.random.default_rng(seed).integers(limits.min, limits.max, count)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 1000, 30_000, 131_072])
def test_every_key_is_found_and_nothing_else(count):
    keys = np.sort(random_hashes(count, 1))
    table = HashTable(keys)
    found, slots = table.find(tf.constant(keys))
    assert found.numpy().all()
    np.testing.assert_array_equal(table.numbers[slots], np.arange(count))
    found, _ = table.find(tf.constant(np.append(random_hashes(10_000, 2), 0)))
    assert not found.numpy().any()


def test_shape_is_kept():
    found, slots = HashTable(np.array([7, 9])).find(tf.constant([[9, 1, 7]], tf.int64))
    assert slots.shape == (1, 3)
    np.testing.assert_array_equal(found, [[True, False, True]])


@pytest.mark.parametrize("keys", [[], [0, 0, 0]])
def test_nothing_is_found_in_a_table_of_nothing(keys):
    found, _ = HashTable(np.array(keys, np.int64)).find(tf.constant(random_hashes(100, 3)))
    assert not found.numpy().any()


def test_keys_that_differ_in_few_bits():
    keys = np.concatenate([np.arange(1, 2000), np.arange(1, 2000) << 40])
    table = HashTable(keys)
    found, slots = table.find(tf.constant(keys))
    assert found.numpy().all()
    np.testing.assert_array_equal(table.numbers[slots], np.arange(len(keys)))
