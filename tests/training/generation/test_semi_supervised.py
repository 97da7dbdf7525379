"""Known answers: two clouds of points, of each of which one is labelled."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.data.pipeline import Rows
from dlkit.networks.mlp import mlp
from dlkit.tasks import Classification, join_heads
from dlkit.training.fit import Recipe, fit
from dlkit.training.generation.semi_supervised import AdversarialHeads

RECIPE = Recipe(
    epochs=12, batch_size=32, learning_rate=2e-3, weight_decay=0.0, patience=None, seed=0
)
TASK = Classification(name="kind", classes=["left", "right"])


def two_clouds(count=300, seed=0):
    """Returns points around (-1, 0) and (1, 0), and which of the two each belongs to."""
    draw = np.random.default_rng(seed)
    kinds = draw.integers(2, size=count).astype(np.int32)
    points = draw.normal(scale=0.2, size=(count, 2)) + np.stack([2 * kinds - 1, 0 * kinds], 1)
    return points.astype(np.float32), kinds


def rows_of(points, kinds, labelled):
    weights = np.zeros(len(points), np.float32)
    weights[labelled] = 1
    lengths = np.ones(len(points), np.int64)
    return Rows({"columns": tf.constant(points)}, {"kind": kinds}, {"kind": weights}, lengths)


def adversarial():
    keras.utils.set_random_seed(0)
    body = mlp(input_shape=(2,), units=(32,), dropout=0.0)
    network = keras.Model({"columns": body.input}, body.output)
    heads = join_heads(network, [TASK])
    learner = AdversarialHeads(
        heads, network.output, [TASK], learning_rate=RECIPE.learning_rate, seed=0
    )
    return heads, learner


def train(learner, rows, *, folder=None, resume=False, **changes):
    options = {"folder": folder, "resume": resume, "strategy": tf.distribute.get_strategy()}
    return fit(learner, [TASK], rows, None, recipe=RECIPE._replace(**changes), **options)


@pytest.fixture(scope="module")
def trained():
    points, kinds = two_clouds()
    labelled = [np.flatnonzero(kinds == kind)[0] for kind in (0, 1)] * 60
    rest = np.arange(len(points))
    order = np.concatenate([labelled, rest])
    heads, learner = adversarial()
    before = features_apart(learner, points)
    train(learner, rows_of(points[order], kinds[order], np.arange(len(labelled))))
    return heads, learner, before


def features_apart(learner, points):
    """The distance of the mean of the features of points to that of what the generator makes."""
    features, _ = learner.features_and_outputs({"columns": points})
    made = learner.generator(keras.random.normal((512, 100), seed=1))
    return float(np.linalg.norm(np.mean(features, 0) - np.mean(made, 0)))


def test_all_rows_get_the_label_of_their_cloud(trained):
    points, kinds = two_clouds(seed=1)
    logits = np.asarray(trained[0]({"columns": points})["kind"])
    assert np.mean(logits.argmax(1) == kinds) > 0.98


def test_rows_are_told_from_what_is_made_and_the_generator_comes_near(trained):
    heads, learner, before = trained
    points, _ = two_clouds(seed=1)
    assert features_apart(learner, points) < before / 2
    real = np.asarray(heads({"columns": points})["kind"])
    assert np.mean(np.logaddexp.reduce(real, axis=1) > 0) > 0.9


def test_rows_without_labels_change_what_is_learned():
    points, kinds = two_clouds(64)
    alone, beside = (adversarial() for _ in range(2))
    few = rows_of(points[:32], kinds[:32], np.arange(32))
    train(alone[1], few, epochs=1)
    train(beside[1], rows_of(points, kinds, np.arange(32)), epochs=1)
    pairs = zip(alone[0].get_weights(), beside[0].get_weights(), strict=True)
    assert any(np.abs(left - right).max() > 1e-3 for left, right in pairs)


def test_a_finished_training_is_not_done_again(tmp_path):
    points, kinds = two_clouds(64)
    rows = rows_of(points, kinds, np.arange(8))
    (first, learner), (second, resumed) = adversarial(), adversarial()
    history = train(learner, rows, epochs=2, folder=tmp_path)
    assert train(resumed, rows, epochs=2, folder=tmp_path, resume=True) == history
    for left, right in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(learner.generator.weights[0], resumed.generator.weights[0])
