import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.data.pipeline import tokenize
from dlkit.data.text_rows import LabelledTexts
from dlkit.errors import InputError
from dlkit.networks.pretrained import pretrained_bert
from dlkit.serving.export import export_text_model
from dlkit.settings import TextTraining
from dlkit.tasks import Classification, answer_batches
from dlkit.text.wordpiece import WordPiece
from dlkit.training.prepared import PreparedTexts
from dlkit.training.text_data import TextData
from dlkit.training.text_front import encode_pieces, text_front
from tests.made_rows import made_rows, train_on, write_rows
from tests.networks.tiny_bert import VOCABULARY, write_bert

TEXTS = ["Copper rises", "the wafer market falls after the early report", "!"]
WIDE = {"deep": "bert"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(write_bert(tmp_path_factory.mktemp("bert")))


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return write_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl", made_rows(200))


def front_of(folder, network="bert", arguments=None, **settings):
    chosen = {"network": network, "pretrained": folder, **settings}
    return text_front(TextTraining(network_arguments=json.dumps(arguments or {}), **chosen), TEXTS)


def names_of(front):
    return set(front.layer()(tf.constant(TEXTS)))


class TestWhatANetworkReads:
    def test_words_without_an_encoder(self):
        front = front_of(None, "cnn")
        assert names_of(front) == {"tokens", "subwords", "ngrams", "ngram_weights"}
        assert front.sizes.ngrams > 1

    def test_word_pieces(self, folder):
        front = front_of(folder)
        ids = front.layer()(tf.constant(TEXTS))["pieces"].numpy()
        assert ids[0, :4].tolist() == [2, 4, 8, 3]
        assert set(ids[2]) == {0, 2, 3, VOCABULARY.index("!")}

    def test_both(self, folder):
        front = front_of(folder, "wide_and_deep", WIDE)
        assert names_of(front) >= {"pieces", "ngrams", "ngram_weights"}

    def test_an_encoding(self, folder):
        front = front_of(folder, freeze_encoder=True)
        assert names_of(front) == {"encoding"}
        assert front.sizes.encoding == 32
        assert not front.encoder.trainable_weights
        both = front_of(folder, "wide_and_deep", WIDE, freeze_encoder=True)
        assert names_of(both) >= {"encoding", "ngrams"}

    def test_no_more_steps_than_the_encoder_has_positions(self, folder):
        long = tf.constant(["the market " * 100])
        assert front_of(folder).layer()(long)["pieces"].shape == (1, 16)
        assert front_of(folder, max_words=4).layer()(long)["pieces"].shape == (1, 6)

    def test_a_vocabulary_of_another_model(self, tmp_path):
        folder = write_bert(tmp_path)
        with (folder / "vocab.txt").open("a") as file:
            file.write("one more\n")
        with pytest.raises(InputError, match=r"for each of its 24 .*with 23"):
            front_of(str(folder))

    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"network": "bert", "pretrained": None}, "`--pretrained` must say where"),
            ({"network": "cnn"}, "`--pretrained` needs a network with an encoder.*: cnn"),
            (
                {"network": "lstm", "pretrained": None, "freeze_encoder": True},
                "`--freeze-encoder` needs a network with an encoder",
            ),
        ],
    )
    def test_options_that_do_not_fit(self, folder, settings, message):
        settings = {"pretrained": folder, **settings}
        with pytest.raises(InputError, match=message):
            text_front(TextTraining(**settings), TEXTS)


def test_rows_are_encoded_as_single_texts_are(folder):
    pieces, encoder = WordPiece(VOCABULARY, max_length=16), pretrained_bert(pretrained=folder)
    known = {}
    rows = tokenize(pieces, [*TEXTS, TEXTS[0]])["pieces"]
    encoded = encode_pieces(encoder, rows, known=known, batch_size=2)
    for row, text in enumerate([*TEXTS, TEXTS[0]]):
        alone = encoder(pieces(tf.constant([text])))[0]
        np.testing.assert_allclose(encoded[row], alone, atol=1e-5)
    assert len(known) == len(TEXTS)


def test_what_is_known_is_not_encoded_again(folder):
    pieces, encoder = WordPiece(VOCABULARY, max_length=16), pretrained_bert(pretrained=folder)
    known = {}
    encode_pieces(encoder, tokenize(pieces, TEXTS[:2])["pieces"], known=known)
    for value in known.values():
        value[:] = 7
    encoded = encode_pieces(encoder, tokenize(pieces, TEXTS)["pieces"], known=known)
    assert (encoded[:2] == 7).numpy().all()
    assert not np.isclose(encoded[2], 7).any()


def test_rows_of_an_encoder_that_learns_are_bucketed_by_its_pieces(folder):
    settings = TextTraining(
        network="wide_and_deep", network_arguments='{"deep": "bert"}', pretrained=folder
    )
    texts = LabelledTexts(TEXTS, {"topic": ["a"] * len(TEXTS)})
    prepared = PreparedTexts(TextData(texts, texts, None, []), settings)
    task = Classification(name="topic", classes=["a"])
    for names in (["pieces"], ["pieces", "ngrams"]):
        rows = prepared.training(names, [task])
        counts = rows.features["pieces"].row_lengths().numpy()
        np.testing.assert_array_equal(rows.lengths, counts)


@pytest.fixture
def train(folder, rows, tmp_path):
    """Trains on made-up rows, and returns the model as it was saved too."""

    def run(network, arguments, **changes):
        trained = train_on(
            [rows],
            tmp_path / "run",
            tasks=[Classification(name="topic")],
            network=network,
            network_arguments=json.dumps(arguments),
            pretrained=folder,
            **{"epochs": 4, **changes},
        )
        saved = keras.models.load_model(tmp_path / "run" / "model.keras", compile=False)
        return trained, saved

    return run


def probabilities(model):
    [(_, answers)] = answer_batches(model, TEXTS, batch_size=3)
    return answers["probabilities"]


def test_an_encoder_is_fine_tuned(train):
    trained, saved = train("bert", {"dropout": 0.0}, learning_rate=0.003)
    assert trained.metrics["test"]["accuracy"] > 0.8
    np.testing.assert_allclose(probabilities(saved), probabilities(trained.model), atol=1e-6)


def test_a_frozen_encoder_beside_n_grams(train, tmp_path):
    arguments = WIDE | {"units": [16], "wide_units": 8}
    trained, saved = train("wide_and_deep", arguments, freeze_encoder=True, epochs=8)
    assert trained.metrics["test"]["accuracy"] > 0.8
    np.testing.assert_allclose(probabilities(saved), probabilities(trained.model), atol=1e-6)
    path = export_text_model(trained.model, tmp_path / "saved", version=1, probes=TEXTS)
    served = tf.saved_model.load(str(path)).signatures["serving_default"]
    given = served(text=tf.constant(TEXTS))["probabilities"]
    np.testing.assert_allclose(given, probabilities(trained.model), atol=1e-5)
