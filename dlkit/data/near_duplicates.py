"""Texts that say almost the same in almost the same words."""

from collections.abc import Sequence

import numpy as np
import scipy.sparse
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import HashingVectorizer

_SIZES = (2, 4)
_COLUMNS = 2**20
_BANDS, _ROWS = 24, 4
_PRIME = np.int64(2**31 - 1)
_BLOCK = 4096
_CHARACTERS = 2000
_EMPTY = np.int64(2**31 - 1)


def near_duplicates(
    texts: Sequence[str], *, similarity: float = 0.85, seed: int = 0
) -> list[np.ndarray]:
    """Groups near-duplicates, in time and memory that grow with the number of texts alone.

    MinHash (Broder, "On the resemblance and containment of documents", 1997) with banding
    (Leskovec, Rajaraman and Ullman, "Mining of massive datasets", 2014, chapter 3) proposes pairs;
    those whose cosine over hashed n-grams of 2 to 4 characters is high enough are joined.

    Args:
        texts: `n` strings, of any language; their first 2,000 characters count.
        similarity: The least cosine of two texts that are joined, from 0 to 1.
        seed: Seeds the hash functions.

    Returns:
        The groups of two rows or more, int64 row numbers in ascending order.

    Example:
        >>> near_duplicates(["where is my card", "Where is my card?", "top up failed"])
        [array([0, 1])]
    """
    if not texts:
        return []
    vectors = _vectors(texts)
    first, second = _candidates(_signatures(vectors, seed))
    close = _cosines(vectors, first, second) >= similarity
    size = len(texts)
    graph = scipy.sparse.coo_array(
        (np.ones(close.sum(), bool), (first[close], second[close])), (size, size)
    )
    _, labels = connected_components(graph, directed=False)
    order = np.argsort(labels, kind="stable")
    groups = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
    return sorted((group for group in groups if len(group) > 1), key=lambda group: group[0])


def _vectors(texts: Sequence[str]) -> scipy.sparse.csr_matrix:
    """Returns counts of hashed n-grams of unit length, `(texts, columns)`."""
    hashing = HashingVectorizer(
        analyzer="char",
        ngram_range=_SIZES,
        n_features=_COLUMNS,
        alternate_sign=False,
        dtype=np.float32,
    )
    return hashing.transform([f" {' '.join(text[:_CHARACTERS].split())} " for text in texts])


def _signatures(vectors: scipy.sparse.csr_matrix, seed: int) -> np.ndarray:
    """Returns int64 `(texts, bands)`: texts whose sets are similar agree in some of them."""
    draw = np.random.default_rng(seed)
    factors = draw.integers(1, _PRIME, _BANDS * _ROWS)
    offsets = draw.integers(0, _PRIME, _BANDS * _ROWS)
    mixing = draw.integers(1, 2**62, _ROWS) | 1
    bands = np.empty((vectors.shape[0], _BANDS), np.int64)
    for start in range(0, len(bands), _BLOCK):
        part = vectors[start : start + _BLOCK]
        ends = np.append(part.indices.astype(np.int64), 0)  # so that an empty last row has a start
        empty = np.diff(part.indptr) == 0
        for band in range(_BANDS):
            mixed = np.zeros(part.shape[0], np.int64)
            for row in range(_ROWS):
                place = band * _ROWS + row
                hashes = (ends * factors[place] + offsets[place]) % _PRIME
                hashes[-1] = _EMPTY
                least = np.minimum.reduceat(hashes, part.indptr[:-1])
                mixed += np.where(empty, _EMPTY, least) * mixing[row]  # wraps, as is meant
            bands[start : start + _BLOCK, band] = mixed
    return bands


def _candidates(bands: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs each text with the one before and the first one of its bucket, in every band.

    All pairs of a bucket would be its size squared.
    """
    pairs = []
    for values in bands.T:
        order = np.argsort(values, kind="stable")
        same = np.diff(values[order]) == 0
        starts = np.flatnonzero(np.append(True, ~same))
        first = np.repeat(starts, np.diff(np.append(starts, len(order))))
        later = np.flatnonzero(same) + 1
        pairs.append(np.stack([order[later - 1], order[later]], 1))
        pairs.append(np.stack([order[first[later]], order[later]], 1))
    found = np.unique(np.concatenate(pairs), axis=0)
    return found[:, 0], found[:, 1]


def _cosines(vectors: scipy.sparse.csr_matrix, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    cosines = np.empty(len(first), np.float32)
    for start in range(0, len(first), _BLOCK):
        block = slice(start, start + _BLOCK)
        product = vectors[first[block]].multiply(vectors[second[block]])
        cosines[block] = np.asarray(product.sum(1)).ravel()
    return cosines
