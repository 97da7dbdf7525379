"""From encoded images to pixels, by one graph that reads files and serves."""

from typing import Any

import keras
import tensorflow as tf

MOST_PIXELS = 2**25
"""Pixels of one encoded image, that a small file may not ask for gigabytes."""

_HEADER = 32
_LUMA = (0.299, 0.587, 0.114)


@keras.saving.register_keras_serializable("dlkit")
class DecodeImages(keras.layers.Layer):
    """Decodes PNG, JPEG, BMP, GIF and WebP images, the first frame of those that move.

    Args:
        shape: `(height, width, channels)` of the pixels; 1 channel is gray, 3 are red, green, blue.
    """

    def __init__(self, *, shape: tuple[int, int, int], **kwargs: Any) -> None:
        super().__init__(dtype="uint8", trainable=False, **kwargs)
        self.shape = (int(shape[0]), int(shape[1]), int(shape[2]))

    def call(self, images: tf.Tensor) -> tf.Tensor:
        """Returns uint8 `(batch, height, width, channels)` of encoded string `(batch,)`."""
        return tf.map_fn(
            lambda image: resize_image(decode_image(image), self.shape),
            images,
            fn_output_signature=tf.TensorSpec(self.shape, tf.uint8),
        )

    def compute_output_spec(self, images: keras.KerasTensor) -> keras.KerasTensor:
        """Returns the shape and the type of the pixels."""
        return keras.KerasTensor((images.shape[0], *self.shape), "uint8")

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        config = super().get_config()
        return {"name": config["name"], "shape": list(self.shape)}


def decode_image(image: tf.Tensor) -> tf.Tensor:
    """Decodes one image, string `()`, to uint8 `(height, width, 1 to 4)`.

    An image of more than `MOST_PIXELS` ends the graph with an error, as does one that is broken.
    """
    enough = tf.debugging.assert_less_equal(
        _pixels(image), tf.constant(MOST_PIXELS, tf.int64), f"more than {MOST_PIXELS:,} pixels"
    )
    with tf.control_dependencies([enough] if enough is not None else []):
        pixels = tf.io.decode_image(tf.identity(image), expand_animations=False)
    return tf.ensure_shape(pixels, [None, None, None])


def resize_image(pixels: tf.Tensor, shape: tuple[int, int, int]) -> tf.Tensor:
    """Brings uint8 `(height, width, 1 to 4)` to a shape; what is transparent shows its color.

    Pixels that have the shape already stay as they are.
    """
    height, width, channels = shape
    colors = tf.shape(pixels)[-1]
    gray = tf.repeat(pixels[..., :1], 3, axis=-1)
    colored = tf.cond(colors >= 3, lambda: pixels[..., :3], lambda: gray)
    colored = tf.ensure_shape(colored, [None, None, 3])
    values = tf.image.resize(tf.cast(colored, tf.float32), (height, width), antialias=True)
    if channels == 1:
        values = tf.reduce_sum(values * _LUMA, axis=-1, keepdims=True)
    return tf.cast(tf.clip_by_value(tf.round(values), 0, 255), tf.uint8)


def _pixels(image: tf.Tensor) -> tf.Tensor:
    """Reads width times height off the header, int64 `()`; 0 where it is no image."""
    start = tf.strings.substr(image + tf.constant(b"\0" * _HEADER), 0, _HEADER)
    header = tf.cast(tf.io.decode_raw(start, tf.uint8), tf.int64)

    def number(place: int, size: int, *, big: bool = False) -> tf.Tensor:
        places = range(place, place + size) if big else range(place + size - 1, place - 1, -1)
        value = tf.zeros([], tf.int64)
        for i in places:
            value = value * 256 + header[i]
        return value

    def begins(letters: bytes, place: int = 0) -> tf.Tensor:
        return tf.strings.substr(start, place, len(letters)) == letters

    def jpeg() -> tf.Tensor:
        return tf.reduce_prod(tf.cast(tf.io.extract_jpeg_shape(image)[:2], tf.int64))

    def bitmap() -> tf.Tensor:
        height = number(22, 4)  # of rows from the top down it is negative
        return number(18, 4) * tf.minimum(height, 2**32 - height)

    def lossless() -> tf.Tensor:
        bits = number(21, 4)
        return (bits % 2**14 + 1) * (bits // 2**14 % 2**14 + 1)

    cases = [
        (begins(b"\x89PNG"), lambda: number(16, 4, big=True) * number(20, 4, big=True)),
        (begins(b"\xff\xd8\xff"), jpeg),
        (begins(b"GIF8"), lambda: number(6, 2) * number(8, 2)),
        (begins(b"BM"), bitmap),
        (begins(b"VP8X", 12), lambda: (number(24, 3) + 1) * (number(27, 3) + 1)),
        (begins(b"VP8L", 12), lossless),
        (begins(b"VP8 ", 12), lambda: (number(26, 2) % 2**14) * (number(28, 2) % 2**14)),
    ]
    return tf.case(cases, default=lambda: tf.zeros([], tf.int64))
