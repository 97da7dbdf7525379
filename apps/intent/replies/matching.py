"""Which known question a message asks in other words."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dlkit.errors import InputError


class Calibration(NamedTuple):
    """How similarities become a confidence.

    Attributes:
        lexical_weight: Of the similarity of words, beside that of meaning.
        slope: Of the similarity in a logistic regression of whether the best match is right.
        lead_slope: Of its lead over the best one with another reply.
        offset: Of the regression.
    """

    lexical_weight: float
    slope: float
    lead_slope: float
    offset: float


PRETRAINED, LEARNED = Calibration(0.2, 5.5, 10.0, -4.2), Calibration(0.8, 5.9, 6.1, -3.7)
"""For vectors of a pretrained encoder, and for those that a run has learned for its own classes.

The weights are the best of 0, 0.1 ... 1 on the validation rows of clinc150, see
`benchmarks/replies.py --weights`; the regressions are fitted there, with half of the classes
missing among the questions, those of `LEARNED` on the similarity of words alone.
"""


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
        calibration: Weighs words and meaning.

    Raises:
        InputError: The questions have no words.
    """

    def __init__(
        self,
        questions: Sequence[str],
        vectors: np.ndarray,
        replies: Sequence[str],
        *,
        calibration: Calibration,
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
        self._calibration = calibration

    def similarities(self, text: str, vector: np.ndarray) -> np.ndarray:
        """Returns float64 `(questions,)`, at most 1, of a message and its vector `(size,)`."""
        words = (self._table @ self._words.transform([text]).T).toarray()[:, 0] / 2  # two blocks
        meaning = self._vectors.astype(np.float64) @ vector
        weight = self._calibration.lexical_weight
        return weight * words + (1 - weight) * meaning

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
            return Match(best, None, self._confidence(similarity[best], 0.0), 0.0)
        lead = similarity[best] - others[other]
        first = self._confidence(similarity[best], lead)
        second = self._confidence(others[other], -lead)
        scale = max(1.0, first + second)
        return Match(best, other, first / scale, second / scale)

    def _confidence(self, similarity: float, lead: float) -> float:
        _, slope, lead_slope, offset = self._calibration
        return 1 / (1 + math.exp(-(slope * similarity + lead_slope * lead + offset)))
