import keras
import numpy as np

from dlkit.networks.attention import FlattenSteps, RestoreSteps, SelfAttention
from tests.contract import check_layer

STEPS = np.random.default_rng(0).normal(size=(3, 5, 8)).astype("float32")
VALID = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [1, 0, 0, 0, 0]], bool)


def attend(layer, steps, valid):
    return np.asarray(layer(steps.reshape(-1, 8), valid)).reshape(steps.shape)


def test_contracts():
    flat = STEPS.reshape(-1, 8)
    check_layer(lambda: SelfAttention(2, dropout=0.1, name="attention"), (flat, VALID))
    check_layer(FlattenSteps, STEPS)
    check_layer(RestoreSteps, (flat, VALID))


def test_steps_come_back():
    flat = FlattenSteps()(STEPS)
    assert flat.shape == (15, 8)
    np.testing.assert_array_equal(RestoreSteps()(flat, VALID), STEPS)


def test_padding_changes_nothing():
    layer = SelfAttention(2)
    padded = attend(layer, STEPS, VALID)
    alone = attend(layer, STEPS[1:2, :2], VALID[1:2, :2])
    np.testing.assert_allclose(padded[1:2, :2], alone, atol=1e-6)


def test_equals_the_attention_of_keras():
    ours, theirs = SelfAttention(2), keras.layers.MultiHeadAttention(2, 4)
    expected = theirs(STEPS, STEPS, attention_mask=VALID[:, None, :])
    attend(ours, STEPS, VALID)
    query, query_bias, key, key_bias, value, value_bias, out, out_bias = theirs.get_weights()
    ours.set_weights(
        [
            np.concatenate([w.reshape(8, 8) for w in (query, key, value)], 1),
            np.concatenate([w.reshape(8) for w in (query_bias, key_bias, value_bias)]),
            out.reshape(8, 8),
            out_bias,
        ]
    )
    np.testing.assert_allclose(attend(ours, STEPS, VALID), expected, atol=1e-5)
