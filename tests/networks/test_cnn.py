import keras
import numpy as np
import pytest

from dlkit.networks.cnn import cnn, image_cnn
from tests.contract import check_network
from tests.networks.sequences import (
    CHANNELS,
    accuracy_after_training,
    check_bad_arguments,
    check_padding,
    has_bigram,
)


@pytest.mark.parametrize("pooling", ["max", "mean", "max_mean"])
def test_contract(pooling):
    check_network(
        cnn,
        input_shape=(None, 5),
        filters=3,
        kernel_sizes=(2, 4),
        activation="gelu",
        pooling=pooling,
        expected_parameters=(2 * 5 + 1) * 3 + (4 * 5 + 1) * 3,
    )


@pytest.mark.parametrize("pooling", ["max", "max_mean"])
@pytest.mark.parametrize("kernel_sizes", [(3,), (2, 3, 4)])
def test_padding_changes_nothing(pooling, kernel_sizes):
    body = cnn(input_shape=(None, 5), filters=4, kernel_sizes=kernel_sizes, pooling=pooling)
    assert body.output.shape == (None, 4 * len(kernel_sizes) * (1 + (pooling == "max_mean")))
    for weight in body.weights:
        weight.assign(weight + 0.1)  # a bias makes padding steps differ from zero
    check_padding(body, 5)


def test_learns_a_bigram():
    keras.utils.set_random_seed(0)
    body = cnn(input_shape=(None, CHANNELS), filters=8, kernel_sizes=(2, 3), dropout=0.2)
    assert accuracy_after_training(body, has_bigram, epochs=6) > 0.95


def test_bad_arguments():
    check_bad_arguments(
        cnn,
        [
            {"input_shape": (None, None)},
            {"input_shape": (5,)},
            {"filters": (3, 4)},
            {"kernel_sizes": 3},
            {"kernel_sizes": ()},
            {"activation": "loud"},
            {"pooling": "last"},
            {"dropout": -0.1},
        ],
    )


def test_classic_small_network():
    check_network(
        image_cnn,
        input_shape=(32, 32, 3),
        filters=(6, 16),
        kernel_size=5,
        padding="valid",
        dense_units=(120, 84),
        expected_parameters=456 + 2416 + 48120 + 10164,
    )


def test_image_contract_with_any_size():
    check_network(
        image_cnn,
        input_shape=(None, None, 1),
        filters=(2, 4),
        pooling="mean",
        dense_units=(),
        batch_normalization=True,
        expected_parameters=(9 * 1 + 1) * 2 + (9 * 2 + 1) * 4 + 4 * (2 + 4),
    )


def test_learns_where_a_bar_lies():
    def bars(rows, seed):
        random = np.random.default_rng(seed)
        x = random.normal(scale=0.3, size=(rows, 8, 8, 1)).astype("float32")
        places, answers = random.integers(0, 8, size=rows), random.integers(0, 2, size=rows)
        for image, place, answer in zip(x, places, answers, strict=True):
            image[(slice(None), place) if answer else (place,)] += 1
        return x, answers

    keras.utils.set_random_seed(0)
    body = image_cnn(input_shape=(8, 8, 1), filters=(4, 8), dense_units=(16,), dropout=0.1)
    assert accuracy_after_training(body, bars, epochs=5) > 0.95


def test_image_bad_arguments():
    shape = {"input_shape": (8, 8, 1)}
    check_bad_arguments(
        image_cnn,
        [
            {"input_shape": (8, 8)},
            {"input_shape": (8, 8, None)},
            {"filters": (), **shape},
            {"filters": 6, **shape},
            {"kernel_size": 0, **shape},
            {"padding": "full", **shape},
            {"pool_size": (2, 2), **shape},
            {"pooling": "max", **shape},
            {"dense_units": 84, **shape},
            {"activation": "loud", **shape},
            {"dropout": "0.5", **shape},
        ],
    )


@pytest.mark.parametrize(
    ("shape", "padding", "received"),
    [((None, 8, 1), "same", "(None, 8)"), ((8, 4, 1), "same", "4"), ((13, 64, 1), "valid", "13")],
)
def test_image_too_small(shape, padding, received):
    arguments = {"filters": (4, 4, 4), "padding": padding}
    with pytest.raises(ValueError, match=f"`input_shape` must .*Received: .*{received}.*Give"):
        image_cnn(input_shape=shape, **arguments)
