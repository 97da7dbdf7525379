import keras
import numpy as np

from dlkit.networks.cross_network import Cross, cross_network
from tests.contract import check_network
from tests.networks.sequences import check_bad_arguments


def test_contract():
    check_network(
        cross_network,
        input_shape=(3,),
        crosses=2,
        units=5,
        dropout=0.2,
        expected_parameters=2 * (3 * 3 + 3) + 3 * 5 + 5,
    )


def test_a_cross_multiplies_columns():
    layer = Cross()
    layer.build((None, 2), (None, 2))
    layer.kernel.assign([[0.0, 1.0], [0.0, 0.0]])
    layer.bias.assign([0.0, 3.0])
    row = np.array([[2.0, 5.0]], "float32")
    np.testing.assert_allclose(layer(row, row), [[2.0, 5.0 * (2.0 + 3.0) + 5.0]])


def test_a_product_is_learned():
    keras.utils.set_random_seed(0)
    rows = np.random.default_rng(0).normal(size=(512, 3)).astype("float32")
    body = cross_network(input_shape=(3,), crosses=1, units=1)
    model = keras.Sequential([body, keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.05), loss="mse")
    model.fit(rows, rows[:, :1] * rows[:, 1:2], epochs=40, batch_size=64, verbose=0)
    assert model.evaluate(rows, rows[:, :1] * rows[:, 1:2], verbose=0) < 0.05


def test_bad_arguments():
    cases = [{"crosses": 0}, {"units": 0}, {"dropout": 1.0}]
    check_bad_arguments(cross_network, cases, input_shape=(3,))
