"""Which known question a message asks in other words."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlkit.errors import InputError

LEXICAL_WEIGHT = 0.2
"""Of the similarity of words, beside that of meaning; the best of 0, 0.1 ... 1 on the validation
rows of clinc150 (`benchmarks/replies.py --weights`)."""

_SLOPE, _GAP_SLOPE, _OFFSET = 5.5, 10.0, -4.2
"""Logistic regression of whether the best match is right, on its similarity and its lead, fitted
on those rows with half of the intents missing in the answer base."""


class Match(NamedTuple):
    """The best entry for a message, and the best of those that reply otherwise.

    Attributes:
        best: Number of the entry.
        other: Number of the entry, or None where all reply the same.
        confidence: Chance that the best one is right, from 0 to 1.
        other_confidence: Chance that the other one is; the two are at most 1 together.
    """

    best: int
    other: int | None
    confidence: float
    other_confidence: float


class Matcher:
    """Compares messages with questions by their vectors and by their words.

    Args:
        questions: At least one.
        vectors: float32 `(questions, size)` of length 1.
        replies: What each question is replied, to tell which questions are the same.
        lexical_weight: Share of the similarity of words in the sum, from 0 to 1.

    Raises:
        InputError: The questions have no words.
    """

    def __init__(
        self,
        questions: Sequence[str],
        vectors: np.ndarray,
        replies: Sequence[str],
        *,
        lexical_weight: float = LEXICAL_WEIGHT,
    ) -> None:
        from dlkit.evaluation.baselines import tfidf_features

        self._words = tfidf_features(len(questions))
        try:
            self._table = self._words.fit_transform(questions)
        except ValueError as error:
            msg = "`--replies` must have questions with words. Received: "
            raise InputError(f"{msg}{len(questions)} questions ({error}). Add some.") from error
        self._vectors = vectors
        self._groups = np.unique(np.asarray(replies, object).astype(str), return_inverse=True)[1]
        self._lexical_weight = lexical_weight

    def similarities(self, text: str, vector: np.ndarray) -> np.ndarray:
        """Returns float64 `(questions,)`, at most 1, of a message and its vector `(size,)`."""
        words = (self._table @ self._words.transform([text]).T).toarray()[:, 0] / 2  # two blocks
        meaning = self._vectors.astype(np.float64) @ vector
        return self._lexical_weight * words + (1 - self._lexical_weight) * meaning

    def match(self, text: str, vector: np.ndarray, allowed: np.ndarray) -> Match:
        """Finds the best question among those that are allowed.

        Args:
            text: The message.
            vector: float32 `(size,)` of length 1.
            allowed: bool `(questions,)`, at least one true.
        """
        similarity = np.where(allowed, self.similarities(text, vector), -1.0)
        best = int(similarity.argmax())
        others = np.where(self._groups == self._groups[best], -1.0, similarity)
        other = int(others.argmax())
        if others[other] <= -1.0:
            return Match(best, None, _confidence(similarity[best], 0.0), 0.0)
        lead = similarity[best] - others[other]
        first = _confidence(similarity[best], lead)
        second = _confidence(others[other], -lead)
        scale = max(1.0, first + second)
        return Match(best, other, first / scale, second / scale)


def _confidence(similarity: float, lead: float) -> float:
    return 1 / (1 + math.exp(-(_SLOPE * similarity + _GAP_SLOPE * lead + _OFFSET)))
