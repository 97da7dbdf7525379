"""New kinds of answers, learned by way of the whole road from rows to a measured model."""

import json
import random

import keras
import numpy as np
import tensorflow as tf

from dlkit.evaluation.predictions import ClassPredictions
from dlkit.tasks import Regression, Task, compiled_answers
from tests.made_rows import train_on, write_rows

SIZES = ("short", "medium", "long")


@keras.saving.register_keras_serializable("dlkit_tests")
class StepLoss(keras.losses.Loss):
    """Cross-entropy of "is it more than this?", one question a step."""

    def call(self, y_true, y_pred):
        above = tf.cast(
            tf.range(2.0) < tf.reshape(tf.cast(y_true, tf.float32), (-1, 1)), tf.float32
        )
        return keras.ops.mean(keras.ops.binary_crossentropy(above, y_pred, from_logits=True), -1)


@keras.saving.register_keras_serializable("dlkit_tests")
class Size(Task):
    """Short, medium or long: an ordinal task that the toolkit does not know."""

    def encode(self, values):
        return np.array([SIZES.index(value) if value else 0 for value in values], np.int32)

    def head(self, features):
        return keras.layers.Dense(2, name=f"{self.name}_steps")(features)

    @property
    def loss(self):
        return StepLoss()

    def decode(self, outputs):
        steps = tf.reduce_sum(tf.cast(outputs > 0, tf.int32), axis=1)
        return {"size": tf.gather(tf.constant(SIZES), steps), "steps": steps}

    def predictions(self, answers, targets, texts):
        logits = 9 * np.eye(3, dtype=np.float32)[answers["steps"]]
        return ClassPredictions(self.name, SIZES, targets, logits, texts)


def counted_rows(count, label):
    """Returns rows with up to eight barrels among other words, labelled by their number."""
    draw, rows = random.Random(0), []
    for number in range(count):
        barrels = draw.randint(0, 8)
        words = ["barrel"] * barrels + draw.choices(["ship", "port", "tank"], k=8 - barrels)
        draw.shuffle(words)
        rows.append({"text": " ".join(words), **label(barrels, number)})
    return rows


def test_a_new_task_is_one_class(tmp_path):
    rows = counted_rows(300, lambda barrels, _: {"size": SIZES[min(barrels // 3, 2)]})
    source = write_rows(tmp_path / "rows.jsonl", rows)
    trained = train_on([source], tmp_path / "run", [Size(name="size")], epochs=15)
    assert trained.metrics["test"]["accuracy"] > 0.85
    again = keras.models.load_model(trained.folder / "model.keras")
    answers = compiled_answers(again)(tf.constant(["port " * 8, "barrel " * 8]))
    assert answers["size"].numpy().tolist() == [b"short", b"long"]


def test_regression_learns_the_number_of_a_marker(tmp_path):
    # no two targets are equal, so that a split cannot stratify by them
    rows = counted_rows(300, lambda barrels, row: {"cargo": f"{100 * barrels + row / 100:.2f}"})
    source = write_rows(tmp_path / "rows.jsonl", rows)
    trained = train_on([source], tmp_path / "run", [Regression(name="cargo")], epochs=20)
    assert trained.metrics["test"]["r2"] > 0.9
    answers = compiled_answers(trained.model)(tf.constant(["barrel ship " * 4]))
    assert abs(answers["value"].numpy()[0] - 400) < 80
    saved = json.loads((trained.folder / "metrics.json").read_text(encoding="utf-8"))
    assert saved["test"] == trained.metrics["test"]
