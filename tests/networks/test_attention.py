import keras
import numpy as np

from dlkit.networks.attention import SelfAttention
from tests.contract import check_layer

STEPS = np.random.default_rng(0).normal(size=(3, 5, 8)).astype("float32")
VALID = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0]], bool)


def test_contract():
    check_layer(lambda: SelfAttention(2, dropout=0.1, name="attention"), (STEPS, VALID))


def test_padding_changes_nothing():
    layer = SelfAttention(2)
    padded = np.asarray(layer(STEPS, VALID))
    alone = np.asarray(layer(STEPS[1:2, :2], VALID[1:2, :2]))
    np.testing.assert_allclose(padded[1:2, :2], alone, atol=1e-6)


def test_equals_the_attention_of_keras():
    ours, theirs = SelfAttention(2), keras.layers.MultiHeadAttention(2, 4)
    expected = theirs(STEPS, STEPS, attention_mask=VALID[:, None, :])
    ours(STEPS, VALID)
    query, query_bias, key, key_bias, value, value_bias, out, out_bias = theirs.get_weights()
    ours.set_weights(
        [
            np.concatenate([w.reshape(8, 8) for w in (query, key, value)], 1),
            np.concatenate([w.reshape(8) for w in (query_bias, key_bias, value_bias)]),
            out.reshape(8, 8),
            out_bias,
        ]
    )
    np.testing.assert_allclose(ours(STEPS, VALID), expected, atol=1e-5)
