"""The rows of a training, tokenized once for every network and task that learns from them."""

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
        return tokenized_rows({name: known[name] for name in names}, targets, weights)

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
