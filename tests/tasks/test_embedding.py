import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.tasks import (
    Classification,
    Regression,
    answer_by_length,
    answering_model,
    join_heads,
    with_embedding,
)
from dlkit.tasks.embedding import TextVector
from tests.contract import check_layer

TASKS = {
    "label": Classification(name="label", classes=["short", "long"]),
    "price": Regression(name="price"),
}


@keras.saving.register_keras_serializable("dlkit_tests")
class Encoded(keras.layers.Layer):
    """Stands for a front: `sizes` float `(batch, 2)`, and an encoding if it is asked for."""

    def __init__(self, encodes, **kwargs):
        super().__init__(**kwargs)
        self.encodes = encodes

    def call(self, texts):
        size = tf.cast(tf.strings.length(texts), tf.float32)[:, None]
        features = {"sizes": tf.concat([size, 0 * size], 1)}
        return (
            {**features, "encoding": 3 * tf.ones([tf.size(texts), 4])} if self.encodes else features
        )

    def compute_output_spec(self, texts):
        sizes = {"sizes": 2, "encoding": 4} if self.encodes else {"sizes": 2}
        return {name: keras.KerasTensor((None, size)) for name, size in sizes.items()}


def model_of(*tasks, encodes=False):
    reads, size = ("encoding", 4) if encodes else ("sizes", 2)
    read = keras.Input((size,), name=reads)
    network = keras.Model({reads: read}, keras.layers.ReLU(name="relu")(read))
    return answering_model(Encoded(encodes, name="front"), join_heads(network, tasks), tasks)


def test_contract():
    inputs = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    check_layer(lambda: TextVector(True, name="vector"), inputs)


@pytest.mark.parametrize("names", [["label"], ["price", "label"]])
def test_features_are_the_vector(names):
    model = model_of(*(TASKS[name] for name in names))
    answers = with_embedding(model)(tf.constant(["abc", ""]))
    np.testing.assert_allclose(answers["embedding"], [[1, 0], [0, 0]])
    assert answers["embedding_is_pretrained"].numpy().tolist() == [False, False]
    for name, value in model(tf.constant(["abc", ""])).items():
        assert answers[name].numpy().tolist() == value.numpy().tolist()


def test_a_frozen_encoder_says_what_the_vector_is():
    answers = with_embedding(model_of(TASKS["label"], encodes=True))(tf.constant(["abc"]))
    np.testing.assert_allclose(answers["embedding"], [[0.5] * 4])
    assert answers["embedding_is_pretrained"].numpy().tolist() == [True]


def test_it_goes_on_from_a_saved_model(tmp_path):
    model_of(TASKS["label"]).save(tmp_path / "model.keras")
    again = with_embedding(keras.saving.load_model(tmp_path / "model.keras"))
    texts = tf.constant(["long " * 9, "a"] * 20)
    found = tf.function(lambda: answer_by_length(again, texts))()
    assert found["embedding"].shape == (40, 2)
    np.testing.assert_allclose(found["embedding"], [[1, 0]] * 40)
