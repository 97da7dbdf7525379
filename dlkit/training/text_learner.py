"""Texts that are learned again and again, with other labels and other rows held out."""

from typing import Any

import numpy as np

from dlkit.settings import TextTraining
from dlkit.tasks import Classification
from dlkit.training.fit import outputs_of
from dlkit.training.heads import refit_heads, train_heads
from dlkit.training.prepared import PreparedTexts


class TextLearner:
    """A `Learner` of texts, which are read and encoded once: that uses no label.

    Args:
        settings: How to train.
        task: Knows all labels of the rows; calibrated by `choose`.
        prepared: The rows: those of training, and after them those of validation.
        strategy: The distribution strategy.
    """

    def __init__(
        self,
        settings: TextTraining,
        task: Classification,
        prepared: PreparedTexts,
        *,
        strategy: Any,
    ) -> None:
        self._settings, self._task, self._prepared = settings, task, prepared
        self._options: dict[str, Any] = {"strategy": strategy, "folder": None}
        self._epochs = settings.epochs

    def choose(self, labels: np.ndarray) -> None:
        """See `Learner`."""
        prepared = self._labelled(labels)
        self._epochs = train_heads(self._settings, [self._task], prepared, **self._options).epochs

    def judge(self, labels: np.ndarray, held_out: np.ndarray) -> np.ndarray:
        """See `Learner`."""
        part = self._labelled(labels).split_again(held_out)
        heads = refit_heads(
            self._settings, [self._task], part, epochs=self._epochs, **self._options
        )
        outputs = outputs_of(heads, part.validation(heads.input, [self._task]), batch_size=256)
        return np.asarray(self._task.decode(outputs[self._task.name])["probabilities"])

    def _labelled(self, labels: np.ndarray) -> PreparedTexts:
        names = [self._task.classes[label] for label in labels]
        return self._prepared.labelled_again(self._task.name, names)
