"""Labelled images from TensorFlow Datasets."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from dlkit.data.columns import Wanted
from dlkit.data.image_decoding import resize_image
from dlkit.data.tfds import class_names, prepared_builder, rows_of_split

_BATCH = 1024


class TfdsImages(NamedTuple):
    """A split of a data set of images.

    Args:
        rows: Number of images.
        shape: `(height, width, channels)`, None where images differ.
        read: Gets `(height, width, channels)` and returns uint8 `(rows, height, width, channels)`
            and the labels `(rows,)`.
    """

    rows: int
    shape: tuple[int | None, int | None, int | None]
    read: Callable[[tuple[int, int, int]], tuple[np.ndarray, list[str | None]]]


def tfds_images(spec: str) -> TfdsImages:
    """Finds the images and the classes of a split by their types.

    Args:
        spec: `tfds:NAME[/config][:split]`, as of `dlkit.data.tfds.read_tfds`.

    Raises:
        InputError: There is no such data set or split, or it has no images with classes.
    """
    import tensorflow_datasets as tfds

    wanted = Wanted(spec, {"image": "image", "label": "label"})
    name, _, split = spec.removeprefix("tfds:").partition(":")
    builder = prepared_builder(name, wanted)
    features = dict(builder.info.features) if hasattr(builder.info.features, "keys") else {}
    image = _only(features, tfds.features.Image, wanted)
    label = _only(features, tfds.features.ClassLabel, wanted)
    rows = rows_of_split(builder, split or "train", wanted)

    def read(shape: tuple[int, int, int]) -> tuple[np.ndarray, list[str | None]]:
        given = features[image].shape == shape
        batches = rows.map(
            lambda row: (row[image] if given else resize_image(row[image], shape), row[label]),
            num_parallel_calls=tf.data.AUTOTUNE,
        ).batch(_BATCH)
        parts = list(batches.as_numpy_iterator())
        empty = np.zeros((0, *shape), np.uint8)
        pixels = np.concatenate([empty, *(pixels for pixels, _ in parts)])
        numbers = np.concatenate([np.zeros(0, np.int64), *(numbers for _, numbers in parts)])
        return pixels, class_names(numbers, features[label])

    return TfdsImages(int(rows.cardinality()), features[image].shape, read)


def _only(features: dict[str, Any], kind: type, wanted: Wanted) -> str:
    found = [name for name, feature in features.items() if isinstance(feature, kind)]
    if len(found) != 1:
        listed = ", ".join(f"`{name}`" for name in features)
        raise wanted.error(
            f"the data set must have one feature of type {kind.__name__}, but has {len(found)} "
            f"among {listed}; choose another data set"
        )
    return found[0]
