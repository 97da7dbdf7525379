import keras
import pytest

from dlkit.networks.cnn_rnn import cnn_rnn
from tests.contract import check_network
from tests.networks.sequences import (
    CHANNELS,
    accuracy_after_training,
    check_bad_arguments,
    check_padding,
    which_comes_first,
)

CONVOLUTIONS = (2 * 5 + 1) * 3 + (4 * 5 + 1) * 3


def lstm_parameters(channels, units):
    return 2 * 4 * (channels * units + units * units + units)


@pytest.mark.parametrize(
    ("arrangement", "channels", "feature_dim"), [("parallel", 5, 6 + 8), ("stacked", 6, 8)]
)
def test_contract(arrangement, channels, feature_dim):
    arguments = {"filters": 3, "kernel_sizes": (2, 4), "units": 2, "arrangement": arrangement}
    assert cnn_rnn(input_shape=(9, 5), **arguments).output.shape == (None, feature_dim)
    check_network(
        cnn_rnn,
        input_shape=(None, 5),
        expected_parameters=CONVOLUTIONS + lstm_parameters(channels, 2),
        **arguments,
    )


@pytest.mark.parametrize("arrangement", ["parallel", "stacked"])
@pytest.mark.parametrize("pooling", ["max_mean", "last"])
def test_padding_changes_nothing(arrangement, pooling):
    body = cnn_rnn(
        input_shape=(None, 5),
        arrangement=arrangement,
        filters=3,
        cell="gru",
        units=3,
        pooling=pooling,
    )
    for weight in body.weights:
        weight.assign(weight + 0.1)  # a bias makes padding steps differ from zero
    check_padding(body, 5)


@pytest.mark.parametrize("arrangement", ["parallel", "stacked"])
def test_learns_an_order(arrangement):
    keras.utils.set_random_seed(0)
    body = cnn_rnn(
        input_shape=(None, CHANNELS), arrangement=arrangement, filters=4, units=12, dropout=0.1
    )
    assert accuracy_after_training(body, which_comes_first, epochs=6) > 0.95


def test_bad_arguments():
    check_bad_arguments(
        cnn_rnn,
        [
            {"input_shape": (None, 5, 1)},
            {"arrangement": "serial"},
            {"filters": 0},
            {"kernel_sizes": (2, None)},
            {"activation": "loud"},
            {"cell": "rnn"},
            {"units": -1},
            {"layers": "2"},
            {"pooling": "min"},
            {"dropout": None},
        ],
    )
