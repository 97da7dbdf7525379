import io
import json
import zipfile

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.tasks import (
    Answers,
    Classification,
    Regression,
    answer_batches,
    answering_model,
    compiled_answers,
)

TOPIC = Classification(name="topic", classes=["metals", "rates"])
PRICE = Regression(name="price", mean=10.0, scale=2.0)
NAMES = [
    "label",
    "confidence",
    "out_of_scope",
    "decision",
    "runner_up",
    "scope_score",
    "probabilities",
]
OUTPUTS = {
    "topic": np.array([[0.0, 1.0], [2.0, 0.0]], "float32"),
    "price": np.array([[0.0], [1.5]], "float32"),
}


@keras.saving.register_keras_serializable("dlkit_tests")
class Lengths(keras.layers.Layer):
    """Stands for a tokenizer: `sizes` float `(batch, 1)`, and one feature that nobody reads."""

    def call(self, texts):
        sizes = tf.cast(tf.strings.length(texts), tf.float32)[:, None]
        return {"sizes": sizes, "unread": sizes}

    def compute_output_spec(self, texts):
        return {name: keras.KerasTensor((None, 1)) for name in ("sizes", "unread")}


def model_of(tasks):
    sizes = keras.Input((1,), name="sizes")
    heads = keras.Model({"sizes": sizes}, {task.name: task.head(sizes) for task in tasks})
    return answering_model(Lengths(name="lengths"), heads, tasks)


def test_one_head_has_plain_names():
    answers = Answers(tasks=[TOPIC])({"topic": OUTPUTS["topic"]})
    assert list(answers) == NAMES


def test_several_heads_put_their_name_before():
    answers = Answers(tasks=[TOPIC, PRICE])(OUTPUTS)
    assert list(answers) == [
        "topic_label",
        "topic_confidence",
        "topic_out_of_scope",
        "topic_decision",
        "topic_runner_up",
        "topic_scope_score",
        "topic_probabilities",
        "price_value",
    ]
    assert answers["topic_label"].numpy().tolist() == [b"rates", b"metals"]
    assert answers["price_value"].numpy().tolist() == [10.0, 13.0]


@pytest.mark.parametrize("tasks", [[TOPIC], [TOPIC, PRICE]])
def test_answers_of_a_task_get_their_plain_names_back(tasks):
    layer = Answers(tasks=tasks)
    found = layer.of_task(TOPIC, layer({task.name: OUTPUTS[task.name] for task in tasks}))
    assert set(found) == set(NAMES)


def test_config_rebuilds_every_task():
    config = keras.saving.serialize_keras_object(Answers(tasks=[TOPIC, PRICE]))
    again = keras.saving.deserialize_keras_object(json.loads(json.dumps(config)))
    assert [type(task) for task in again.tasks] == [Classification, Regression]
    assert [task.get_config() for task in again.tasks] == [TOPIC.get_config(), PRICE.get_config()]


@pytest.mark.parametrize("tasks", [[TOPIC], [TOPIC, PRICE]])
def test_a_saved_model_gives_the_same_answers(tasks, tmp_path):
    model = model_of(tasks)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    texts = tf.constant(["", "four", "a long text"])
    expected, found = compiled_answers(model)(texts), compiled_answers(again)(texts)
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name].numpy().tolist() == value.numpy().tolist()


def test_a_saved_model_leaves_the_optimizer_behind(tmp_path):
    sizes = keras.Input((1,), name="sizes")
    heads = keras.Model({"sizes": sizes}, {"topic": TOPIC.head(sizes)})
    heads.compile("adam", {"topic": TOPIC.loss})
    heads.fit({"sizes": np.ones((2, 1))}, {"topic": np.zeros(2)}, verbose=0)
    answering_model(Lengths(name="lengths"), heads, [TOPIC]).save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as file:
        assert b"adam" not in file.read("config.json")
        with h5py.File(io.BytesIO(file.read("model.weights.h5"))) as weights:
            names = []
            weights.visit(names.append)
    assert not [name for name in names if "optimizer" in name]


def test_batches_hold_every_text_once_and_in_order():
    texts = [f"text {number}" for number in range(7)]
    batches = list(answer_batches(model_of([TOPIC]), iter(texts), batch_size=3))
    assert [batch for batch, _ in batches] == [texts[:3], texts[3:6], texts[6:]]
    assert [len(answers["label"]) for _, answers in batches] == [3, 3, 1]
    assert list(answer_batches(model_of([TOPIC]), [], batch_size=3)) == []


@pytest.mark.parametrize("count", [0, 1, 16, 17, 100])
def test_texts_of_any_lengths_are_answered_in_their_order(count):
    lengths = np.random.default_rng(0).permutation(count)
    texts = tf.constant(["x" * length for length in lengths], tf.string)
    model = model_of([PRICE, TOPIC])
    expected, found = model(texts, training=False), compiled_answers(model)(texts)
    assert set(found) == set(expected)
    for name, value in expected.items():
        assert found[name].shape == value.shape
        if value.dtype.is_floating:  # a sum's last bit depends on what else is in the batch
            np.testing.assert_allclose(found[name], value, rtol=1e-6)
        else:
            assert found[name].numpy().tolist() == value.numpy().tolist()


def test_texts_are_read_only_as_far_as_needed():
    def endless():
        while True:
            yield "again"

    batches = answer_batches(model_of([PRICE]), endless(), batch_size=4)
    assert len(next(batches)[1]["value"]) == 4
