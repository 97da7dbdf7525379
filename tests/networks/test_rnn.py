import keras
import pytest

from dlkit.networks.rnn import rnn
from tests.contract import check_network
from tests.networks.sequences import (
    CHANNELS,
    accuracy_after_training,
    check_bad_arguments,
    check_padding,
    which_comes_first,
)

GRU = 3 * (5 * 2 + 2 * 2 + 2 * 2)
SIMPLE = 5 * 2 + 2 * 2 + 2


@pytest.mark.parametrize(
    ("cell", "bidirectional", "parameters"), [("gru", True, 2 * GRU), ("simple", False, SIMPLE)]
)
def test_contract(cell, bidirectional, parameters):
    check_network(
        rnn,
        input_shape=(None, 5),
        cell=cell,
        units=2,
        bidirectional=bidirectional,
        expected_parameters=parameters,
    )


@pytest.mark.parametrize(
    ("cell", "pooling"), [("gru", "max_mean"), ("gru", "last"), ("simple", "last")]
)
def test_padding_changes_nothing(cell, pooling):
    check_padding(rnn(input_shape=(None, 5), cell=cell, units=3, layers=2, pooling=pooling), 5)


@pytest.mark.parametrize(("cell", "pooling"), [("gru", "max_mean"), ("simple", "last")])
def test_learns_an_order(cell, pooling):
    keras.utils.set_random_seed(0)
    body = rnn(input_shape=(None, CHANNELS), cell=cell, units=12, pooling=pooling, dropout=0.1)
    assert accuracy_after_training(body, which_comes_first, epochs=6) > 0.95


def test_bad_arguments():
    check_bad_arguments(
        rnn,
        [
            {"input_shape": (5,)},
            {"input_shape": (0, 5)},
            {"cell": "lstm"},
            {"units": (8, 8)},
            {"layers": 0},
            {"pooling": "first"},
            {"dropout": 2},
        ],
    )
