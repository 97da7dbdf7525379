import keras
import numpy as np

from dlkit.networks.autoencoder import autoencoder
from tests.contract import check_network
from tests.networks.sequences import check_bad_arguments

SMALL = {"units": (4, 3), "code_units": 2}


def test_contract():
    down, up = (5 * 4 + 4) + (4 * 3 + 3), (2 * 3 + 3) + (3 * 4 + 4) + (4 * 5 + 5)
    code = 3 * 2 + 2
    check_network(autoencoder, input_shape=(5,), **SMALL, expected_parameters=down + code + up)


def test_the_code_keeps_what_reconstruction_needs():
    keras.utils.set_random_seed(0)
    draw = np.random.default_rng(0)
    plane = draw.normal(size=(400, 2)) @ draw.normal(size=(2, 12))  # two numbers say all
    model = autoencoder(input_shape=(12,), units=(16,), code_units=2, dropout=0.0)
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False)
    model.fit(plane, plane, batch_size=50, epochs=40, verbose=0)
    assert model.get_layer("autoencoder_code").output.shape == (None, 2)
    assert np.mean((np.asarray(model(plane)) - plane) ** 2) < 0.1 * plane.var()


def test_bad_arguments():
    given = {"input_shape": (3,)}
    cases = [{"input_shape": (None,)}, {"units": (), **given}, {"code_units": 0, **given}]
    cases += [{"activation": "loud", **given}, {"dropout": 1.0, **given}]
    check_bad_arguments(autoencoder, cases)
