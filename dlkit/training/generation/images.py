"""Images from a trained generator."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dlkit.training.run_folder import write_atomically

_BATCH = 256


def make_images(
    generator: keras.Model, count: int, *, seed: int, classes: np.ndarray | None = None
) -> np.ndarray:
    """Makes images.

    Args:
        generator: See `dlkit.networks.gan.generator`.
        count: How many.
        seed: Seeds the noise; the first images are the same for any count.
        classes: int `(count,)` for a generator by class.

    Returns:
        uint8 `(count, height, width, channels)`.
    """
    size = generator.input["noise"].shape[-1]
    noise = np.random.default_rng(seed).standard_normal((count, size), np.float32)
    inputs = {"noise": noise}
    if classes is not None:
        inputs["class"] = np.asarray(classes, np.int32)
    made = generator.predict(inputs, batch_size=_BATCH, verbose=0)
    return np.rint((made + 1) * 127.5).astype(np.uint8)


def image_grid(images: np.ndarray, *, columns: int) -> np.ndarray:
    """Puts images side by side, row after row; places left over stay black.

    Args:
        images: uint8 `(images, height, width, channels)`.
        columns: How many are side by side.

    Returns:
        uint8 `(rows * height, columns * width, channels)`.
    """
    count, height, width, channels = images.shape
    rows = -(-count // columns)
    padded = np.zeros((rows * columns, height, width, channels), np.uint8)
    padded[:count] = images
    grid = padded.reshape(rows, columns, height, width, channels).swapaxes(1, 2)
    return grid.reshape(rows * height, columns * width, channels)


def write_png(path: Path, image: np.ndarray) -> None:
    """Writes uint8 `(height, width, channels)` with 1 or 3 channels, atomically."""
    encoded = tf.io.encode_png(image).numpy()
    write_atomically(path, lambda temporary: temporary.write_bytes(encoded))
