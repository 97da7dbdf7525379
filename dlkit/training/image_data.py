"""The images of a training: read, checked, split."""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from dlkit.data.image_folders import broken_message
from dlkit.data.images import SAMPLE, LabelledImages, read_images
from dlkit.data.splits import Split, random_split
from dlkit.data.validation import check_known, check_labels
from dlkit.settings import ImageTraining
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


def load_image_data(settings: ImageTraining, *, label_smoothing: float) -> ImageData:
    """Reads, checks and splits.

    Args:
        settings: What to do.
        label_smoothing: Of the task.

    Raises:
        InputError: A source or its labels break a rule.
    """
    sources = settings.data or (SAMPLE,)
    rows = read_images(sources, image_size=settings.image_size, broken=settings.broken_images)
    check_labels(rows.labels, **_origin(sources))
    known = np.flatnonzero([label is not None for label in rows.labels])
    rows = rows.take(known)
    task = Classification(name="label", label_smoothing=label_smoothing, question_cost=0.5)
    task.adapt(rows.labels)
    split = _split(settings, rows)
    train, validation = rows.take(split.train), rows.take(split.validation)
    test = rows.take(split.test) if len(split.test) else None
    options = {"shape": train.pixels.shape[1:], "broken": settings.broken_images}
    if settings.validation_data:
        validation = read_other_images([settings.validation_data], task, **options)
    if settings.test_data:
        test = read_other_images([settings.test_data], task, **options)
    return ImageData(task, train, validation, test, _notes([train, validation, test]))


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


def _split(settings: ImageTraining, rows: LabelledImages) -> Split:
    fraction = settings.validation_fraction or min(0.1, _VALIDATION_ROWS / len(rows.labels))
    return random_split(
        [rows.labels],
        validation=0.0 if settings.validation_data else fraction,
        test=0.0 if settings.test_data else settings.test_fraction,
        seed=settings.seed_of_splits,
    )


def _origin(sources: Sequence[str]) -> dict[str, str]:
    return {"name": "the classes", "source": ", ".join(sources)}


def _notes(parts: Sequence[LabelledImages | None]) -> list[str]:
    broken = {bad.path: bad for part in parts if part is not None for bad in part.broken}
    return [f"Left out {broken_message(list(broken.values()))}."] if broken else []
