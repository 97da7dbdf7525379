"""The compiled part of Double DQN: acting, and many updates in one call."""

import keras
import numpy as np
import tensorflow as tf

from dlkit.tasks.decision import ObservationSpec, Transitions, double_q_loss


class QLearner:
    """A Q network, its target network and its optimizer.

    Args:
        network: From `observation` to values `(batch, actions)`.
        spec: What it sees.
        optimizer: Changes its weights.
    """

    def __init__(
        self,
        network: keras.Model,
        spec: ObservationSpec,
        optimizer: keras.optimizers.Optimizer,
    ) -> None:
        self.network = network
        self.target = keras.models.clone_model(network)
        self.optimizer = optimizer
        self.optimizer.build(network.trainable_variables)
        self.copy_to_target()
        self._act = tf.function(
            lambda observation: tf.argmax(network(observation, training=False), axis=-1),
            input_signature=[tf.TensorSpec([None, *spec.shape], spec.dtype)],
        )

    def copy_to_target(self) -> None:
        """Gives the target network the weights of the network."""
        self.target.set_weights(self.network.get_weights())

    def act(self, observations: np.ndarray) -> np.ndarray:
        """Returns the best actions, int64 `(batch,)`, for observations `(batch, ...)`."""
        return self._act(observations).numpy()

    def learn(self, batches: Transitions) -> float:
        """Copies the network to its target, makes one update a batch, and returns the mean loss.

        Args:
            batches: Arrays `(updates, batch, ...)`.
        """
        return float(self._learn(*map(tf.constant, batches)))

    @tf.function(jit_compile=True)  # a call costs more than a small update
    def _learn(self, *arrays: tf.Tensor) -> tf.Tensor:
        for ours, theirs in zip(self.target.variables, self.network.variables, strict=True):
            ours.assign(theirs)
        updates = tf.shape(arrays[0])[0]
        total = tf.constant(0.0)
        for update in tf.range(updates):
            total += self._update(Transitions(*(array[update] for array in arrays)))
        return total / tf.cast(updates, tf.float32)

    def _update(self, batch: Transitions) -> tf.Tensor:
        with tf.GradientTape() as tape:
            loss = double_q_loss(self.network, self.target, batch)
        variables = self.network.trainable_variables
        self.optimizer.apply(tape.gradient(loss, variables), variables)
        return loss
