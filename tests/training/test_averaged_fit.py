"""A training that keeps the moving average of its weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.data.pipeline import Rows
from dlkit.tasks import Classification, join_heads
from dlkit.training.fit import Recipe, fit

RECIPE = Recipe(
    epochs=4,
    batch_size=8,
    learning_rate=0.5,
    weight_decay=0.0,
    patience=None,
    seed=0,
    optimizer="sgd",
    average=0.5,
)


def trained(recipe, folder=None, *, resume=False):
    keras.utils.set_random_seed(0)
    task = Classification(name="label", classes=["a", "b"], label_smoothing=0.0)
    inputs = keras.Input((2,), name="x")
    heads = join_heads(keras.Model({"x": inputs}, inputs), [task])
    draw = np.random.default_rng(0)
    x = draw.normal(size=(64, 2)).astype("float32")
    targets = {"label": (x[:, 0] > 0).astype("int32")}
    weights = {"label": np.ones(64, "float32")}
    rows = Rows({"x": tf.constant(x)}, targets, weights, np.zeros(64, np.int64))
    history = fit(
        heads,
        [task],
        rows,
        rows,
        recipe=recipe,
        folder=folder,
        resume=resume,
        strategy=tf.distribute.get_strategy(),
    )
    scores = np.asarray(heads({"x": x})["label"])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return history, heads.get_weights(), float(loss(targets["label"], scores))


def test_the_average_is_scored_and_kept():
    history, kept, loss = trained(RECIPE)
    assert history["val_loss"][-1] == pytest.approx(loss, rel=1e-5)
    _, last, _ = trained(RECIPE._replace(average=None))
    assert np.abs(kept[0]).max() < 0.95 * np.abs(last[0]).max(), "weights grow, so theirs is behind"


def test_a_resumed_training_averages_the_same(tmp_path):
    _, whole, _ = trained(RECIPE)

    class KilledError(Exception):
        pass

    from dlkit.training.checkpoint import Checkpoint

    saved = Checkpoint.on_epoch_end

    def killed(self, epoch, logs=None):
        saved(self, epoch, logs)
        if epoch == 1:
            raise KilledError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoint, "on_epoch_end", killed)
        with pytest.raises(KilledError):
            trained(RECIPE, tmp_path)
    _, parts, _ = trained(RECIPE, tmp_path, resume=True)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
