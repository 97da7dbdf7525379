import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.training.flops import count_flops


def graph(function, *shapes):
    specs = [tf.TensorSpec(shape) for shape in shapes]
    return tf.function(function).get_concrete_function(*specs).graph


@pytest.mark.parametrize(
    ("function", "shapes", "flops"),
    [
        (tf.matmul, [(3, 4), (4, 5)], 2 * 3 * 4 * 5),
        (lambda a, b: tf.matmul(a, b, transpose_a=True), [(4, 3), (4, 5)], 2 * 3 * 4 * 5),
        (tf.matmul, [(7, 3, 4), (7, 4, 5)], 7 * 2 * 3 * 4 * 5),
        (lambda a, b: tf.matmul(a, b, adjoint_a=True), [(7, 4, 3), (7, 4, 5)], 7 * 2 * 3 * 4 * 5),
        (lambda a, b: tf.nn.conv1d(a, b, 1, "VALID"), [(2, 10, 4), (3, 4, 6)], 2 * 2 * 8 * 6 * 12),
        (lambda a, b: a + tf.exp(b), [(9, 9), (9, 9)], 0),
    ],
)
def test_known_counts(function, shapes, flops):
    assert count_flops(graph(function, *shapes)) == flops


def test_a_training_step_counts_what_goes_backward():
    inputs = keras.Input((10, 4))
    x = keras.layers.Conv1D(6, 3)(inputs)
    outputs = keras.layers.Dense(5)(keras.layers.GlobalMaxPooling1D()(x))
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "mse", jit_compile=False)
    batch = np.zeros((2, 10, 4), "float32"), np.zeros((2, 5), "float32")
    model.train_on_batch(*batch)
    data = tuple(map(tf.constant, batch))
    found = count_flops(tf.function(model.train_step).get_concrete_function(data).graph)
    convolution, dense = 2 * 2 * 8 * 6 * 3 * 4, 2 * 2 * 6 * 5
    # nobody needs the gradient of the inputs
    assert found == 2 * convolution + 3 * dense
