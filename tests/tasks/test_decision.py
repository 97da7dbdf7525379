import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.networks.mlp import mlp
from dlkit.tasks.decision import (
    ObservationSpec,
    Transitions,
    double_q_loss,
    observation_vector,
    policy_model,
    q_network,
)

NUMBERS = ObservationSpec(
    (2, 2),
    "float32",
    low=np.array([[-2, 0], [-np.inf, 5]], "float32"),
    high=np.array([[2, 10], [np.inf, 5]], "float32"),
)
STATES = ObservationSpec((), "int64", states=3)


@pytest.fixture
def network():
    keras.utils.set_random_seed(0)
    return q_network(NUMBERS, mlp(input_shape=(4,), units=(8,), dropout=0), actions=3)


def table(values):
    """Returns a model that gives each of three states the values of its two actions."""
    state = keras.Input((), dtype="int64")
    layer = keras.layers.Embedding(3, 2)
    model = keras.Model(state, layer(state))
    layer.set_weights([np.array(values, "float32")])
    return model


def test_bounded_columns_are_scaled_and_others_stay():
    vector = observation_vector(NUMBERS)(np.array([[[2, 0], [7, 5]], [[0, 5], [-3, 9]]], "float32"))
    np.testing.assert_allclose(vector, [[1, -1, 7, 5], [0, 0, -3, 9]])


def test_a_state_is_one_hot():
    np.testing.assert_array_equal(observation_vector(STATES)(np.array([2, 0])), np.eye(3)[[2, 0]])


def test_values_are_the_value_of_the_state_and_centered_advantages(network):
    observation = np.random.default_rng(0).normal(size=(5, 2, 2)).astype("float32")
    head = network.get_layer("state_value").output
    state = keras.Model(network.input, head)(observation)[:, 0]
    np.testing.assert_allclose(np.mean(network(observation), axis=1), state, atol=1e-5)


def test_the_online_network_chooses_and_the_target_network_values():
    online = table([[1, 2], [5, 4], [0, 0]])  # in state 1 it chooses action 0
    target = table([[9, 9], [30, 70], [0, 0]])
    batch = Transitions(
        tf.constant([0, 0]),
        tf.constant([1, 0]),
        tf.constant([10.0, 3.0]),
        tf.constant([1, 1]),
        tf.constant([0.5, 0.0]),
    )
    # 10 + 0.5 * 30 - 2 = 23, and 3 - 1 = 2
    assert float(double_q_loss(online, target, batch)) == pytest.approx((23**2 + 2**2) / 4)


def test_a_policy_takes_the_best_action_and_survives_saving(network, tmp_path):
    model = policy_model(network)
    observation = np.random.default_rng(1).normal(size=(6, 2, 2)).astype("float32")
    answers = model(observation)
    assert answers["action"].dtype == "int64"
    np.testing.assert_array_equal(answers["action"], np.argmax(network(observation), axis=1))
    np.testing.assert_array_equal(answers["values"], network(observation))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")(observation)
    np.testing.assert_array_equal(again["values"], answers["values"])
