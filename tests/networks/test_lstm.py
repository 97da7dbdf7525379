import keras
import numpy as np
import pytest

from dlkit.networks.lstm import lstm
from tests.contract import check_network
from tests.networks.sequences import (
    CHANNELS,
    accuracy_after_training,
    check_bad_arguments,
    check_padding,
    which_comes_first,
)


def parameters(channels, units):
    return 4 * (channels * units + units * units + units)


def test_contract():
    check_network(lstm, input_shape=(None, 5), units=2, expected_parameters=2 * parameters(5, 2))


def test_contract_of_layers_in_one_direction():
    check_network(
        lstm,
        input_shape=(6, 5),
        units=2,
        layers=2,
        bidirectional=False,
        pooling="last",
        expected_parameters=parameters(5, 2) + parameters(2, 2),
    )


@pytest.mark.parametrize("pooling", ["max", "mean", "max_mean", "last"])
def test_padding_changes_nothing(pooling):
    body = lstm(input_shape=(None, 5), units=3, pooling=pooling)
    assert body.output.shape == (None, 6 * (1 + (pooling == "max_mean")))
    check_padding(body, 5)


def test_last_is_the_state_after_the_last_step():
    body = lstm(input_shape=(None, 5), units=3, pooling="last", bidirectional=False)
    plain = keras.layers.LSTM(3)
    x = np.random.default_rng(0).normal(size=(2, 4, 5)).astype("float32")
    plain.build(x.shape)
    plain.set_weights(body.get_weights())
    np.testing.assert_allclose(body(np.pad(x, [(0, 0), (0, 3), (0, 0)])), plain(x), atol=1e-6)


@pytest.mark.parametrize("pooling", ["max_mean", "last"])
def test_learns_an_order(pooling):
    keras.utils.set_random_seed(0)
    body = lstm(input_shape=(None, CHANNELS), units=12, pooling=pooling, dropout=0.1)
    assert accuracy_after_training(body, which_comes_first, epochs=6) > 0.95


def test_fused_kernels_are_allowed_and_not_forced():
    both = lstm(input_shape=(None, 5), units=2).get_layer("lstm_both_0")
    assert both.forward_layer.use_cudnn == both.backward_layer.use_cudnn == "auto"


def test_weights_are_float32():
    assert {weight.dtype for weight in lstm(input_shape=(None, 5)).weights} == {"float32"}


def test_bad_arguments():
    check_bad_arguments(
        lstm,
        [
            {"input_shape": "ab"},
            {"units": 0},
            {"layers": 1.5},
            {"pooling": None},
            {"dropout": 1},
        ],
    )
