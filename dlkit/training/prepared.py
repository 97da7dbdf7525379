"""The rows of a training, tokenized once for every network and task that learns from them."""

from collections.abc import Iterable, Sequence
from typing import Any

import tensorflow as tf

from dlkit.data.pipeline import Rows, tokenize, tokenized_rows
from dlkit.data.text_rows import LabelledTexts
from dlkit.tasks import Task, encode_targets
from dlkit.text.tokenizer import Tokenizer
from dlkit.training.text_data import TextData


class PreparedTexts:
    """An adapted tokenizer and the ids that it gave, kept in memory.

    Args:
        data: The rows.
        max_words: See `Tokenizer`.
    """

    def __init__(self, data: TextData, *, max_words: int) -> None:
        self.data = data
        self.tokenizer = Tokenizer(max_words=max_words)
        self.tokenizer.adapt(data.train.texts)
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

            def chosen(texts: Any) -> dict[str, Any]:
                ids = self.tokenizer(texts)
                return {name: ids[name] for name in missing}

            known |= tokenize(chosen, part.texts)
        targets, weights = encode_targets(tasks, part.labels)
        return tokenized_rows({name: known[name] for name in names}, targets, weights)
