"""Which action to take: the values of all actions, learned from rewards."""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf


class ObservationSpec(NamedTuple):
    """What a policy sees.

    Args:
        shape: Of one observation; `()` for the number of a state.
        dtype: Name of its dtype.
        states: How many states there are, where an observation is the number of one, else 0.
        low: The least value of each entry, of `shape`; None where observations are numbers.
        high: The largest value of each entry.
    """

    shape: tuple[int, ...]
    dtype: str
    states: int = 0
    low: np.ndarray | None = None
    high: np.ndarray | None = None


class Transitions(NamedTuple):
    """Steps of `n` actions each, as arrays or tensors.

    Args:
        observation: `(batch, ...)`, what was seen.
        action: int32 `(batch,)`, what was done then.
        reward: float32 `(batch,)`, the discounted sum of the rewards of the steps.
        next_observation: `(batch, ...)`, what was seen after them.
        discount: float32 `(batch,)`, what the value of it counts, 0 after an end.
    """

    observation: np.ndarray | tf.Tensor
    action: np.ndarray | tf.Tensor
    reward: np.ndarray | tf.Tensor
    next_observation: np.ndarray | tf.Tensor
    discount: np.ndarray | tf.Tensor


def observation_vector(spec: ObservationSpec) -> keras.Model:
    """Makes a vector of an observation.

    Numbers are flattened, and scaled to [-1, 1] where both their bounds are known; the number of
    a state becomes a one-hot vector.

    Returns:
        A model from `observation`, `(batch, *spec.shape)`, to float32 `(batch, columns)`.
    """
    observation = keras.Input(spec.shape, dtype=spec.dtype, name="observation")
    if spec.states:
        x = keras.layers.CategoryEncoding(spec.states, output_mode="one_hot", name="one_hot")(
            keras.ops.expand_dims(observation, -1)
        )
    else:
        x = keras.ops.cast(observation, "float32")
        x = keras.layers.Flatten(name="columns_in")(x)
        scale, offset = _scaling(spec)
        x = keras.layers.Rescaling(scale, offset, name="scaled")(x)
    return keras.Model(observation, x, name="observation_vector")


def q_network(spec: ObservationSpec, body: keras.Model, *, actions: int) -> keras.Model:
    """Puts two heads over a body: the value of a state, and the advantage of each action.

    Wang et al., "Dueling network architectures for deep reinforcement learning", 2016.

    Args:
        spec: What is seen.
        body: From float `(batch, columns)` to features `(batch, feature_dim)`.
        actions: How many actions there are.

    Returns:
        A model from `observation` to the values of the actions, float32 `(batch, actions)`.
    """
    entrance = observation_vector(spec)
    features = body(entrance.output)
    value = keras.layers.Dense(1, dtype="float32", name="state_value")(features)
    advantage = keras.layers.Dense(actions, dtype="float32", name="advantage")(features)
    values = value + advantage - keras.ops.mean(advantage, axis=-1, keepdims=True)
    return keras.Model(entrance.input, values, name="q_network")


def policy_model(values: keras.Model) -> keras.Model:
    """Takes the best action of a Q network.

    Returns:
        A model from `observation` to `action`, int64 `(batch,)`, and `values`, float32
        `(batch, actions)`.
    """
    [symbol] = values.inputs
    observation = keras.Input(symbol.shape[1:], dtype=symbol.dtype, name="observation")
    x = values(observation)
    action = keras.ops.cast(keras.ops.argmax(x, axis=-1), "int64")
    return keras.Model(observation, {"action": action, "values": x}, name="policy")


def double_q_loss(online: keras.Model, target: keras.Model, batch: Transitions) -> tf.Tensor:
    """Returns half the mean squared error of the chosen actions' values, float32 `()`.

    Squared, because it is least at the mean: a loss that grows linearly is least near the median,
    which hides what is rare and dear.

    The online network chooses the next action and the target network values it: van Hasselt, Guez
    and Silver, "Deep reinforcement learning with double Q-learning", 2016. Over several steps:
    Hessel et al., "Rainbow", 2018.
    """
    choice = tf.argmax(online(batch.next_observation, training=False), axis=-1)
    later = tf.gather(target(batch.next_observation, training=False), choice, batch_dims=1)
    wanted = tf.stop_gradient(batch.reward + batch.discount * later)
    values = tf.gather(online(batch.observation, training=True), batch.action, batch_dims=1)
    return tf.reduce_mean(tf.square(values - wanted)) / 2


def _scaling(spec: ObservationSpec) -> tuple[list[float], list[float]]:
    """Returns what to multiply each column with and what to add to it then."""
    low, high = (np.ravel(np.asarray(bound, np.float64)) for bound in (spec.low, spec.high))
    bounded = (np.abs(low) < 1e6) & (np.abs(high) < 1e6) & (low < high)
    low, high = np.where(bounded, low, -1.0), np.where(bounded, high, 1.0)
    return (2 / (high - low)).tolist(), (-(low + high) / (high - low)).tolist()
