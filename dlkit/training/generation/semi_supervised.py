"""Heads that learn from rows without labels too, with the help of a generator."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from dlkit.networks.mlp import mlp
from dlkit.networks.recommended import Recommended
from dlkit.tasks import Classification, Task
from dlkit.training.generation.losses import (
    non_saturating_discriminator,
    non_saturating_generator,
)

_NOISE = 100
_HIDDEN = 512


class AdversarialHeads(keras.Model):
    """Trains heads to tell rows from what a generator makes, beside their own tasks.

    Each classification gets one more class, "made", whose logit is always 0: a row, labelled or
    not, belongs to one of the others. So rows without labels say where the classes are. The
    generator makes features whose means are those of rows, and that are taken for rows (Salimans
    et al., "Improved techniques for training GANs", 2016; over features of texts: Croce et al.,
    "GAN-BERT: generative adversarial learning for robust text classification with a bunch of
    labeled examples", 2020).

    After `fit` the heads are used on their own; the generator has no further use.

    Args:
        heads: See `dlkit.tasks.join_heads`; its layers `<task>_logits` read the features.
        features: What they read, `(batch, feature_dim)`, an intermediate output of `heads`.
        tasks: The tasks, of which the classifications get the further class.
        learning_rate: The highest of the training, by which the generator's own is adjusted.
        seed: Seeds the noise.
    """

    def __init__(
        self,
        heads: keras.Model,
        features: keras.KerasTensor,
        tasks: Sequence[Task],
        *,
        learning_rate: float,
        seed: int,
    ) -> None:
        super().__init__(name="adversarial_heads")
        self.heads = heads
        self.features_and_outputs = keras.Model(heads.input, (features, heads.output))
        self.logits = [
            heads.get_layer(f"{task.name}_logits")
            for task in tasks
            if isinstance(task, Classification)
        ]
        self.generator = _generator(features.shape[-1])
        for variable in self.generator.trainable_variables:
            variable.rate_factor = Recommended().learning_rate / learning_rate  # for TableAdam
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.built = True

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Returns the outputs of the heads."""
        return self.heads(inputs, training=training)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Improves heads and generator at once, from the same rows and the same noise."""
        x, y, weights = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape, tf.GradientTape() as generator_tape:
            features, outputs = self.features_and_outputs(x, training=True)
            noise = keras.random.normal((tf.shape(features)[0], _NOISE), seed=self.seed_generator)
            made = self.generator(noise, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=outputs, sample_weight=weights)
            scores = [
                tuple(_score(head(part)) for part in (features, made)) for head in self.logits
            ]
            told = sum(non_saturating_discriminator(*pair) for pair in scores)
            taken = sum(non_saturating_generator(pair[1]) for pair in scores)
            scaled = self.optimizer.scale_loss(loss + told)
            wanted = self.optimizer.scale_loss(taken + _mean_difference(features, made))
        own, others = self.heads.trainable_variables, self.generator.trainable_variables
        gradients = [*tape.gradient(scaled, own), *generator_tape.gradient(wanted, others)]
        self.optimizer.apply(gradients, [*own, *others])
        self._loss_tracker.update_state(loss)
        return self.compute_metrics(x, y, outputs, sample_weight=weights)


def _generator(units: int) -> keras.Model:
    """Returns a model from noise `(batch, noise)` to features `(batch, units)`."""
    body = mlp(input_shape=(_NOISE,), units=(_HIDDEN,), dropout=0.1, name="features_generator")
    made = keras.layers.Dense(units, name="features_made")(body.output)
    return keras.Model(body.input, made)


def _score(logits: tf.Tensor) -> tf.Tensor:
    """Returns `(batch,)`: the log-odds that a row is of any class against "made", of logit 0."""
    return tf.reduce_logsumexp(logits, axis=1)


def _mean_difference(features: tf.Tensor, made: tf.Tensor) -> tf.Tensor:
    """Returns the squared distance of the means of rows and of what is made."""
    apart = tf.reduce_mean(features, axis=0) - tf.reduce_mean(made, axis=0)
    return tf.reduce_sum(tf.cast(apart, tf.float32) ** 2)
