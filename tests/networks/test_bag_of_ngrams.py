import keras_tuner
import numpy as np

from dlkit.networks.bag_of_ngrams import bag_of_ngrams, search_space
from tests.contract import check_network

INPUTS = {
    "ngrams": np.array([[1, 4, 0], [2, 3, 4], [4, 0, 0]], "int32"),
    "ngram_weights": np.array([[0.6, 0.8, 0], [0.5, 0.5, 0.7], [1, 0, 0]], "float32"),
}


def test_contract():
    check_network(bag_of_ngrams, inputs=INPUTS, ngram_count=5, units=2, expected_parameters=10)


def test_features_are_the_weighted_sum_of_the_vectors():
    network = bag_of_ngrams(ngram_count=5, units=2)
    (table,) = network.get_weights()
    expected = [0.6 * table[1] + 0.8 * table[4], table[2] / 2 + table[3] / 2 + 0.7 * table[4]]
    np.testing.assert_allclose(network(INPUTS)[:2], expected, rtol=1e-5, atol=1e-7)


def test_padding_changes_nothing():
    network = bag_of_ngrams(ngram_count=5, units=2)
    padded = {name: np.pad(value, [(0, 0), (0, 9)]) for name, value in INPUTS.items()}
    np.testing.assert_allclose(network(padded), network(INPUTS), atol=1e-6)


def test_search_space_gives_arguments():
    arguments = search_space(keras_tuner.HyperParameters())
    assert bag_of_ngrams(ngram_count=5, **arguments).output.shape == (None, arguments["units"])
