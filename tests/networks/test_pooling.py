import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.networks.pooling import MaskedMaxPooling1D, MaskedMeanPooling1D, StepMask, pool_steps
from tests.contract import check_layer

STEPS = np.array([[[-1, 5], [-3, 7], [9, 9]], [[1, 1], [2, 2], [3, 3]]], "float32")
VALID = np.array([[True, True, False], [False, False, False]])


@pytest.mark.parametrize("layer", [MaskedMaxPooling1D, MaskedMeanPooling1D, StepMask])
def test_contract(layer):
    check_layer(layer, STEPS)
    check_layer(layer, (STEPS, VALID))


def test_max_ignores_masked_steps():
    np.testing.assert_array_equal(MaskedMaxPooling1D()(STEPS, mask=VALID), [[-1, 7], [0, 0]])
    np.testing.assert_array_equal(MaskedMaxPooling1D()(STEPS), [[9, 9], [3, 3]])


def test_mean_ignores_masked_steps():
    np.testing.assert_array_equal(MaskedMeanPooling1D()(STEPS, mask=VALID), [[-2, 6], [0, 0]])
    np.testing.assert_allclose(MaskedMeanPooling1D()(STEPS), STEPS.mean(1), rtol=1e-6)


@pytest.mark.parametrize("layer", [MaskedMaxPooling1D, MaskedMeanPooling1D])
def test_pooling_takes_the_mask_of_keras_and_passes_none_on(layer):
    inputs = keras.Input((3, 2))
    masked = keras.layers.Masking(mask_value=0.0)(inputs)
    model = keras.Model(inputs, keras.layers.Activation("linear")(layer()(masked)))
    x = STEPS * VALID[..., None]
    np.testing.assert_array_equal(model(x), layer()(x, mask=VALID))


@pytest.mark.parametrize("layer", [MaskedMaxPooling1D, MaskedMeanPooling1D])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_pooling_in_half_precision(layer, dtype):
    pooled = layer(dtype=dtype)(STEPS, mask=VALID)
    assert pooled.dtype == dtype
    np.testing.assert_allclose(
        keras.ops.cast(pooled, "float32"), layer()(STEPS, mask=VALID), rtol=1e-2
    )


@pytest.mark.parametrize("layer", [MaskedMaxPooling1D, MaskedMeanPooling1D])
def test_masked_steps_get_no_gradient(layer):
    x = tf.constant(STEPS)
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(layer()(x, mask=VALID))
    gradient = tape.gradient(total, x).numpy()
    assert np.isfinite(gradient).all()
    assert not gradient[~VALID].any()
    assert gradient[VALID].any()


def test_step_mask_ends_with_the_last_step_that_is_not_zero():
    x = np.zeros((4, 4, 2), "float32")
    x[0] = 1
    x[1, 2, 1] = -1  # zeros before are data
    x[2, 0] = 1
    steps, valid = StepMask()(x)  # row 3 is padding alone
    np.testing.assert_array_equal(steps, x)
    np.testing.assert_array_equal(valid, [[1, 1, 1, 1], [1, 1, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0]])


def test_step_mask_respects_the_mask_of_keras():
    ids = keras.Input((None,), dtype="int32")
    vectors = keras.layers.Embedding(4, 2, mask_zero=True)(ids)
    steps, valid = StepMask()(vectors)
    pooled = keras.layers.Conv1D(3, 2, padding="same")(steps)
    model = keras.Model(ids, [steps, valid, pool_steps(pooled, valid, pooling="max", name="all")])
    short, long = model(np.array([[1, 2]])), model(np.array([[1, 2, 0, 0]]))
    np.testing.assert_array_equal(long[1], [[True, True, False, False]])
    np.testing.assert_array_equal(long[0][:, 2:], np.zeros((1, 2, 2)))
    np.testing.assert_allclose(long[2], short[2], atol=1e-6)


@pytest.mark.parametrize(("pooling", "channels"), [("max", 2), ("mean", 2), ("max_mean", 4)])
def test_pool_steps(pooling, channels):
    assert pool_steps(STEPS, VALID, pooling=pooling, name="all").shape == (2, channels)
