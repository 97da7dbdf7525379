import keras
import numpy as np
import pytest

from dlkit.errors import InputError
from dlkit.evaluation.metrics import regression_metrics
from dlkit.tasks import Regression
from tests.contract import check_task

COLUMN = ["10", "20", None, "30", "-5e1"]


def price():
    task = Regression(name="price")
    task.adapt(COLUMN)
    return task


def test_contract():
    check_task(price(), COLUMN)


def test_targets_are_standardized():
    task = price()
    given = np.array([10, 20, 30, -50])
    assert task.mean == pytest.approx(given.mean())
    assert task.scale == pytest.approx(given.std())
    targets = task.encode(COLUMN)
    assert targets.dtype == np.float32
    assert targets[2] == 0
    np.testing.assert_allclose(targets[[0, 1, 3, 4]], (given - given.mean()) / given.std())


def test_answers_and_predictions_are_in_units_of_the_rows():
    task = price()
    targets = task.encode(COLUMN)
    answers = {"value": task.decode(targets[:, None])["value"].numpy()}
    np.testing.assert_allclose(answers["value"][[0, 1, 3, 4]], [10, 20, 30, -50], rtol=1e-5)
    predictions = task.predictions(answers, targets, ["row"] * 5)
    np.testing.assert_allclose(predictions.targets, predictions.predictions, rtol=1e-6)


def test_equal_numbers_have_a_scale():
    task = Regression(name="x")
    task.adapt(["7", "7"])
    assert (task.mean, task.scale) == (7.0, 1.0)
    assert task.encode(["7", "8"]).tolist() == [0.0, 1.0]


def test_loss_by_hand():
    loss = Regression(name="x", delta=1.0).loss
    # an error of 0.5 counts by its square, one of 3 by its size
    found = float(loss(np.array([0.0, 0.0], "float32"), np.array([[0.5], [3.0]], "float32")))
    assert found == pytest.approx((0.5 * 0.5**2 + (3 - 0.5)) / 2)


def test_config_keeps_what_was_learned():
    task = price()
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(task))
    assert again.get_config() == task.get_config()
    assert again.scale == task.scale


def test_numbers_are_checked():
    with pytest.raises(InputError, match=r"`price` .*must be a finite number .* has `dear`"):
        price().encode(["1", "dear"])


def test_calibration_gives_intervals_in_units_of_the_rows():
    task = Regression(name="price", mean=8.0, scale=2.0)
    targets, outputs = np.zeros(19, "float32"), np.arange(1, 20, dtype="float32")[:, None]
    assert set(task.decode(outputs)) == {"value"}
    task.calibrate(outputs, targets)
    assert task.half_width == 36.0  # of 19 residuals from 2 to 38, the 18th
    answers = {name: value.numpy() for name, value in task.decode(outputs).items()}
    np.testing.assert_array_equal(answers["lower"], answers["value"] - 36)
    np.testing.assert_array_equal(answers["upper"], answers["value"] + 36)
    metrics = regression_metrics(task.predictions(answers, targets, ["row"] * 19))
    assert metrics["coverage"] == pytest.approx(18 / 19)
    assert metrics["interval_width"] == 72.0
