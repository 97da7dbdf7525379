"""The other family of encoders, with ids of its own, by the same options."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.errors import InputError
from dlkit.serving.export import export_text_model
from dlkit.settings import TextTraining
from dlkit.tasks import Classification, answer_batches
from dlkit.training.text_front import text_front
from tests.made_rows import made_rows, train_on, write_rows
from tests.networks.tiny_sentence_encoder import write_sentence_encoder

TEXTS = ["copper rises", "the wafer market falls after the early report", "包裹"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return str(write_sentence_encoder(tmp_path_factory.mktemp("sentences")))


def front_of(folder, **settings):
    chosen = {"network": "sentence_encoder", "pretrained": folder, **settings}
    return text_front(TextTraining(**chosen), TEXTS)


def test_pieces(folder):
    front = front_of(folder)
    assert front.reads == "pieces"
    ids = front.layer()(tf.constant(TEXTS))["pieces"].numpy()
    assert ids[0, :4].tolist() == [1, 5, 9, 2]
    assert ids[2, :4].tolist() == [1, 3, 13, 2]


def test_no_more_steps_than_asked_for(folder):
    long = tf.constant(["the market " * 100])
    assert front_of(folder, max_words=4).layer()(long)["pieces"].shape == (1, 6)


def test_an_encoding(folder):
    front = front_of(folder, freeze_encoder=True)
    assert set(front.layer()(tf.constant(TEXTS))) == {"encoding"}
    assert front.sizes.encoding == 8
    assert not front.encoder.trainable_weights


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"pretrained": None}, "`--pretrained` must say where.*Add `--pretrained multilingual`"),
        ({"network": "bert"}, "must be minilm, or a folder with config.json"),
        ({"network": "bert", "pretrained": "multilingual"}, "without config.json"),
    ],
)
def test_options_that_do_not_fit(folder, settings, message):
    with pytest.raises(InputError, match=message):
        front_of(folder, **settings)


def test_a_frozen_encoder_beside_n_grams(folder, tmp_path):
    rows = write_rows(tmp_path / "rows.jsonl", made_rows(200))
    arguments = {"deep": "sentence_encoder", "units": [16], "wide_units": 8}
    trained = train_on(
        [rows],
        tmp_path / "run",
        tasks=[Classification(name="topic")],
        network="wide_and_deep",
        network_arguments=json.dumps(arguments),
        pretrained=folder,
        freeze_encoder=True,
        epochs=8,
    )
    assert trained.metrics["test"]["accuracy"] > 0.8
    expected = probabilities(trained.model)
    saved = keras.models.load_model(tmp_path / "run" / "model.keras", compile=False)
    np.testing.assert_allclose(probabilities(saved), expected, atol=1e-6)
    path = export_text_model(saved, tmp_path / "saved", version=1, probes=TEXTS)
    served = tf.saved_model.load(str(path)).signatures
    given = served["serving_default"](text=tf.constant(TEXTS))["probabilities"]
    np.testing.assert_allclose(given, expected, atol=1e-5)
    answers = served["embedding"](text=tf.constant(TEXTS))
    assert answers["embedding"].shape == (3, 8)
    assert answers["embedding_is_pretrained"].numpy().all()


def probabilities(model):
    [(_, answers)] = answer_batches(model, TEXTS, batch_size=3)
    return answers["probabilities"]
