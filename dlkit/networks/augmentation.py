"""What training does to images so that a network learns more from them."""

from typing import Any

import keras
from keras import ops

from dlkit.errors import InputError


@keras.saving.register_keras_serializable("dlkit")
class RandomView(keras.layers.Layer):
    """Mirrors, moves and partly hides each image at random while a network trains.

    Where an image is moved, its mirror image fills the border; what is hidden becomes 0 (DeVries
    and Taylor, "Improved regularization of convolutional neural networks with cutout", 2017).

    Args:
        flip: Whether half of the images are mirrored left to right.
        shift: Most pixels that an image is moved in each direction.
        cutout: Height and width of the square that is hidden; 0 for none.
        seed: Seeds all of it.
    """

    def __init__(
        self,
        *,
        flip: bool = False,
        shift: int = 0,
        cutout: int = 0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, value in (("shift", shift), ("cutout", cutout)):
            if not isinstance(value, int) or value < 0:
                msg = f"`{name}` must be a whole number of at least 0. Received: {value!r}."
                raise InputError(f"{msg} Give a number of pixels.")
        self.flip, self.shift, self.cutout, self.seed = flip, shift, cutout, seed
        self.random = keras.random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        """Returns float `(batch, height, width, channels)`, changed in training only."""
        if not training:
            return images
        if self.flip:
            chance = keras.random.uniform((ops.shape(images)[0], 1, 1, 1), seed=self.random)
            images = ops.where(chance < 0.5, ops.flip(images, axis=2), images)
        if self.shift:
            images = self._shifted(images)
        if self.cutout:
            images = self._cut_out(images)
        return images

    def _shifted(self, images: Any) -> Any:
        _, height, width, channels = images.shape
        border = (self.shift, self.shift)
        images = ops.pad(images, ((0, 0), border, border, (0, 0)), mode="reflect")
        batch, span = ops.shape(images)[0], 2 * self.shift
        tops, lefts = self._places(batch, (span + 1, span + 1))
        rows = (ops.arange(batch) * (height + span) + tops)[:, None] + ops.arange(height)
        pixels = (rows * (width + span) + lefts[:, None])[:, :, None] + ops.arange(width)
        return ops.take(ops.reshape(images, (-1, channels)), pixels, axis=0)

    def _cut_out(self, images: Any) -> Any:
        _, height, width, _ = images.shape
        rows, columns = self._places(ops.shape(images)[0], (height, width))
        hidden = ops.logical_and(
            self._covered(rows, height)[:, :, None, None],
            self._covered(columns, width)[:, None, :, None],
        )
        return ops.where(hidden, ops.zeros_like(images), images)

    def _covered(self, centers: Any, size: int) -> Any:
        """Returns bool `(batch, size)`: what a square around centers `(batch,)` covers."""
        starts = centers[:, None] - self.cutout // 2
        places = ops.arange(size)
        return ops.logical_and(places >= starts, places < starts + self.cutout)

    def _places(self, rows: Any, sizes: tuple[int, int]) -> list[Any]:
        return [
            keras.random.randint((rows,), 0, size, dtype="int32", seed=self.random)
            for size in sizes
        ]

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Returns the shape of the images."""
        return shape

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        own = {name: getattr(self, name) for name in ("flip", "shift", "cutout", "seed")}
        return {**super().get_config(), **own}
