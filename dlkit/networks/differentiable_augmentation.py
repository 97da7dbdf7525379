"""Changes to images that a gradient flows through."""

from typing import Any

import keras
from keras import ops

_BRIGHTNESS, _CONTRAST, _SHIFT, _CUT = 0.5, 0.5, 8, 2


@keras.saving.register_keras_serializable("dlkit")
class DifferentiableAugmentation(keras.layers.Layer):
    """Changes brightness and contrast, moves, and cuts a hole, at random for each image.

    A discriminator that sees real and made images only so changed cannot learn few real images by
    heart, and the generator still learns from it, because the changes have a gradient (Zhao et
    al., "Differentiable augmentation for data-efficient GAN training", 2020). What is moved in and
    what is cut is 0.

    Args:
        seed: Seeds the changes.

    Example:
    ```python
    images = DifferentiableAugmentation()(images)  # (batch, height, width, channels)
    ```
    """

    def __init__(self, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, images: Any) -> Any:
        """From float `(batch, height, width, channels)` about 0 to the same shape."""
        height, width = images.shape[1:3]
        images = self._recoloured(images)
        images = _moved(images, self._offsets(images, height // _SHIFT), axis=1)
        images = _moved(images, self._offsets(images, width // _SHIFT), axis=2)
        top, left = self._offsets(images, height // 2), self._offsets(images, width // 2)
        hole = _near(top, height)[:, :, None, None] & _near(left, width)[:, None, :, None]
        return ops.where(hole, ops.zeros_like(images), images)

    def _recoloured(self, images: Any) -> Any:
        rows = (ops.shape(images)[0], 1, 1, 1)
        mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
        contrast = keras.random.uniform(
            rows, 1 - _CONTRAST, 1 + _CONTRAST, seed=self.seed_generator
        )
        brightness = keras.random.uniform(rows, -_BRIGHTNESS, _BRIGHTNESS, seed=self.seed_generator)
        return (images - mean) * contrast + mean + brightness

    def _offsets(self, images: Any, most: int) -> Any:
        """Draws int `(batch,)` from -most to most."""
        return keras.random.randint(
            (ops.shape(images)[0],), -most, most + 1, seed=self.seed_generator
        )

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "seed": self.seed}


def _moved(images: Any, offsets: Any, *, axis: int) -> Any:
    """Moves each image by its offset along an axis; 0 comes in."""
    size = images.shape[axis]
    source = ops.arange(size)[None, :] - offsets[:, None]  # (batch, size)
    inside = (source >= 0) & (source < size)
    shape = [-1, 1, 1, 1]
    shape[axis] = size
    index = ops.reshape(ops.clip(source, 0, size - 1), shape)
    moved = ops.take_along_axis(images, index, axis=axis)
    return ops.where(ops.reshape(inside, shape), moved, ops.zeros_like(moved))


def _near(offsets: Any, size: int) -> Any:
    """Marks the positions around the middle, moved by the offsets: bool `(batch, size)`."""
    distance = ops.arange(size)[None, :] - (size // 2 + offsets)[:, None]
    reach = size // (2 * _CUT)
    return (distance >= -reach) & (distance < reach)
