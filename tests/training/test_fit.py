import csv

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.data.pipeline import Rows
from dlkit.tasks import Classification, join_heads
from dlkit.training.fit import Recipe, fit, outputs_of
from dlkit.training.run_folder import write_history

TASK = Classification(name="label", classes=["a", "b"], label_smoothing=0.0)


def made_rows_of_numbers(count, seed, noise=0.0):
    """Rows of one to six steps; the first value of the first step tells the class."""
    draw = np.random.default_rng(seed)
    lengths = draw.integers(1, 7, count)
    values = [draw.normal(size=(length, 3)).astype("float32") for length in lengths]
    targets = np.array([value[0, 0] > 0 for value in values], np.int32)
    targets = np.where(draw.random(count) < noise, 1 - targets, targets).astype(np.int32)
    steps = tf.ragged.stack([tf.constant(value) for value in values])
    steps = tf.RaggedTensor.from_row_lengths(tf.concat(values, 0), steps.row_lengths())
    weights = np.ones(count, np.float32)
    return Rows({"steps": steps}, {"label": targets}, {"label": weights}, lengths)


def model_of(units=8):
    keras.utils.set_random_seed(0)
    steps = keras.Input((None, 3), name="steps")
    first = keras.layers.Lambda(lambda x: x[:, 0], output_shape=(3,))(steps)
    hidden = keras.layers.Dense(units, activation="relu")(first)
    return join_heads(keras.Model({"steps": steps}, hidden), [TASK])


VALIDATION = made_rows_of_numbers(48, 1)


def run_fit(model, folder, *, validation=VALIDATION, resume=False, noise=0.0, **changes):
    recipe = Recipe(
        epochs=6, batch_size=16, learning_rate=0.05, weight_decay=0.0, patience=5, seed=0
    )
    return fit(
        model,
        [TASK],
        made_rows_of_numbers(96, 0, noise),
        validation,
        recipe=recipe._replace(**changes),
        folder=folder,
        resume=resume,
        strategy=tf.distribute.get_strategy(),
    )


def validation_loss(model):
    logits = outputs_of(model, VALIDATION, batch_size=7)["label"]
    return float(TASK.loss(VALIDATION.targets["label"], logits))


def test_learns_and_records(tmp_path):
    model = model_of()
    history = run_fit(model, tmp_path)
    assert len(history["loss"]) == 6
    assert history["loss"][-1] < history["loss"][0] / 3
    assert history["val_accuracy"][-1] > 0.9
    with (tmp_path / "history.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    assert [float(line["val_loss"]) for line in lines] == history["val_loss"]
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint.npz", "history.csv", "logs"}


def test_early_stopping_goes_back_to_the_best_epoch(tmp_path):
    model = model_of(units=64)
    history = run_fit(model, tmp_path, noise=0.3, epochs=40, learning_rate=0.2, patience=3)
    best = int(np.argmin(history["val_loss"]))
    assert len(history["val_loss"]) == best + 1 + 3 < 40
    assert validation_loss(model) == pytest.approx(history["val_loss"][best], rel=1e-4)


def test_a_finished_training_is_only_loaded(tmp_path):
    model = model_of()
    history = run_fit(model, tmp_path)
    saved = (tmp_path / "checkpoint.npz").read_bytes()
    again = model_of(units=8)
    assert run_fit(again, tmp_path, resume=True) == history
    assert (tmp_path / "checkpoint.npz").read_bytes() == saved
    assert validation_loss(again) == validation_loss(model)


def test_a_training_that_was_cut_goes_on(tmp_path, monkeypatch):
    """What is left after the second epoch leads to the same weights and history."""
    (tmp_path / "whole").mkdir()
    (tmp_path / "cut").mkdir()
    whole = model_of()
    expected = run_fit(whole, tmp_path / "whole")

    def cut(history_path, history):
        write_history(history_path, history)
        if len(history["loss"]) == 2:
            raise InterruptedError

    monkeypatch.setattr("dlkit.training.checkpoint.write_history", cut)
    with pytest.raises(InterruptedError):
        run_fit(model_of(), tmp_path / "cut")
    monkeypatch.undo()
    again = model_of()
    assert run_fit(again, tmp_path / "cut", resume=True) == expected
    for one, other in zip(again.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("written", [True, False])
def test_without_validation_the_last_epoch_is_kept(tmp_path, written):
    folder = tmp_path if written else None
    expected = run_fit(model_of(), None, epochs=4)["loss"]
    model = model_of()
    history = run_fit(model, folder, validation=None, patience=None, epochs=4)
    assert set(history) == {"loss", "accuracy"}
    assert history["loss"] == expected
    if written:
        again = model_of()
        assert (
            run_fit(again, folder, validation=None, patience=None, epochs=4, resume=True) == history
        )
        assert validation_loss(again) == validation_loss(model)


def test_outputs_come_in_the_order_of_the_rows():
    rows, model = made_rows_of_numbers(30, 2), model_of()
    outputs = outputs_of(model, rows, batch_size=4)["label"]
    alone = [model({"steps": row[None]})["label"][0] for row in rows.features["steps"]]
    np.testing.assert_allclose(outputs, np.stack(alone), atol=1e-5)
