import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.networks.exact_gelu import exact_gelu

X = np.linspace(-12, 12, 4801).astype("float32")


def test_known_values():
    values = np.asarray(exact_gelu(np.array([-1.0, 0.0, 1.0, 30.0], "float32")))
    np.testing.assert_allclose(values, [-0.15865526, 0.0, 0.84134474, 30.0], atol=1e-7)


def test_equals_the_exact_gelu_of_keras():
    np.testing.assert_allclose(exact_gelu(X), keras.activations.gelu(X, False), atol=1e-6)


def test_gradient_equals_that_of_keras():
    gradients = []
    for gelu in (exact_gelu, lambda x: keras.activations.gelu(x, False)):
        x = tf.constant(X)
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(gelu(x))
        gradients.append(tape.gradient(total, x))
    np.testing.assert_allclose(*gradients, atol=2e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_stays_half(dtype):
    x = keras.ops.cast(X, dtype)
    assert keras.backend.standardize_dtype(exact_gelu(x).dtype) == dtype


def test_survives_saving(tmp_path):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, activation=exact_gelu)])
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert again.layers[-1].activation is exact_gelu
