"""The table of networks over images, and how images enter them."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import keras
import numpy as np

from dlkit.networks import cnn, resnet
from dlkit.networks.augmentation import RandomView
from dlkit.networks.builders import call_builder, import_builder

_SMALLEST_CUT = 16


class ImageRecipe(NamedTuple):
    """How to fit a network over images, where nothing else is said."""

    epochs: int = 30
    batch_size: int = 64
    learning_rate: float = 2e-3
    optimizer: Literal["adamw", "sgd"] = "adamw"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    average: float | None = None
    """Share of all steps over which the weights that are kept are averaged; None keeps the last."""
    bfloat16: bool = False
    """Whether it gains from bfloat16 on CPUs that have it."""


class ImageNetwork(NamedTuple):
    """A builder from float `(batch, height, width, channels)` to features, and its recipe.

    `adapt` gets the network and training images as it will get them, before training.
    `search_space` gets hyperparameters of KerasTuner and returns arguments of the builder.
    """

    build: Callable[..., keras.Model]
    recipe: ImageRecipe = ImageRecipe()
    adapt: Callable[[keras.Model, np.ndarray], None] | None = None
    search_space: Callable[[Any], dict[str, Any]] = lambda hp: {}


def classic_cnn(
    *,
    input_shape: tuple[int, int, int],
    filters: Sequence[int] = (6, 16),
    kernel_size: int = 5,
    padding: Literal["same", "valid"] | None = None,
    dense_units: Sequence[int] = (120, 84),
    activation: str = "relu",
    batch_normalization: bool = False,
    dropout: float = 0.0,
    name: str = "cnn",
) -> keras.Model:
    """Two 5x5 convolutions of 6 and 16 filters with pooling, then dense layers of 120 and 84.

    LeCun et al., "Gradient-based learning applied to document recognition", 1998. The arguments are
    those of `image_cnn`; without `padding`, images of less than 16 pixels keep their borders.
    """
    small = min(input_shape[:2]) < _SMALLEST_CUT
    return cnn.image_cnn(
        input_shape=input_shape,
        filters=filters,
        kernel_size=kernel_size,
        padding=padding or ("same" if small else "valid"),
        dense_units=dense_units,
        activation=activation,
        batch_normalization=batch_normalization,
        dropout=dropout,
        name=name,
    )


def classic_search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `classic_cnn` from KerasTuner hyperparameters."""
    filters = {"classic": (6, 16), "twice": (12, 32), "modern": (32, 64)}
    units = {"classic": (120, 84), "one": (128,), "large": (256, 128)}
    return {
        "filters": filters[hp.Choice("filters", list(filters), default="classic")],
        "kernel_size": hp.Choice("kernel_size", [3, 5], default=5),
        "dense_units": units[hp.Choice("dense_units", list(units), default="classic")],
        "activation": hp.Choice("activation", ["relu", "gelu"], default="relu"),
        "batch_normalization": hp.Boolean("batch_normalization", default=False),
        "dropout": hp.Float("dropout", 0.0, 0.5, default=0.0),
    }


IMAGE_NETWORKS = {
    "cnn": ImageNetwork(classic_cnn, search_space=classic_search_space),
    "resnet": ImageNetwork(
        resnet.resnet,
        ImageRecipe(
            epochs=10,
            batch_size=256,
            learning_rate=0.4,
            optimizer="sgd",
            weight_decay=8e-3,
            label_smoothing=0.2,
            average=0.02,
            bfloat16=True,
        ),
        resnet.whiten_stem,
        resnet.search_space,
    ),
}
"""Networks by name."""


def find_image_network(network: str) -> ImageNetwork:
    """Finds a network by its name, or as `MODULE:BUILDER`.

    Raises:
        InputError: There is none.
    """
    if network in IMAGE_NETWORKS:
        return IMAGE_NETWORKS[network]
    return ImageNetwork(import_builder(network, IMAGE_NETWORKS)[0])


def image_network(
    network: str,
    *,
    input_shape: tuple[int, int, int],
    mean: Sequence[float],
    variance: Sequence[float],
    flip: bool = False,
    shift: int = 0,
    cutout: int = 0,
    seed: int = 0,
    name: str = "images",
    **arguments: Any,
) -> keras.Model:
    """Builds a network from pixels to features.

    Args:
        network: A name of `IMAGE_NETWORKS`, or `MODULE:BUILDER` of a body:
            `builder(*, input_shape, ...)` from images to features.
        input_shape: `(height, width, channels)`.
        mean: Of the training pixels, `(channels,)`.
        variance: Of the training pixels, `(channels,)`.
        flip: See `RandomView`.
        shift: See `RandomView`.
        cutout: See `RandomView`.
        seed: See `RandomView`.
        name: Names the model.
        arguments: Arguments of the builder.

    Returns:
        A model from a dictionary of `image` uint8 `(batch, height, width, channels)` to features
        `(batch, feature_dim)`.

    Raises:
        InputError: There is no such network, or it has no such argument.
    """
    build = find_image_network(network).build
    inputs = keras.Input(input_shape, dtype="uint8", name="image")

    scaled = keras.layers.Normalization(
        mean=list(mean), variance=list(variance), name=f"{name}_scale"
    )
    view = RandomView(flip=flip, shift=shift, cutout=cutout, seed=seed, name=f"{name}_view")
    body = call_builder(network, build, {"input_shape": input_shape, **arguments})
    features = body(view(scaled(inputs)))

    return keras.Model({"image": inputs}, features, name=name)
