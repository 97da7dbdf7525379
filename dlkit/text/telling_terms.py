"""Which words tell a group of texts from the other groups."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_RUNS = re.compile(rf"[{_HAN}]+|[^\W{_HAN}]+(?:['’][^\W{_HAN}]+)?")
_IS_HAN = re.compile(f"[{_HAN}]")
_HAN_SIZES = (2, 3, 4)
_HAN_STOP = frozenset("的了吗呢吧啊我你他她它们是在不有和就都也要请这那个一没么什怎为能可以会给")
_CHARACTERS = 2000
_LEAST_TEXTS = 2


def telling_terms(groups: Sequence[Sequence[str]], *, most: int = 5) -> list[list[str]]:
    """Finds the terms of each group by class-based TF-IDF.

    Grootendorst, "BERTopic: neural topic modeling with a class-based TF-IDF procedure", 2022. Terms
    are one or two words, or two to four Chinese characters in a row, without those that say
    nothing; a term counts once a text.

    Args:
        groups: The texts of each group.
        most: How many terms of a group.

    Returns:
        For each group its terms, the most telling first, none of them a part of another.

    Example:
        >>> telling_terms([["my card is lost", "lost card"], ["exchange rate", "a good rate"]])[0]
        ['card', 'lost']
    """
    counts = [Counter(term for text in texts for term in set(_terms(text))) for texts in groups]
    everywhere: Counter[str] = Counter()
    for count in counts:
        everywhere.update(count)
    average = sum(everywhere.values()) / max(len(groups), 1)
    found = []
    for texts, count in zip(groups, counts, strict=True):
        least = min(_LEAST_TEXTS, len(texts))
        weights = {
            term: number * np.log1p(average / everywhere[term]) * _length(term) ** 0.5
            for term, number in count.items()
            if number >= least
        }
        ordered = sorted(weights, key=lambda term: (-weights[term], term))
        found.append(_distinct(ordered, most))
    return found


def _terms(text: str) -> Iterator[str]:
    before = ""
    for run in _RUNS.findall(text[:_CHARACTERS].lower()):
        if _IS_HAN.match(run):
            yield from _han_terms(run)
            before = ""
            continue
        word = run if len(run) > 1 and run not in ENGLISH_STOP_WORDS and not run.isdigit() else ""
        if word:
            yield word
        if word and before:
            yield f"{before} {word}"
        before = word


def _han_terms(run: str) -> Iterator[str]:
    for size in _HAN_SIZES:
        for start in range(len(run) - size + 1):
            term = run[start : start + size]
            if term[0] not in _HAN_STOP and term[-1] not in _HAN_STOP:
                yield term


def _length(term: str) -> float:
    """Returns of how many words it is; two Chinese characters are about one."""
    return len(term) / 2 if _IS_HAN.match(term) else 1 + term.count(" ")


def _distinct(terms: Sequence[str], most: int) -> list[str]:
    """Leaves out terms that are a part of a better one, or hold one."""
    kept: list[str] = []
    for term in terms:
        if len(kept) == most:
            break
        if not any(_overlap(term, other) for other in kept):
            kept.append(term)
    return kept


def _overlap(term: str, other: str) -> bool:
    if _IS_HAN.match(term):
        return term in other or other in term
    return bool(set(term.split()) & set(other.split()))
