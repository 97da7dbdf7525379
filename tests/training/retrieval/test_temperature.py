import numpy as np
import pytest
import tensorflow as tf

from dlkit.data.event_splits import Cases
from dlkit.data.histories import histories_of_lists
from dlkit.training.retrieval.temperature import choose_temperature


class Scores:
    """Scores two items by log-odds of 3 to 1, made sharper."""

    items, longest = 2, 4

    def __init__(self, sharpness):
        self.sharpness = sharpness

    def __call__(self, numbers):
        logits = self.sharpness * np.log([0.75, 0.25])
        return tf.tile(tf.constant(logits[None], tf.float32), (tf.shape(numbers)[0], 1))


@pytest.mark.parametrize("sharpness", [1.0, 3.0])
def test_scores_become_chances(sharpness):
    given = histories_of_lists([[]] * 400)
    wanted = histories_of_lists([[0], [0], [0], [1]] * 100)
    cases = Cases(np.arange(400), given, wanted, None)
    found = choose_temperature(Scores(sharpness), cases)
    assert found == pytest.approx(sharpness, rel=0.01)
