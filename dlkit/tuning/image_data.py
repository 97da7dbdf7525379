"""The images that a search learns from: all but the test images, split once for each repeat."""

import dataclasses
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from PIL import Image

from dlkit.settings import ImageTraining
from dlkit.tasks.image_answers import image_answering_model
from dlkit.training.devices import prepare_devices
from dlkit.training.image_data import (
    ImageData,
    fingerprint,
    image_task,
    read_checked_images,
    read_other_images,
    split_images,
)
from dlkit.training.image_heads import train_image_heads
from dlkit.training.images import predict_labelled_images, train_image_model
from dlkit.training.scoring import measure
from dlkit.tuning.data import VALIDATION_SHARE, repeat_seed
from dlkit.tuning.image_space import ImageSearchSpace
from dlkit.tuning.options import SearchOptions
from dlkit.tuning.rows import Trained

_PROBES = 55


class ImageSearchRows:
    """See `Rows`.

    Args:
        settings: Say what to read, and how to hold out the test images that `train` would.

    Raises:
        InputError: The images or their labels break a rule.
    """

    def __init__(self, settings: ImageTraining) -> None:
        self._settings = settings
        rows, _ = read_checked_images(settings)
        task = image_task(settings, rows.labels)
        split = split_images(settings, rows)
        self._labels = rows.labels
        self._rows = rows.take(np.sort(np.concatenate([split.train, split.validation])))
        self._validation = None
        if settings.validation_data:
            options: dict[str, Any] = {"shape": rows.pixels.shape[1:]}
            options["broken"] = settings.broken_images
            self._validation = read_other_images([settings.validation_data], task, **options)
        parts = [part for part in (self._rows, self._validation) if part is not None]
        content = json.dumps([fingerprint(part) for part in parts])
        self.digest = hashlib.sha256(content.encode()).hexdigest()

    def space(self, options: SearchOptions) -> ImageSearchSpace:
        """See `Rows`."""
        searched = options.tuner != "hyperband"
        return ImageSearchSpace(self._settings, networks=options.networks, search_epochs=searched)

    def prepared(self, repeat: int, settings: ImageTraining) -> ImageData:
        """See `Rows`; each repeat has other validation images."""
        task = image_task(settings, self._labels)
        if self._validation is not None:
            return ImageData(task, self._rows, self._validation, None, [])
        how = dataclasses.replace(
            self._settings,
            validation_fraction=self._settings.validation_fraction or VALIDATION_SHARE,
            test_fraction=0.0,
            split_seed=repeat_seed(self._settings, repeat),
        )
        split = split_images(how, self._rows)
        train, validation = (self._rows.take(rows) for rows in (split.train, split.validation))
        return ImageData(task, train, validation, None, [])

    def trained(self, prepared: ImageData, settings: ImageTraining) -> Trained:
        """See `Rows`."""
        strategy = prepare_devices(
            seed=settings.seed,
            deterministic=settings.deterministic,
            mixed_precision=settings.mixed_precision,
        )
        heads, history = train_image_heads(settings, prepared, strategy=strategy, folder=None)
        model = image_answering_model(heads, prepared.task)
        predictions = predict_labelled_images(model, prepared.task, prepared.validation)
        probes = [_encoded(pixels) for pixels in prepared.validation.pixels[:_PROBES]]
        metrics = measure([predictions], [prepared.task])
        return Trained(metrics, history, lambda: model, _compiled, probes)

    def run(self, settings: ImageTraining, folder: Path) -> dict[str, Any]:
        """See `Rows`."""
        return train_image_model(settings, folder).metrics


def _compiled(model: Any) -> Any:
    return tf.function(
        lambda image: model({"image": image}, training=False),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )


def _encoded(pixels: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(file, "PNG")
    return file.getvalue()
