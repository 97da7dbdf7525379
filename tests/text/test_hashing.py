import numpy as np
import tensorflow as tf

from dlkit.text.hashing import mix, powers, window_hashes


def test_powers_and_inverse_powers_cancel():
    assert (powers(600) * powers(600, inverse=True) == 1).all()
    assert len(np.unique(powers(600))) == 600


def test_a_window_hashes_to_the_mixed_sum_of_its_terms():
    codes = np.array([[5, 6, 7, 8]])
    hashes = window_hashes(tf.constant(codes), [(0, 4), (1, 2), (3, 1)], 9)
    terms = codes[0] * powers(4)
    sums = [terms.sum(), (codes[0, 1:3] * powers(2)).sum(), 8]
    np.testing.assert_array_equal(hashes[0], mix(tf.constant(sums), 9))


def test_equal_windows_have_equal_hashes_wherever_they_are():
    hashes = window_hashes(tf.constant([[1, 2, 3, 1, 2, 3]], tf.int64), [(0, 3), (3, 3)], 0)
    assert hashes[0, 0] == hashes[0, 1]


def test_salts_keep_hashes_apart():
    hashes = tf.range(1000, dtype=tf.int64)
    mixed = tf.concat([mix(hashes, salt) for salt in (0, 1 << 20, 1 << 40)], 0)
    assert len(np.unique(mixed)) == 3000


def test_low_and_high_bits_are_spread():
    mixed = mix(tf.range(1 << 16, dtype=tf.int64), 0).numpy()
    for bits in (mixed & 255, (mixed >> 56) & 255):
        assert np.bincount(bits, minlength=256).max() < 2 * 256
