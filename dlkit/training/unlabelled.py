"""Rows without labels, that are learned from with the labels of their neighbours."""

import dataclasses

import numpy as np
from sklearn.preprocessing import normalize

from dlkit.data.pipeline import tokenize
from dlkit.data.tables import read_tables
from dlkit.data.text_rows import LabelledTexts
from dlkit.data.validation import duplicate_rows
from dlkit.errors import InputError
from dlkit.settings import TextTraining
from dlkit.tasks.features import ngram_features
from dlkit.tasks.semi_supervised import UNLABELLED, spread_labels
from dlkit.training.text_data import TextData
from dlkit.training.text_front import PIECES, encode_pieces, text_front

MOST_TEXTS = 30_000
"""So many texts without labels are learned from; of more, as many are drawn."""


class UnlabelledTexts:
    """The texts of `--unlabelled`, none where the settings name no file.

    Copies of each other and of texts with labels are left out: those of validation and test rows
    would tell the network which rows it is going to be measured by.

    Args:
        settings: Name the files, and how texts are read.
        data: The rows with labels.

    Attributes:
        texts: The texts.
        notes: Sentences for the report.
        encodings: What a frozen encoder gave for word pieces, by their bytes.

    Raises:
        InputError: The files cannot be read, or hold nothing new.
    """

    def __init__(self, settings: TextTraining, data: TextData) -> None:
        self._settings = settings
        self.encodings: dict[bytes, np.ndarray] = {}
        self.notes: list[str] = []
        self.texts = _new_texts(settings, data) if settings.unlabelled else []
        if len(self.texts) > MOST_TEXTS:
            self.notes.append(f"{MOST_TEXTS} of {len(self.texts)} unlabelled texts were drawn.")
            drawn = np.random.default_rng(settings.seed).permutation(len(self.texts))
            self.texts = [self.texts[row] for row in np.sort(drawn[:MOST_TEXTS])]

    def labelled(self, data: TextData) -> TextData:
        """Returns the same parts, these texts among those to learn from.

        Each of their labels is that of the nearest training rows (see `spread_labels`), or none
        where no label reaches a text. For a GAN none has a label, and rows that have one come so
        often that they are about half of all: every step needs some.
        """
        if not self.texts:
            return data
        if self._settings.semi_supervised == "gan":
            return data._replace(train=_beside(data.train, self.texts))
        texts = [*data.train.texts, *self.texts]
        features, absent = self._features(texts), [None] * len(self.texts)
        labels = {
            name: _spread(features, [*column, *absent])
            for name, column in data.train.labels.items()
        }
        return data._replace(train=LabelledTexts(texts, labels))

    def _features(self, texts: list[str]) -> np.ndarray:
        """Returns what the encoder gives before it learns, or else n-grams, of unit length."""
        if not self._settings.pretrained:
            return ngram_features(texts)
        reading = dataclasses.replace(
            self._settings, network="bert", network_arguments="{}", freeze_encoder=True
        )
        front = text_front(reading, texts)
        assert front.encoder is not None
        pieces = tokenize(front.tokenizer, texts)[PIECES]
        return normalize(encode_pieces(front.encoder, pieces, known=self.encodings).to_tensor())


def _new_texts(settings: TextTraining, data: TextData) -> list[str]:
    sources = list(settings.unlabelled)
    read = read_tables(sources, {"text": settings.text_column})["text"].to_pylist()
    parts = [part.texts for part in (data.train, data.validation, data.test) if part is not None]
    texts = list(dict.fromkeys(read))
    known = duplicate_rows([text for part in parts for text in part], texts)
    new = [text for text, is_known in zip(texts, known, strict=True) if not is_known]
    if not new:
        msg = "`--unlabelled` must hold texts that no labelled row has. Received: "
        raise InputError(f"{msg}{', '.join(sources)}, {len(read)} rows without. Name another file.")
    return new


def _beside(rows: LabelledTexts, texts: list[str]) -> LabelledTexts:
    times = max(1, len(texts) // len(rows.texts))
    labels = {
        name: [*(times * list(column)), *([None] * len(texts))]
        for name, column in rows.labels.items()
    }
    return LabelledTexts([*(times * rows.texts), *texts], labels)


def _spread(features: np.ndarray, column: list[str | None]) -> list[str | None]:
    """Fills a column of labels where rows have none."""
    names = sorted({name for name in column if name is not None})
    index = {name: number for number, name in enumerate(names)}
    labels = np.array([UNLABELLED if name is None else index[name] for name in column])
    found = spread_labels(features, labels).labels
    return [None if label == UNLABELLED else names[label] for label in found]
