import keras
import numpy as np
import pytest

from dlkit.errors import InputError
from dlkit.networks import NETWORKS, TextSizes, text_network
from tests.contract import check_network

SIZES = TextSizes(tokens=6, subwords=5, ngrams=7)
INPUTS = {
    "tokens": np.array([[2, 5, 1], [3, 0, 0]], "int32"),
    "subwords": np.array([[[1, 2], [3, 0], [4, 4]], [[2, 0], [0, 0], [0, 0]]], "int32"),
    "ngrams": np.array([[1, 6], [2, 0]], "int32"),
    "ngram_weights": np.array([[0.6, 0.8], [1, 0]], "float32"),
}
WORDS = 4 * (SIZES.tokens + SIZES.subwords)
CNN = {"embedding_units": 4, "filters": 3}
CNN_WEIGHTS = WORDS + 3 * (2 * 4 + 1) + 3 * (3 * 4 + 1)


def of_reading(network):
    names = {"steps": ("tokens", "subwords")}.get(network, ("ngrams", "ngram_weights"))
    return {name: INPUTS[name] for name in names}


def build(network, **arguments):
    return text_network(network, sizes=SIZES, **arguments)


def test_contract_of_a_network_over_words():
    check_network(
        build, inputs=of_reading("steps"), network="cnn", **CNN, expected_parameters=CNN_WEIGHTS
    )


def test_contract_of_the_default():
    check_network(
        build,
        inputs=INPUTS,
        network="wide_and_deep",
        **CNN,
        wide_units=2,
        expected_parameters=CNN_WEIGHTS + 2 * SIZES.ngrams,
    )


@pytest.mark.parametrize(
    "name", [name for name, entry in NETWORKS.items() if not entry.is_pretrained]
)
def test_every_network_without_pretrained_weights_takes_text(name):
    network = build(name)
    assert set(network.input) == set(of_reading(NETWORKS[name].reads))
    features = network(of_reading(NETWORKS[name].reads))
    assert features.shape == (2, network.output.shape[1])
    assert np.isfinite(features).all()


@pytest.mark.parametrize("deep", ["lstm", "rnn", "cnn_rnn", "mlp"])
def test_any_network_can_be_the_deep_one(deep):
    network = build("wide_and_deep", deep=deep, embedding_units=4, wide_units=2)
    alone = build(deep, embedding_units=4)
    assert network.output.shape[1] == alone.output.shape[1] + 2


def test_branch_dropout_is_that_of_the_join():
    rates = {
        rate: build("wide_and_deep", branch_dropout=rate).get_layer("wide_and_deep_features").rate
        for rate in (0.0, 0.25)
    }
    assert rates == {0.0: 0.0, 0.25: 0.25}


def test_a_word_is_the_sum_of_its_vector_and_the_mean_of_its_parts():
    network = build("cnn", embedding_units=4)
    vectors = keras.Model(network.input, network.get_layer("words_sum").output)
    tokens, subwords = (vectors.get_layer(f"words_{part}") for part in ("tokens", "subwords"))
    tokens, subwords = tokens.get_weights()[0], subwords.get_weights()[0]
    found = np.asarray(vectors(of_reading("steps")))
    np.testing.assert_allclose(found[0, 0], tokens[2] + (subwords[1] + subwords[2]) / 2, atol=1e-6)
    np.testing.assert_allclose(found[0, 1], tokens[5] + subwords[3], atol=1e-6)
    assert not found[1, 1:].any()


@pytest.mark.parametrize(
    ("network", "arguments", "message"),
    [
        ("cmn", {}, "`--network` must be one of .*, or MODULE:BUILDER. Received: cmn"),
        ("no_module:cnn", {}, "`--network` must be one of .*Received: no_module:cnn"),
        ("dlkit.networks.cnn:none", {}, "Received: dlkit.networks.cnn:none"),
        ("cnn", {"filter": 3}, "`--network-arguments` of cnn must be among .*Received: filter"),
        ("wide_and_deep", {"wide_unit": 3}, "of bag_of_ngrams must be among .*Received: unit"),
    ],
)
def test_bad_names_are_refused(network, arguments, message):
    with pytest.raises(InputError, match=message):
        build(network, **arguments)
