"""From images to named answers: the model that a run saves and an export serves."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.data.image_decoding import DecodeImages
from dlkit.tasks.answers import Answers
from dlkit.tasks.base import Task

_BATCH = 256


def mirrored_heads(heads: keras.Model, *, flip: bool) -> keras.Model:
    """Returns heads without their optimizer; with `flip` they see each image and its mirror image.

    Args:
        heads: From `image` uint8 `(batch, height, width, channels)` to `{task: outputs}`.
        flip: Whether to return the mean of the outputs for both.
    """
    bare = keras.Model(heads.input, heads.output, name="heads-bare")
    if not flip:
        return keras.Model(heads.input, bare(heads.input), name="heads")
    image = heads.input["image"]
    outputs, others = bare({"image": image}), bare({"image": keras.ops.flip(image, axis=2)})
    means = {
        name: keras.layers.Average(dtype="float32", name=f"{name}_mean")([outputs[name], other])
        for name, other in others.items()
    }
    return keras.Model({"image": image}, means, name="heads")


def image_answering_model(heads: keras.Model, task: Task) -> keras.Model:
    """Puts decoding before and after trained heads: the graph that serves.

    Args:
        heads: As of `mirrored_heads`.
        task: The task, calibrated.

    Returns:
        A model from `image`, encoded string `(batch,)`, to a dictionary of named answers.
    """
    image = keras.Input((), dtype="string", name="image")
    pixels = DecodeImages(shape=heads.input["image"].shape[1:], name="decode-images")(image)
    answers = Answers(tasks=[task])(heads({"image": pixels}))
    return keras.Model({"image": image}, answers, name="answering")


def pixel_shape(model: keras.Model) -> tuple[int, int, int]:
    """Returns `(height, width, channels)` of what an answering model decodes images to."""
    return model.get_layer("decode-images").shape


def answer_pixels(model: keras.Model, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Answers images that are decoded already.

    Args:
        model: The answering model of a run.
        pixels: uint8 `(rows, height, width, channels)` of `pixel_shape`.

    Returns:
        The named answers, arrays `(rows, ...)`.
    """
    heads, answers = model.get_layer("heads"), model.get_layer("answers")
    compiled = _compiled(
        lambda image: answers(heads({"image": image}, training=False)),
        tf.TensorSpec([None, *pixel_shape(model)], tf.uint8),
    )
    starts = range(0, len(pixels), _BATCH)
    parts = [compiled(tf.constant(pixels[start : start + _BATCH])) for start in starts]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def answer_images(
    model: keras.Model, images: Iterable[bytes], *, batch_size: int
) -> Iterator[dict[str, np.ndarray]]:
    """Answers encoded images in bounded memory.

    Yields:
        The named answers of a batch, arrays `(batch, ...)`.
    """
    compiled = _compiled(
        lambda image: model({"image": image}, training=False), tf.TensorSpec([None], tf.string)
    )
    images = iter(images)
    while batch := list(islice(images, batch_size)):
        yield {name: value.numpy() for name, value in compiled(tf.constant(batch)).items()}


def _compiled(
    answer: Callable[[tf.Tensor], dict[str, tf.Tensor]], spec: tf.TensorSpec
) -> Callable[[Any], dict[str, tf.Tensor]]:
    return tf.function(answer, input_signature=[spec])
