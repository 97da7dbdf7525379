"""A search begins with the defaults: each space holds those of its builder."""

import inspect

import keras_tuner
import pytest

from dlkit.errors import InputError
from dlkit.networks import (
    NETWORKS,
    TextSizes,
    autoencoder,
    causal_attention,
    set_encoder,
    text_network,
)
from dlkit.networks.image import IMAGE_NETWORKS
from dlkit.networks.text_search_space import register, text_search_space
from tests.networks.tiny_bert import write_bert
from tests.networks.tiny_sentence_encoder import write_sentence_encoder

SIZES = TextSizes(50, 60, 70)
TEXT_NETWORKS = [*NETWORKS, "wide_and_deep", "wide_and_deep+lstm"]
PAIRS = {name: (entry.build, entry.search_space) for name, entry in NETWORKS.items()}
PAIRS["autoencoder"] = (autoencoder.autoencoder, autoencoder.search_space)
PAIRS["set_encoder"] = (set_encoder.set_encoder, set_encoder.search_space)
PAIRS["causal_attention"] = (causal_attention.causal_attention, causal_attention.search_space)


@pytest.fixture(scope="module")
def build(tmp_path_factory):
    """Builds a network; an encoder needs weights beside its arguments."""
    folders = {
        "bert": str(write_bert(tmp_path_factory.mktemp("bert"))),
        "sentence_encoder": str(write_sentence_encoder(tmp_path_factory.mktemp("sentences"))),
    }

    def build(network, **arguments):
        pretrained = {"pretrained": folders[network]} if network in folders else {}
        return text_network(network, sizes=SIZES, **arguments, **pretrained)

    return build


@pytest.mark.parametrize("name", PAIRS)
def test_the_defaults_of_a_space_are_those_of_its_builder(name):
    build, search_space = PAIRS[name]
    defaults = {p.name: p.default for p in inspect.signature(build).parameters.values()}
    arguments = search_space(keras_tuner.HyperParameters())
    assert arguments
    assert arguments == {argument: defaults[argument] for argument in arguments}


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_the_defaults_of_an_image_network_build_it_as_without_arguments(name):
    entry, shape = IMAGE_NETWORKS[name], {"input_shape": (32, 32, 3)}
    arguments = entry.search_space(keras_tuner.HyperParameters())
    assert arguments
    assert entry.build(**shape, **arguments).get_config() == entry.build(**shape).get_config()


@pytest.mark.parametrize("name", TEXT_NETWORKS)
def test_the_defaults_of_a_text_network_build_it_as_without_arguments(name, build):
    hp = keras_tuner.HyperParameters()
    network, arguments = text_search_space(hp, [name])
    deep = {"deep": "lstm"} if "+" in name else {}
    expected = build(name.partition("+")[0], **deep)
    assert build(network, **arguments).get_config() == expected.get_config()


@pytest.mark.parametrize("name", TEXT_NETWORKS)
def test_any_draw_builds(name, build):
    hp = keras_tuner.HyperParameters()
    register(hp, [name])
    for seed in range(3):
        drawn = hp.copy()
        drawn.values = {x.name: x.random_sample(seed * 100 + i) for i, x in enumerate(hp.space)}
        network, arguments = text_search_space(drawn, [name])
        assert build(network, **arguments).output.shape[1] > 0


def test_parts_are_shared_and_active_where_a_network_has_them():
    hp = keras_tuner.HyperParameters()
    networks = ["wide_and_deep", "bag_of_ngrams", "cnn", "mlp"]
    register(hp, networks)
    names = [x.name for x in hp.space]
    assert len(names) == len(set(names))
    assert hp.values["network"] == "wide_and_deep"
    active = {}
    for network in networks:
        hp.values["network"] = network
        active[network] = {name.split("/")[0] for name in names if hp.is_active(name)}
    both = {"network", "bag_of_ngrams"}
    assert active["wide_and_deep"] == {*both, "wide_and_deep", "embedding", "words", "cnn"}
    assert active["bag_of_ngrams"] == both
    assert active["cnn"] == {"network", "embedding", "words", "cnn"}
    assert active["mlp"] == {"network", "embedding", "mlp"}


def test_a_network_that_there_is_not():
    with pytest.raises(InputError, match=r"`--network` must be one of.*Received: transformer"):
        text_search_space(keras_tuner.HyperParameters(), ["cnn", "transformer"])
