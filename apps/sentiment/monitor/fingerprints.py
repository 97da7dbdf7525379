"""MinHash signatures: how much two texts share, from a few numbers."""

import re
import unicodedata
import zlib
from collections.abc import Sequence

import numpy as np

_HASHES = 32
_URL = re.compile(r"(?:https?://|www\.)\S+")
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_TOKEN = re.compile(rf"[{_HAN}]|[^\W_{_HAN}]+")
_RANDOM = np.random.default_rng(20)
_FACTORS = _RANDOM.integers(0, 2**63, (_HASHES, 1), np.uint64) * np.uint64(2) + np.uint64(1)
_TERMS = _RANDOM.integers(0, 2**63, (_HASHES, 1), np.uint64)
_MIX = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


def tokens_of(text: str) -> list[str]:
    """Returns words, figures and single Chinese characters, without case, links and signs."""
    return _TOKEN.findall(_URL.sub(" ", unicodedata.normalize("NFKC", text).lower()))


def signatures(texts: Sequence[str]) -> np.ndarray:
    """Computes MinHash signatures over tokens and pairs of neighbours.

    The share of equal entries estimates the Jaccard similarity (Broder, 1997).

    Args:
        texts: At least one.

    Returns:
        uint32 `(texts, 33)`: 32 minima, then a sum over the figures, which near copies share.
    """
    hashes, figures, lengths = [], np.zeros(len(texts), np.uint32), []
    for row, text in enumerate(texts):
        tokens = tokens_of(text) or [text]
        hashes += [zlib.crc32(token.encode("utf-8", "replace")) for token in tokens]
        lengths.append(len(tokens))
        numbers = [token for token in tokens if not token.isalpha()]
        figures[row] = sum(zlib.crc32(number.encode("utf-8", "replace")) for number in numbers) % (
            2**32
        )
    words = np.array(hashes, np.uint64)  # (tokens,)
    sizes = np.array(lengths, np.int64)
    ends = np.cumsum(sizes)
    following = np.append(words[1:], np.uint64(0))
    following[ends - 1] = 0  # the last token of a text pairs with its end
    pairs = (words * _MIX) ^ (following << _HALF | following)
    shingles = np.stack([words, pairs], axis=1).reshape(-1)  # (2 * tokens,)
    starts = 2 * (ends - sizes)
    mixed = (shingles * _FACTORS + _TERMS) >> _HALF  # (hashes, 2 * tokens)
    minima = np.minimum.reduceat(mixed, starts, axis=1).T.astype(np.uint32)
    return np.concatenate([minima, figures[:, None]], axis=1)


def similarity(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Estimates the Jaccard similarity of signatures `(..., 33)` -> float `(...)`."""
    return (one[..., :_HASHES] == other[..., :_HASHES]).mean(axis=-1)
