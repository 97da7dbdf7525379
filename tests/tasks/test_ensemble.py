import keras
import numpy as np
import pytest

from dlkit.tasks import Classification, Regression
from dlkit.tasks.ensemble import Ensemble, MemberLoss

COLUMN = ["10", "20", "30", "40"]


def prices():
    ensemble = Ensemble(task=Regression(name="price"))
    ensemble.adapt(COLUMN)
    return ensemble


def test_the_answer_is_that_to_the_mean_of_the_members():
    ensemble = prices()
    outputs = np.array([[[0.5], [-0.5], [3.0]]], "float32")
    np.testing.assert_allclose(
        ensemble.decode(outputs)["value"], ensemble.task.decode(np.array([[1.0]]))["value"]
    )
    ensemble.calibrate(np.zeros((4, 3, 1), "float32"), ensemble.encode(COLUMN))
    assert ensemble.task.half_width == pytest.approx(15.0)


def test_each_member_has_its_loss():
    loss = MemberLoss(keras.losses.Huber())
    outputs = np.array([[[0.5], [3.0]], [[1.0], [1.0]]], "float32")
    weights = np.array([[1, 1], [0, 2]], "float32")
    expected = [[0.125, 2.5], [0.0, 2 * 0.0]]
    targets = np.array([0.0, 1.0], "float32")
    np.testing.assert_allclose(loss.call(targets, outputs), [[0.125, 2.5], [0, 0]])
    assert float(loss(targets, outputs, sample_weight=weights)) == pytest.approx(np.mean(expected))
    weights[0, 1] = 0
    assert float(loss(targets, outputs, sample_weight=weights)) == pytest.approx(0.125 / 4)


@pytest.mark.parametrize(
    "task", [Regression(name="x"), Classification(name="x", classes=["a", "b", "c"])]
)
def test_a_member_learns_the_rows_that_weigh_for_it(task):
    keras.utils.set_random_seed(0)
    ensemble = Ensemble(task=task)
    features = np.random.default_rng(0).normal(size=(6, 2, 4)).astype("float32")
    targets = np.array([0, 1, 2, 0, 1, 2], "int32")
    symbols = keras.Input((2, 4))
    model = keras.Model(symbols, ensemble.head(symbols))
    size = len(getattr(task, "classes", "x"))
    assert model.output.shape[1:] == (2, size)
    weights = np.array([[1, 0]] * 6, "float32")
    before = [weight.numpy().copy() for weight in model.trainable_weights]
    model.compile("adam", loss=ensemble.loss, jit_compile=False)
    model.fit(features, targets, sample_weight=weights, epochs=3, verbose=0)
    for old, new in zip(before, model.trainable_weights, strict=True):
        assert (old[0] != new.numpy()[0]).any()
        np.testing.assert_array_equal(old[1], new.numpy()[1])


def test_config_round_trip():
    for thing in (prices(), MemberLoss(keras.losses.Huber(delta=2.0))):
        again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(thing))
        assert again.get_config() == thing.get_config()
