"""Two networks that learn from each other: one makes images, one tells them from real ones."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from dlkit.errors import InputError
from dlkit.networks.arguments import check_count, check_counts, check_shape

_KERNEL = 4  # twice the stride, so that every pixel is made, and seen, equally often
_SLOPE = 0.2


def generator(
    *,
    image_shape: tuple[int, int, int],
    classes: int = 0,
    noise_units: int = 64,
    class_units: int = 32,
    filters: Sequence[int] = (128, 64),
    name: str = "generator",
) -> keras.Model:
    """Transposed convolutions from noise to an image, each of which doubles its sides.

    Radford, Metz and Chintala, "Unsupervised representation learning with deep convolutional
    generative adversarial networks", 2016.

    Args:
        image_shape: `(height, width, channels)`; its sides can be halved once for each filter.
        classes: How many classes of images there are; 0 for images without.
        noise_units: Size of the noise.
        class_units: Size of the vector that stands for a class.
        filters: Channels before each doubling.
        name: Names the model.

    Returns:
        A model from `noise` float `(batch, noise_units)`, and `class` int `(batch,)` where there
        are classes, to images float `(batch, height, width, channels)` from -1 to 1.

    Raises:
        InputError: If an argument is out of range.

    Example:
    ```python
    model = generator(image_shape=(28, 28, 1), classes=10)
    images = model({"noise": keras.random.normal((2, 64)), "class": ops.array([3, 7])})
    ```
    """
    check_count(noise_units=noise_units, class_units=class_units)
    height, width = _smallest(image_shape, classes, filters)

    inputs = {"noise": keras.Input((noise_units,), name="noise")}
    if classes:
        inputs["class"] = keras.Input((), dtype="int32", name="class")

    x = inputs["noise"]
    if classes:
        embed = keras.layers.Embedding(classes, class_units, name=f"{name}_class")
        x = keras.layers.Concatenate(name=f"{name}_noise_and_class")([x, embed(inputs["class"])])
    x = keras.layers.Dense(height * width * filters[0], use_bias=False, name=f"{name}_dense")(x)
    x = keras.layers.Reshape((height, width, filters[0]), name=f"{name}_reshape")(x)
    for i, count in enumerate([*filters[1:], image_shape[-1]]):
        x = keras.layers.BatchNormalization(name=f"{name}_normalization_{i}")(x)
        x = keras.layers.ReLU(name=f"{name}_activation_{i}")(x)
        x = keras.layers.Conv2DTranspose(
            count, _KERNEL, strides=2, padding="same", name=f"{name}_conv_{i}"
        )(x)
    images = keras.layers.Activation("tanh", dtype="float32", name=f"{name}_image")(x)

    return keras.Model(inputs, images, name=name)


def discriminator(
    *,
    image_shape: tuple[int, int, int],
    classes: int = 0,
    filters: Sequence[int] = (64, 128),
    name: str = "discriminator",
) -> keras.Model:
    """Convolutions from an image to how real it looks, each of which halves its sides.

    Every kernel has spectral norm 1 (Miyato et al., "Spectral normalization for generative
    adversarial networks", 2018). Where there are classes, the score also says how well the image
    suits its class (Miyato and Koyama, "cGANs with projection discriminator", 2018).

    Args:
        image_shape: As for `generator`.
        classes: As for `generator`.
        filters: Filters of each convolution.
        name: Names the model.

    Returns:
        A model from `image` float `(batch, height, width, channels)`, and `class` int `(batch,)`
        where there are classes, to scores `(batch, 1)`, higher for real images.

    Raises:
        InputError: If an argument is out of range.

    Example:
    ```python
    model = discriminator(image_shape=(28, 28, 1), classes=10)
    ```
    """
    height, width = _smallest(image_shape, classes, filters)

    inputs = {"image": keras.Input(image_shape, name="image")}
    if classes:
        inputs["class"] = keras.Input((), dtype="int32", name="class")

    x = inputs["image"]
    for i, count in enumerate(filters):
        conv = keras.layers.Conv2D(
            count, _KERNEL, strides=2, padding="same", name=f"{name}_conv_{i}"
        )
        x = _normalized(conv)(x)
        x = keras.layers.LeakyReLU(_SLOPE, name=f"{name}_activation_{i}")(x)
    x = keras.layers.Flatten(name=f"{name}_flatten")(x)
    score = _normalized(keras.layers.Dense(1, dtype="float32", name=f"{name}_real"))(x)
    if classes:
        size = height * width * filters[-1]
        embed = keras.layers.Dense(size, use_bias=False, name=f"{name}_class")
        vectors = _normalized(embed)(ops.one_hot(inputs["class"], classes))
        suits = keras.layers.Dot(1, name=f"{name}_suits")([x, vectors])
        score = keras.layers.Add(dtype="float32", name=f"{name}_score")([score, suits])

    return keras.Model(inputs, score, name=name)


def halvings(image_shape: tuple[int, int, int]) -> int:
    """Returns how many filters suit images `(height, width, channels)`: down to 4 to 8 pixels.

    Two at least, as for images of 8 x 8 pixels.
    """
    return max(2, (min(image_shape[:2]) // 8).bit_length())


def _normalized(layer: keras.layers.Layer) -> keras.layers.Layer:
    return keras.layers.SpectralNormalization(layer, name=f"{layer.name}_spectral")


def _smallest(image_shape: Any, classes: Any, filters: Any) -> tuple[int, int]:
    """Returns the sides after all halvings; raises InputError where an argument is wrong."""
    check_shape(image_shape, axes=("height", "width", "channels"), name="image_shape")
    check_counts(filters=filters)
    if classes:
        check_count(classes=classes)
    factor = 2 ** len(filters)
    if any(side % factor for side in image_shape[:2]):
        raise InputError(
            f"`image_shape` must have sides that {len(filters)} `filters` can halve, multiples of "
            f"{factor}. Received: {tuple(image_shape)}. Give fewer filters, or other images."
        )
    return image_shape[0] // factor, image_shape[1] // factor
