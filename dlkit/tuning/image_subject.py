"""Searches of applications that answer images."""

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np

from dlkit.errors import DivergenceError
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
from dlkit.tuning.data import VALIDATION_SHARE
from dlkit.tuning.image_options import ImageSearch
from dlkit.tuning.image_space import ImageSpace
from dlkit.tuning.trial import Job, objective_of, run_guarded


class ImageSubject:
    """What a search of an application of images is about, see `Subject`.

    Args:
        name: That of the application.
        settings: The class of its settings.
    """

    def __init__(self, name: str, settings: type[ImageTraining]) -> None:
        self.name, self.settings = name, settings

    def rows(self, settings: ImageTraining) -> "ImageRows":
        """Reads labelled images."""
        return ImageRows(settings)

    def space(self, rows: "ImageRows", settings: ImageTraining, options: ImageSearch) -> ImageSpace:
        """Says which networks and settings may change."""
        searched = options.tuner != "hyperband"
        return ImageSpace(settings, networks=options.networks, search_epochs=searched)

    def train(self, settings: ImageTraining, folder: Path) -> dict[str, Any]:
        """Trains on all images but those of the test."""
        return train_image_model(settings, folder).metrics


class ImageRows:
    """Images read once, without those of the test; each repeat has other validation images.

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

    def split(self, repeat: int, settings: ImageTraining) -> ImageData:
        """Splits into training and validation images, with the task that the settings say."""
        task = image_task(settings, self._labels)
        if self._validation is not None:
            return ImageData(task, self._rows, self._validation, None, [])
        how = dataclasses.replace(
            self._settings,
            validation_fraction=self._settings.validation_fraction or VALIDATION_SHARE,
            test_fraction=0.0,
            test_data=None,
            split_seed=(self._settings.seed_of_splits + 7919 * repeat) % 2**31,
        )
        split = split_images(how, self._rows)
        train, validation = (self._rows.take(rows) for rows in (split.train, split.validation))
        return ImageData(task, train, validation, None, [])

    def run(self, job: Job, options: ImageSearch) -> dict[str, Any]:
        """Trains a job and measures it in validation."""
        return run_guarded(job, lambda: self._train(job, options))

    def _train(self, job: Job, options: ImageSearch) -> dict[str, Any]:
        settings, data = job.settings, self.split(job.repeat, job.settings)
        strategy = prepare_devices(
            seed=settings.seed,
            deterministic=settings.deterministic,
            mixed_precision=settings.mixed_precision,
        )
        heads, history = train_image_heads(settings, data, strategy=strategy, folder=None)
        model = image_answering_model(heads, data.task)
        metrics = measure([predict_labelled_images(model, data.task, data.validation)], [data.task])
        objective = objective_of(metrics, options.objective)
        if not np.isfinite(objective):
            msg = "`--learning-rate` must let the training converge. Received: "
            raise DivergenceError(f"{msg}{settings.learning_rate}.")
        return {
            "status": "completed",
            "score": objective,
            "objective": objective,
            "cost": None,
            "metrics": metrics,
            "history": history,
        }
