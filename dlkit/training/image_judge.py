"""Images that are learned again and again, with other labels and other rows held out."""

from typing import Any

import numpy as np

from dlkit.data.images import LabelledImages
from dlkit.settings import ImageTraining
from dlkit.tasks import Classification
from dlkit.training.devices import prepare_devices
from dlkit.training.fit import outputs_of
from dlkit.training.image_data import ImageData
from dlkit.training.image_heads import image_recipe, image_rows, refit_image_heads

_BATCH = 256


class ImageJudge:
    """A `Judge` of images.

    It trains all epochs: the learning rate falls to zero over them, so that the last is the best.
    The temperature is set on the rows that are held out, whose labels the network has not learned.

    Args:
        settings: How to train; nothing is held out for a test.
        task: Knows all labels of the rows; calibrated by `judge`.
        rows: The images.
    """

    def __init__(self, settings: ImageTraining, task: Classification, rows: LabelledImages) -> None:
        self._settings, self._task, self._rows = settings, task, rows

    def judge(self, labels: np.ndarray, held_out: np.ndarray) -> np.ndarray:
        """See `Judge`."""
        data = self._data(labels, np.flatnonzero(~held_out), np.flatnonzero(held_out))
        epochs = image_recipe(self._settings).epochs
        heads = refit_image_heads(self._settings, data, epochs=epochs, strategy=self._strategy())
        rows = image_rows(data.validation, self._task)
        outputs = outputs_of(heads, rows, batch_size=_BATCH)[self._task.name]
        self._task.calibrate(outputs, rows.targets[self._task.name])
        return np.asarray(self._task.decode(outputs)["probabilities"])

    def _data(self, labels: np.ndarray, train: np.ndarray, validation: np.ndarray) -> ImageData:
        rows = self._labelled(labels)
        return ImageData(self._task, rows.take(train), rows.take(validation), None, [])

    def _labelled(self, labels: np.ndarray) -> LabelledImages:
        return self._rows._replace(labels=[self._task.classes[label] for label in labels])

    def _strategy(self) -> Any:
        """Seeds each training, whatever was trained before."""
        return prepare_devices(
            seed=self._settings.seed,
            deterministic=self._settings.deterministic,
            mixed_precision=self._settings.mixed_precision,
        )
