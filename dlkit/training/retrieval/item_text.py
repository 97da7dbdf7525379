"""The terms of items: words, pairs of words and whole tags, weighted."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from sklearn.feature_extraction.text import TfidfVectorizer

from dlkit.data.items import Items
from dlkit.training.run_folder import read_json, write_json

_FILE = "terms.json"
_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002ffff"
_WORD = re.compile(rf"[{_HAN}]|[^\W{_HAN}]+")  # Chinese has no spaces: each character is a word
_NEIGHBOURS = 50
_BATCH = 1000


class ItemTerms:
    """Weighs the terms of items by how rare they are (TF-IDF).

    Args:
        vocabulary: Column of each term.
        rarity: Weight of each term, float `(terms,)`.
    """

    def __init__(self, vocabulary: dict[str, int], rarity: Sequence[float]) -> None:
        self._vectorizer = _vectorizer(vocabulary=vocabulary)
        self._vectorizer.idf_ = np.asarray(rarity, np.float32)

    @classmethod
    def of(cls, items: Items) -> ItemTerms:
        """Learns the terms that two items share, or all where there are none."""
        documents = _documents(items)
        for fewest in (2, 1):
            try:
                fitted = _vectorizer(min_df=fewest).fit(documents)
            except ValueError:  # there are no terms
                continue
            order = {str(term): int(column) for term, column in fitted.vocabulary_.items()}
            return cls(order, fitted.idf_)
        return cls({"": 0}, [1.0])

    def matrix(self, items: Items) -> sp.csr_matrix:
        """Returns float32 `(items, terms)`, rows of unit length; zeros without a known term."""
        return self._vectorizer.transform(_documents(items)).astype(np.float32).tocsr()

    def write(self, folder: Path) -> None:
        """Writes the terms into a run folder."""
        vocabulary = self._vectorizer.vocabulary
        write_json(
            folder / _FILE,
            {"vocabulary": vocabulary, "rarity": self._vectorizer.idf_.tolist()},
        )

    @classmethod
    def read(cls, folder: Path) -> ItemTerms:
        """Reads what `write` wrote.

        Raises:
            InputError: The file is missing or broken.
        """
        saved = read_json(folder / _FILE)
        return cls(saved["vocabulary"], saved["rarity"])


def text_neighbours(
    terms: sp.csr_matrix, known: sp.csr_matrix, *, neighbours: int = _NEIGHBOURS
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the items whose texts are most alike.

    Args:
        terms: Of the items that look for neighbours, `(items, terms)`.
        known: Of those that may be found, `(known, terms)`.
        neighbours: How many to find.

    Returns:
        Their numbers int32 and cosines float32, `(items, n)`, the nearest first; n is at most
        `neighbours`.
    """
    neighbours = min(neighbours, known.shape[0])
    numbers, cosines = [], []
    for start in range(0, terms.shape[0], _BATCH):
        likeness = (terms[start : start + _BATCH] @ known.T).toarray()
        best = np.argsort(-likeness, axis=1, kind="stable")[:, :neighbours]
        numbers.append(best.astype(np.int32))
        cosines.append(np.take_along_axis(likeness, best, 1))
    if not numbers:
        return np.zeros((0, neighbours), np.int32), np.zeros((0, neighbours), np.float32)
    return np.concatenate(numbers), np.concatenate(cosines)


def _vectorizer(**options: Any) -> TfidfVectorizer:
    return TfidfVectorizer(analyzer=_terms, sublinear_tf=True, dtype=np.float32, **options)


def _documents(items: Items) -> list[tuple[str, tuple[str, ...]]]:
    return list(zip(items.texts, items.tags, strict=True))


def _terms(document: tuple[str, tuple[str, ...]]) -> list[str]:
    text, tags = document
    words = _WORD.findall(text.lower())
    pairs = [f"{first} {second}" for first, second in itertools.pairwise(words)]
    return [*words, *pairs, *(f"={tag.lower()}" for tag in tags)]
