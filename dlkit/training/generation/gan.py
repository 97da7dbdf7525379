"""A generator and a discriminator in one model, and their step of training."""

from typing import Any

import keras
import tensorflow as tf

from dlkit.training.generation.losses import LOSSES, GanLoss


class Gan(keras.Model):
    """Learns to make data (Goodfellow et al., "Generative adversarial nets", 2014).

    `fit` takes batches of `{"image": uint8, "class": int}`, the latter where there are classes.
    After it, `averaged` is the generator to use: the moving average of the weights makes better
    data than the last of them (Yazici et al., "The unusual effectiveness of averaging in GAN
    training", 2019).

    Args:
        generator: See `dlkit.networks.gan.generator`.
        discriminator: See `dlkit.networks.gan.discriminator`.
        loss: What the two want.
        augmentation: Is applied to what the discriminator sees, real or made; None for nothing.
        momentum: Share of the average that a step keeps, once there were enough steps.
        seed: Seeds the noise.
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        *,
        loss: GanLoss = "hinge",
        augmentation: keras.layers.Layer | None = None,
        momentum: float = 0.999,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.generator, self.discriminator = generator, discriminator
        self.averaged = keras.models.clone_model(generator)
        self.averaged.set_weights(generator.get_weights())
        self.augmentation = augmentation
        self.momentum = momentum
        self.seed_generator = keras.random.SeedGenerator(seed)
        self._discriminator_wants, self._generator_wants = LOSSES[loss]
        self._means = {
            name: keras.metrics.Mean(name) for name in ("generator_loss", "discriminator_loss")
        }

    def compile(
        self,
        generator_optimizer: keras.optimizers.Optimizer,
        discriminator_optimizer: keras.optimizers.Optimizer,
    ) -> None:
        """Takes an optimizer for each of the two."""
        super().compile(optimizer=generator_optimizer, jit_compile=False)
        self.discriminator_optimizer = discriminator_optimizer
        generator_optimizer.build(self.generator.trainable_variables)
        discriminator_optimizer.build(self.discriminator.trainable_variables)

    @property
    def optimizers(self) -> list[keras.optimizers.Optimizer]:
        """Both optimizers, for a checkpoint."""
        return [self.optimizer, self.discriminator_optimizer]

    def train_step(self, batch: dict[str, tf.Tensor]) -> dict[str, Any]:
        """Improves the discriminator once, then the generator on the images it has made already."""
        real = tf.cast(batch["image"], tf.float32) / 127.5 - 1
        given = {name: value for name, value in batch.items() if name != "image"}
        size = (tf.shape(real)[0], self.generator.input["noise"].shape[-1])
        noise = keras.random.normal(size, seed=self.seed_generator)
        with tf.GradientTape() as generator_tape:
            made = self.generator({"noise": noise, **given}, training=True)
        discriminator_loss = self._improve_discriminator(real, tf.stop_gradient(made), given)
        with generator_tape:
            scores = self.discriminator({"image": self._seen(made), **given}, training=False)
            generator_loss = self._generator_wants(scores)
        variables = self.generator.trainable_variables
        self.optimizer.apply(generator_tape.gradient(generator_loss, variables), variables)
        self._move_average()
        self._means["generator_loss"].update_state(generator_loss)
        self._means["discriminator_loss"].update_state(discriminator_loss)
        return {name: mean.result() for name, mean in self._means.items()}

    def _improve_discriminator(
        self, real: tf.Tensor, made: tf.Tensor, given: dict[str, tf.Tensor]
    ) -> tf.Tensor:
        both = {name: tf.concat([value, value], 0) for name, value in given.items()}
        images = self._seen(tf.concat([real, made], 0))
        with tf.GradientTape() as tape:
            scores = self.discriminator({"image": images, **both}, training=True)
            loss = self._discriminator_wants(*tf.split(scores, 2))
        variables = self.discriminator.trainable_variables
        self.discriminator_optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    def _seen(self, images: tf.Tensor) -> tf.Tensor:
        return images if self.augmentation is None else self.augmentation(images)

    def _move_average(self) -> None:
        steps = tf.cast(self.optimizer.iterations, tf.float32)
        kept = tf.minimum(self.momentum, steps / (steps + 10))  # forgets the first weights soon
        for mean, value in zip(self.averaged.variables, self.generator.variables, strict=True):
            mean.assign(kept * mean + (1 - kept) * value)

    def call(self, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """Makes images `(batch, height, width, channels)` with the averaged weights."""
        return self.averaged(inputs, training=False)
