import keras
import numpy as np
import pytest

from dlkit.errors import InputError
from dlkit.training.checkpoint import Checkpoint
from dlkit.training.fit import best_epoch

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 5)).astype("float32")
Y = (X[:, 0] > 0).astype("float32")[:, None]


def small_model(seed=0):
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((5,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.AdamW(0.05), "mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def checkpoint_of(folder, **changes):
    options = {"patience": 9} | changes
    return Checkpoint(folder, **options)


def run(model, checkpoint, epochs):
    model.fit(
        X,
        Y,
        batch_size=16,
        shuffle=False,
        validation_split=0.25,
        initial_epoch=checkpoint.epochs_done,
        epochs=epochs,
        callbacks=[checkpoint],
        verbose=0,
    )
    return checkpoint


def state(model):
    return [value.numpy() for value in [*model.variables, *model.optimizer.variables]]


def test_a_restored_training_goes_on_as_if_never_stopped(tmp_path):
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = small_model()
    expected = run(whole, checkpoint_of(tmp_path / "whole"), 5)

    run(small_model(), checkpoint_of(tmp_path / "parts"), 2)
    again, checkpoint = small_model(seed=7), checkpoint_of(tmp_path / "parts")
    assert checkpoint.restore(again)
    assert (checkpoint.epochs_done, checkpoint.finished) == (2, False)
    run(again, checkpoint, 5)

    assert checkpoint.history == expected.history
    assert (checkpoint.best, checkpoint.best_epoch) == (expected.best, expected.best_epoch)
    for one, other in zip(state(again), state(whole), strict=True):
        np.testing.assert_array_equal(one, other)
    histories = [(tmp_path / name / "history.csv").read_text() for name in ("whole", "parts")]
    assert histories[0] == histories[1]


def test_restoring_gives_every_variable_back(tmp_path):
    model = small_model()
    checkpoint = checkpoint_of(tmp_path)
    run(model, checkpoint, 1)  # its best epoch is its last
    again = small_model(seed=7)
    checkpoint_of(tmp_path).restore(again)
    for one, other in zip(state(again), state(model), strict=True):
        np.testing.assert_array_equal(one, other)


def test_saving_takes_a_tenth_of_the_time_at_most(tmp_path, monkeypatch):
    clock, saved = [100.0], []

    class Slow(Checkpoint):
        def on_epoch_end(self, epoch, logs=None):
            clock[0] += 3.0  # the epoch
            super().on_epoch_end(epoch, logs)

        def _save(self):
            clock[0] += 1.0
            saved.append(self.epochs_done)
            super()._save()

    monkeypatch.setattr("dlkit.training.checkpoint.time.monotonic", lambda: clock[0])
    run(small_model(), Slow(tmp_path, patience=9), 8)
    assert saved == [1, 4, 7, 8], "the first, each time nine seconds have passed, and the last"


def test_what_was_learned_since_the_last_save_is_learned_again(tmp_path, monkeypatch):
    class Killed(Checkpoint):
        def on_epoch_end(self, epoch, logs=None):
            super().on_epoch_end(epoch, logs)
            if epoch == 2:
                raise KeyboardInterrupt

    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    expected = run(small_model(), checkpoint_of(tmp_path / "whole"), 4)
    monkeypatch.setattr("dlkit.training.checkpoint._PAUSE", 1e9)
    with pytest.raises(KeyboardInterrupt):
        run(small_model(), Killed(tmp_path / "parts", patience=9), 4)
    again, checkpoint = small_model(seed=7), checkpoint_of(tmp_path / "parts")
    assert checkpoint.restore(again)
    assert checkpoint.epochs_done == 1
    assert run(again, checkpoint, 4).history == expected.history


def test_nothing_to_restore(tmp_path):
    model = small_model()
    before = state(model)
    checkpoint = checkpoint_of(tmp_path)
    assert not checkpoint.restore(model)
    assert checkpoint.epochs_done == 0
    for one, other in zip(state(model), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_history_that_a_kill_left_behind_catches_up(tmp_path):
    run(small_model(), checkpoint_of(tmp_path), 2)
    complete = (tmp_path / "history.csv").read_text()
    (tmp_path / "history.csv").unlink()
    checkpoint_of(tmp_path).restore(small_model())
    assert (tmp_path / "history.csv").read_text() == complete


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "other model"])
def test_a_broken_state(tmp_path, damage):
    path = tmp_path / "checkpoint.npz"
    model = small_model()
    run(model, checkpoint_of(tmp_path), 1)
    content = path.read_bytes()
    if damage == "other model":
        model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
        model.compile("adam", "mse")
        model.optimizer.build(model.trainable_variables)
    else:
        path.write_bytes({"cut": content[:2000], "empty": b"", "text": b"no state"}[damage])
    with pytest.raises(
        InputError, match=r"`--resume` needs the state .*checkpoint\.npz.*Train wit"
    ):
        checkpoint_of(tmp_path).restore(model)


def fed(folder, values, **changes):
    """Feeds one value an epoch; the weights of an epoch are all its number."""
    model = small_model()
    checkpoint = checkpoint_of(folder, **changes)
    checkpoint.set_model(model)
    checkpoint.set_params({"epochs": len(values)})
    for epoch, value in enumerate(values):
        model.set_weights([np.full_like(weight, epoch) for weight in model.get_weights()])
        checkpoint.on_epoch_end(epoch, {"val_loss": value})
        if model.stop_training:
            break
    checkpoint.on_train_end()
    return model, checkpoint


def test_training_stops_when_patience_is_over_and_goes_back(tmp_path):
    model, checkpoint = fed(tmp_path, [5, 3, 4, 2, 6, 7, 3, 1], patience=3)
    assert checkpoint.epochs_done == 7
    assert checkpoint.best_epoch == 3
    assert checkpoint.finished
    assert all((weight == 3).all() for weight in model.get_weights())


def test_equal_values_are_no_improvement(tmp_path):
    _, checkpoint = fed(tmp_path, [2, 2, 2, 2], patience=2)
    assert (checkpoint.best_epoch, checkpoint.epochs_done) == (0, 3)


@pytest.mark.parametrize("values", [[np.nan, 4, 2, np.nan], [5, 4, 2, np.nan]])
def test_a_loss_that_is_no_number_is_never_the_best(tmp_path, values):
    _, checkpoint = fed(tmp_path, values)
    assert (checkpoint.best_epoch, best_epoch(checkpoint.history)) == (2, 3)


def test_where_no_loss_is_a_number_the_first_epoch_is_kept(tmp_path):
    _, checkpoint = fed(tmp_path, [np.nan, np.nan], patience=1)
    assert (checkpoint.best_epoch, best_epoch(checkpoint.history)) == (0, 1)
    assert checkpoint.finished


@pytest.mark.parametrize(
    ("values", "epochs", "over"), [([3, 2], 2, True), ([3, 2], 3, False), ([2, 3, 4], 9, True)]
)
def test_whether_a_training_is_over(tmp_path, values, epochs, over):
    fed(tmp_path, values, patience=2)
    checkpoint = checkpoint_of(tmp_path, patience=2)
    checkpoint.restore(small_model())
    assert checkpoint.is_over(epochs) is over
