"""The images of a training: read, checked, split."""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dlkit.data.image_corrections import correct_image_labels
from dlkit.data.image_folders import broken_message
from dlkit.data.images import LabelledImages, read_images
from dlkit.data.splits import Split, random_split
from dlkit.data.validation import check_known, check_labels
from dlkit.networks.image import find_image_network
from dlkit.settings import SAMPLE, ImageTraining
from dlkit.tasks import Classification

_VALIDATION_ROWS = 2000


class ImageData(NamedTuple):
    """The three parts, all of one shape; `test` is None where nothing is held out."""

    task: Classification
    train: LabelledImages
    validation: LabelledImages
    test: LabelledImages | None
    notes: list[str]

    @property
    def shape(self) -> tuple[int, int, int]:
        """Returns `(height, width, channels)`."""
        height, width, channels = self.train.pixels.shape[1:]
        return height, width, channels


def load_image_data(settings: ImageTraining) -> ImageData:
    """Reads, checks and splits.

    Raises:
        InputError: A source or its labels break a rule.
    """
    rows, notes = read_checked_images(settings)
    task = image_task(settings, rows.labels)
    split = split_images(settings, rows)
    train, validation = rows.take(split.train), rows.take(split.validation)
    test = rows.take(split.test) if len(split.test) else None
    options = {"shape": train.pixels.shape[1:], "broken": settings.broken_images}
    if settings.validation_data:
        validation = read_other_images([settings.validation_data], task, **options)
    if settings.test_data:
        test = read_other_images([settings.test_data], task, **options)
    notes += _broken_notes([train, validation, test])
    return ImageData(task, train, validation, test, notes)


def read_checked_images(settings: ImageTraining) -> tuple[LabelledImages, list[str]]:
    """Reads the images of all parts that have a label, corrected as the settings say.

    Returns:
        The images, and what a report should say of them.

    Raises:
        InputError: A source, its labels or the corrections break a rule.
    """
    sources, notes = settings.data or (SAMPLE,), list[str]()
    rows = read_images(sources, image_size=settings.image_size, broken=settings.broken_images)
    if settings.corrections:
        rows, note = correct_image_labels(rows, settings.corrections)
        notes.append(note)
    check_labels(rows.labels, **_origin(sources))
    return rows.take(np.flatnonzero([label is not None for label in rows.labels])), notes


def image_task(settings: ImageTraining, labels: Sequence[str | None]) -> Classification:
    """Returns the task that the settings say, adapted to labels."""
    smoothing = settings.label_smoothing
    if smoothing is None:
        smoothing = find_image_network(settings.network).recipe.label_smoothing
    task = Classification(name="label", label_smoothing=smoothing, question_cost=0.5)
    task.adapt(labels)
    return task


def read_other_images(
    sources: Sequence[str], task: Classification, **options: Any
) -> LabelledImages:
    """Reads validation or test images, whose classes must be known.

    Raises:
        InputError: They cannot be read, or a class was not seen in training.
    """
    rows = read_images(sources, **options)
    check_known(rows.labels, task.classes, **_origin(sources))
    return rows.take(np.flatnonzero([label is not None for label in rows.labels]))


def fingerprint(rows: LabelledImages) -> list[Any]:
    """Says what rows are, as JSON holds it."""
    return [hashlib.sha256(np.ascontiguousarray(rows.pixels).data).hexdigest(), rows.labels]


def split_images(settings: ImageTraining, rows: LabelledImages) -> Split:
    """Splits as the settings say; what has a source of its own is not split off."""
    fraction = settings.validation_fraction or min(0.1, _VALIDATION_ROWS / len(rows.labels))
    return random_split(
        [rows.labels],
        validation=0.0 if settings.validation_data else fraction,
        test=0.0 if settings.test_data else settings.test_fraction,
        seed=settings.seed_of_splits,
    )


def _origin(sources: Sequence[str]) -> dict[str, str]:
    return {"name": "--data", "source": ", ".join(sources)}


def _broken_notes(parts: Sequence[LabelledImages | None]) -> list[str]:
    broken = {bad.path: bad for part in parts if part is not None for bad in part.broken}
    return [f"Left out {broken_message(list(broken.values()))}."] if broken else []
