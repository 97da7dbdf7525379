import keras
import numpy as np

from dlkit.networks.set_encoder import set_encoder
from tests.contract import check_network
from tests.networks.sequences import check_bad_arguments


def test_contract():
    check_network(
        set_encoder,
        input_shape=(None, 4),
        units=5,
        dropout=0.2,
        expected_parameters=4 * 5 + 5 + 5 * 4 + 4,
    )


def test_neither_order_nor_padding_matters():
    keras.utils.set_random_seed(0)
    model = set_encoder(input_shape=(None, 4), units=5)
    steps = np.random.default_rng(0).normal(size=(3, 6, 4)).astype("float32")
    features = np.asarray(model(steps))
    np.testing.assert_allclose(model(steps[:, ::-1]), features, atol=1e-6)
    for pad in ((5, 0), (0, 5)):
        np.testing.assert_allclose(model(np.pad(steps, [(0, 0), pad, (0, 0)])), features, atol=1e-6)
    assert np.isfinite(model(np.zeros((1, 3, 4)))).all()


def test_bad_arguments():
    check_bad_arguments(set_encoder, [{"units": 0}, {"dropout": 1.0}, {"input_shape": (3,)}])
