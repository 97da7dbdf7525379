import keras
import numpy as np
import pytest

from dlkit.training.one_cycle import OneCycle


def test_rises_and_falls():
    schedule = OneCycle(peak=2.0, steps=100, rise=0.25, start=0.2, end=0.1)
    rates = np.array([float(schedule(step)) for step in range(101)])
    assert rates[0] == pytest.approx(0.4)
    assert rates[25] == pytest.approx(2.0)
    assert rates[100] == pytest.approx(0.2)
    assert (np.diff(rates[:26]) > 0).all()
    assert (np.diff(rates[25:]) < 0).all()
    assert float(schedule(1000)) == pytest.approx(0.2)


def test_config():
    schedule = OneCycle(peak=1.0, steps=10)
    config = keras.saving.serialize_keras_object(schedule)
    again = keras.saving.deserialize_keras_object(config)
    assert float(again(3)) == float(schedule(3))
