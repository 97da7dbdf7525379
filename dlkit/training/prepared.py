"""The rows of a training, tokenized once for every network and task that learns from them."""

import copy
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dlkit.data.pipeline import Rows, tokenize, tokenized_rows
from dlkit.data.text_rows import LabelledTexts
from dlkit.settings import TextTraining
from dlkit.tasks import Task, encode_targets
from dlkit.training.text_data import TextData
from dlkit.training.text_front import ENCODING, PIECES, encode_pieces, text_front


class PreparedTexts:
    """What learned from the training texts how to read, and what it read, kept in memory.

    Args:
        data: The rows.
        settings: Say how texts enter the network.
        encodings: What a frozen encoder gave for word pieces before, by their bytes.

    Attributes:
        encodings: With those that are new.

    Raises:
        InputError: The pretrained files are missing, or no network of the settings reads them.
    """

    def __init__(
        self,
        data: TextData,
        settings: TextTraining,
        *,
        encodings: dict[bytes, np.ndarray] | None = None,
    ) -> None:
        self.data = data
        self.encodings = {} if encodings is None else encodings
        self.front = text_front(settings, data.train.texts)
        self._training: dict[str, tf.RaggedTensor] = {}
        self._validation: dict[str, tf.RaggedTensor] = {}

    def training(self, features: Iterable[str], tasks: Sequence[Task]) -> Rows:
        """Returns the training rows with the named features and the targets of the tasks."""
        return self._rows(self.data.train, self._training, features, tasks)

    def validation(self, features: Iterable[str], tasks: Sequence[Task]) -> Rows:
        """Returns the validation rows with the named features and the targets of the tasks."""
        return self._rows(self.data.validation, self._validation, features, tasks)

    def labelled_again(self, task: str, labels: Sequence[str]) -> "PreparedTexts":
        """Returns the same rows with other labels `(rows,)` of a task, in the order as below."""
        again = copy.copy(self)
        again.data = self.data.labelled_again(task, labels)
        return again

    def split_again(self, held_out: np.ndarray) -> "PreparedTexts":
        """Returns the same rows split in another way; what was read is not read again.

        Args:
            held_out: bool `(rows,)` over the training rows and then those of validation, true for
                those that are to be the validation rows.
        """
        again = copy.copy(self)
        again.data = self.data.split_again(held_out)
        known = {
            name: tf.concat([value, self._validation[name]], 0)
            for name, value in self._training.items()
            if name in self._validation
        }
        again._training, again._validation = (
            {name: tf.gather(value, np.flatnonzero(part)) for name, value in known.items()}
            for part in (~held_out, held_out)
        )
        return again

    def _rows(
        self,
        part: LabelledTexts,
        known: dict[str, tf.RaggedTensor],
        features: Iterable[str],
        tasks: Sequence[Task],
    ) -> Rows:
        names = list(features)
        if missing := [name for name in names if name not in known]:
            known |= self._read(part.texts, missing)
        targets, weights = encode_targets(tasks, part.labels)
        rows = tokenized_rows({name: known[name] for name in names}, targets, weights)
        if PIECES not in names:
            return rows
        # an encoder that learns takes nearly all of the time, so that its rows are padded least
        return rows._replace(lengths=known[PIECES].row_lengths().numpy())

    def _read(self, texts: Sequence[str], names: Sequence[str]) -> dict[str, tf.RaggedTensor]:
        asked = [PIECES if name == ENCODING else name for name in names]

        def chosen(batch: Any) -> dict[str, Any]:
            ids = self.front.tokenizer(batch)
            return {name: ids[name] for name in asked}

        features = tokenize(chosen, texts)
        if self.front.encoder is not None and ENCODING in names:
            features[ENCODING] = encode_pieces(
                self.front.encoder, features.pop(PIECES), known=self.encodings
            )
        return features
