import keras
import numpy as np
import pytest

from dlkit.networks.mlp import mlp
from tests.contract import check_network
from tests.networks.sequences import accuracy_after_training, check_bad_arguments

DENSE = (5 * 4 + 4) + (4 * 3 + 3)


@pytest.mark.parametrize(
    ("normalization", "parameters"),
    [("none", DENSE), ("batch", DENSE + 4 * 7), ("layer", DENSE + 2 * 7)],
)
def test_contract(normalization, parameters):
    check_network(
        mlp,
        input_shape=(5,),
        units=(4, 3),
        normalization=normalization,
        activation="gelu",
        expected_parameters=parameters,
    )


def test_learns_exclusive_or():
    def signs(rows, seed):
        x = np.random.default_rng(seed).uniform(-1, 1, size=(rows, 2)).astype("float32")
        return x, (x[:, 0] * x[:, 1] > 0).astype(int)

    keras.utils.set_random_seed(0)
    body = mlp(input_shape=(2,), units=(32, 16), dropout=0.0)
    assert accuracy_after_training(body, signs, epochs=15) > 0.95


def test_bad_arguments():
    check_bad_arguments(
        mlp,
        [
            {"input_shape": (None,)},
            {"input_shape": (3, 4)},
            {"input_shape": 3},
            {"units": (), "input_shape": (3,)},
            {"units": 64, "input_shape": (3,)},
            {"units": (8, 0), "input_shape": (3,)},
            {"activation": "loud", "input_shape": (3,)},
            {"normalization": "group", "input_shape": (3,)},
            {"dropout": 1.0, "input_shape": (3,)},
        ],
    )
