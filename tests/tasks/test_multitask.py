import keras
import numpy as np
import pytest

from dlkit.tasks import Classification, Regression, encode_targets, join_heads
from tests.made_rows import made_rows, train_on, write_rows

TASKS = [Classification(name="topic", classes=["a", "b"]), Regression(name="price")]
COLUMNS = {"topic": ["a", None, "b"], "price": [None, "2", "4"]}


def heads():
    features = keras.Input((4,), name="features")
    return join_heads(keras.Model(features, features), TASKS)


def test_missing_labels_weigh_nothing():
    targets, weights = encode_targets(TASKS, COLUMNS)
    assert {name: value.tolist() for name, value in weights.items()} == {
        "topic": [1, 0, 1],
        "price": [0, 1, 1],
    }
    assert targets["topic"][[0, 2]].tolist() == [0, 1]
    assert targets["price"][1:].tolist() == [2, 4]
    assert all(value.dtype == np.float32 for value in weights.values())


def test_no_rows():
    targets, weights = encode_targets(TASKS, {"topic": [], "price": []})
    assert all(value.shape == (0,) for value in [*targets.values(), *weights.values()])


def test_heads_are_named_after_their_tasks():
    model = heads()
    assert {name: output.shape for name, output in model.output.items()} == {
        "topic": (None, 2),
        "price": (None, 1),
    }
    assert {layer.name for layer in model.layers} >= {"topic_logits", "price_value"}


def test_the_loss_of_missing_labels_is_zero():
    """What stands in the place of a missing label changes nothing."""
    model = heads()
    model.compile(loss={task.name: task.loss for task in TASKS}, jit_compile=False)
    features = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    losses = []
    for filler in (0, 1):
        targets, weights = encode_targets(TASKS, COLUMNS)
        targets["topic"][1] = targets["price"][0] = filler
        found = model.evaluate(
            features, targets, sample_weight=weights, verbose=0, return_dict=True
        )
        losses.append(found["loss"])
    assert losses[0] == pytest.approx(losses[1], abs=1e-7)


def test_rows_with_one_of_two_labels_teach_both(tmp_path):
    rows = made_rows(240)
    topics = [{"text": row["text"], "topic": row["topic"]} for row in rows[:120]]
    moods = [{"text": row["text"], "mood": row["mood"]} for row in rows[120:]]
    sources = [
        write_rows(tmp_path / "topics.jsonl", topics),
        write_rows(tmp_path / "moods.jsonl", moods),
    ]
    both = write_rows(tmp_path / "both.jsonl", made_rows(60, seed=1))
    trained = train_on(sources, tmp_path / "run", test_data=both)
    assert trained.metrics["test"]["topic"]["accuracy"] > 0.95
    assert trained.metrics["test"]["mood"]["accuracy"] > 0.95
    assert [len(head.texts) for head in trained.predictions] == [60, 60]
