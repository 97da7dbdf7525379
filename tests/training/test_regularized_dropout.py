"""Known answers: points that belong to one of two clouds."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.data.pipeline import Rows
from dlkit.networks.mlp import mlp
from dlkit.tasks import Classification, Regression, join_heads
from dlkit.training.fit import Recipe, fit
from dlkit.training.regularized_dropout import AgreeingHeads
from tests.made_rows import made_rows, train_on, write_rows

RECIPE = Recipe(
    epochs=20, batch_size=32, learning_rate=5e-3, weight_decay=0.0, patience=None, seed=0
)
KIND = Classification(name="kind", classes=["left", "right"], label_smoothing=0.0)


def points_and_kinds(count=320, seed=0):
    """Returns points around (-1, 0) and (1, 0), and which of the two each belongs to."""
    draw = np.random.default_rng(seed)
    kinds = draw.integers(2, size=count).astype(np.int32)
    points = draw.normal(scale=0.5, size=(count, 2)) + np.stack([2 * kinds - 1, 0 * kinds], 1)
    return points.astype(np.float32), kinds


def heads_of(tasks, dropout):
    keras.utils.set_random_seed(0)
    body = mlp(input_shape=(2,), units=(32,), dropout=dropout)
    return join_heads(keras.Model({"columns": body.input}, body.output), tasks)


def train(model, tasks, targets, points, *, weights=None, **changes):
    ones = {name: np.ones(len(points), np.float32) for name in targets}
    rows = Rows({"columns": tf.constant(points)}, targets, weights or ones, np.ones(len(points)))
    options = {"folder": None, "resume": False, "strategy": tf.distribute.get_strategy()}
    return fit(model, tasks, rows, None, recipe=RECIPE._replace(**changes), **options)


def disagreement(heads, points):
    """The mean divergence of the probabilities of passes that drop other units."""
    first, second = (heads({"columns": points}, training=True)["kind"] for _ in range(2))
    return float(AgreeingHeads(heads, [KIND], weight=1.0)._divergence(first, second))


def test_passes_agree_more_and_the_answers_are_right():
    points, kinds = points_and_kinds()
    found = {}
    for weight in (0.0, 5.0):
        heads = heads_of([KIND], dropout=0.5)
        train(AgreeingHeads(heads, [KIND], weight=weight), [KIND], {"kind": kinds}, points)
        found[weight] = disagreement(heads, points)
    assert found[5.0] < 0.8 * found[0.0]
    fresh, expected = points_and_kinds(seed=1)
    answers = np.asarray(heads({"columns": fresh})["kind"]).argmax(1)
    assert np.mean(answers == expected) > 0.95


def test_without_dropout_it_is_plain_training():
    points, kinds = points_and_kinds(64)
    plain, agreeing = (heads_of([KIND], dropout=0.0) for _ in range(2))
    history = train(plain, [KIND], {"kind": kinds}, points, epochs=2)
    learner = AgreeingHeads(agreeing, [KIND], weight=5.0)
    twice = train(learner, [KIND], {"kind": kinds}, points, epochs=2)
    assert twice["loss"] == pytest.approx(history["loss"], rel=1e-5)
    for left, right in zip(plain.get_weights(), agreeing.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-4, atol=1e-5)


def test_rows_without_a_label_are_to_agree_too():
    points, kinds = points_and_kinds(64)
    labelled = np.arange(64) < 32
    half = {"kind": labelled.astype(np.float32)}
    found = {}
    for weight in (0.0, 5.0):
        heads = heads_of([KIND], dropout=0.5)
        learner = AgreeingHeads(heads, [KIND], weight=weight)
        train(learner, [KIND], {"kind": kinds}, points, weights=half, epochs=60)
        found[weight] = disagreement(heads, points[~labelled])
    assert found[5.0] < found[0.0] / 2


def test_a_number_is_learned_beside():
    points, kinds = points_and_kinds()
    number = Regression(name="number")
    targets = {"kind": kinds, "number": points[:, 1]}
    tasks = [KIND, number]
    heads = heads_of(tasks, dropout=0.1)
    train(AgreeingHeads(heads, tasks, weight=2.0), tasks, targets, points, epochs=60)
    fresh, _ = points_and_kinds(seed=1)
    found = np.asarray(heads({"columns": fresh})["number"]).ravel()
    assert np.corrcoef(found, fresh[:, 1])[0, 1] > 0.9


def test_the_setting_reaches_the_training_and_leaves_no_trace_in_the_model(tmp_path):
    source = write_rows(tmp_path / "rows.jsonl", made_rows(180))
    plain, agreeing = (
        train_on([source], tmp_path / f"run-{weight}", regularized_dropout=weight)
        for weight in (0.0, 5.0)
    )
    assert agreeing.metrics["test"]["topic"]["accuracy"] > 0.6
    assert agreeing.model.count_params() == plain.model.count_params()
    pairs = zip(plain.model.get_weights(), agreeing.model.get_weights(), strict=True)
    assert any(np.abs(left - right).max() > 1e-3 for left, right in pairs)
