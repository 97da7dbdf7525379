"""Sentences that differ in what decides their sentiment, made from a grammar.

A model that learned from posts alone goes by words: "cut its dividend" is bad, and so, for it, is
"did not cut its dividend". Rows that differ in the one thing that matters teach it to look there
(Kaushik, Hovy and Lipton, "Learning the Difference that Makes a Difference with
Counterfactually-Augmented Data", 2020); the kinds are those of tests of behaviour (Ribeiro et al.,
"Beyond Accuracy: Behavioral Testing of NLP Models with CheckList", 2020).
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from apps.sentiment.contrasts.inflection import inflected

_FILES = {"en": "english.json", "zh": "chinese.json"}
_SCALES = (1, 10, 100)
_ANY = "any"
_NUMBERS = ("low", "high", "percent")
_SHARES = {"negation": 2, "losses": 2}
"""Kinds that turn what is said have more ways to do so than the others."""
_ENDS = (".", "?", "。", "？")


class Contrast(NamedTuple):
    """A sentence, and what is known of it."""

    text: str
    sentiment: str
    kind: str
    language: str


class Grammar:
    """The sentences of a language.

    Args:
        language: Its code.
        slots: The ways to fill each slot of a template, "lead" and "tail" among them: what stands
            before and after a sentence that has no end of its own.
        templates: Templates by kind and sentiment. Those of the sentiment "any" frame a statement
            of another kind, whose sentiment they leave as it is. "{company2}" is a second filling
            of the slot "company".
        phrases: Slots of phrases whose verb a template asks for in a form, as "{good[past]}".
        irregular: See `inflected`.
    """

    def __init__(
        self,
        language: str,
        slots: Mapping[str, Sequence[str]],
        templates: Mapping[str, Mapping[str, Sequence[str]]],
        phrases: Mapping[str, Sequence[str]] | None = None,
        irregular: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.language, self.templates = language, templates
        self.slots: dict[str, Sequence[Any]] = {**slots}
        for name, ways in (phrases or {}).items():
            self.slots[name] = [inflected(way, irregular or {}) for way in ways]

    def sentences(self, kind: str, draw: np.random.Generator) -> Iterator[Contrast]:
        """Yields sentences of a kind without end, each of its sentiments in turn."""
        while True:
            for sentiment, templates in self._by_sentiment(kind).items():
                text = self._fill(_pick(templates, draw), sentiment, draw)
                yield Contrast(text, sentiment, kind, self.language)

    def _by_sentiment(self, kind: str) -> Mapping[str, Sequence[str]]:
        found = self.templates[kind]
        return dict.fromkeys(self.templates["plain"], found[_ANY]) if _ANY in found else found

    def _statements(self, sentiment: str, draw: np.random.Generator) -> Sequence[str]:
        kinds = [kind for kind in self.templates.values() if sentiment in kind]
        return _pick(kinds, draw)[sentiment]

    def _fill(self, template: str, sentiment: str, draw: np.random.Generator) -> str:
        statement = _pick(self._statements(sentiment, draw), draw)
        filled = template.replace("{statement}", statement)
        values = {
            name: _pick(self.slots[name.removesuffix("2")], draw)
            for name in ["lead", "tail", *re.findall(r"{(\w+)", filled)]
            if name not in _NUMBERS
        }
        low, high = np.sort(draw.choice(np.arange(2, 400), 2, replace=False)) / _pick(_SCALES, draw)
        numbers = {"low": f"{low:g}", "high": f"{high:g}", "percent": f"{draw.uniform(0, 30):.1f}"}
        text = filled.format(**values, **numbers)
        if not text.endswith(_ENDS):
            text = values["lead"] + text + values["tail"]
        text = re.sub(r"\b([Aa]) (?=[aeiou])", r"\1n ", text)
        text = re.sub(r" (?=[.,?])", "", " ".join(text.split()))
        return re.sub(r"(?<=[?？])[.。，！]", "", text)


def read_grammars() -> list[Grammar]:
    """Reads the grammars that come with the application."""
    folder = Path(__file__).parent
    return [
        Grammar(language, **json.loads((folder / name).read_text(encoding="utf-8")))
        for language, name in _FILES.items()
    ]


def contrasts(rows: int, seed: int, grammars: Sequence[Grammar]) -> list[Contrast]:
    """Draws different sentences, equally many of each language, by kind as `_SHARES` says or one.

    Args:
        rows: How many.
        seed: The same seed gives the same sentences.
        grammars: The languages.

    Returns:
        The sentences in random order; of two that read alike the first.
    """
    draw = np.random.default_rng(seed)
    sources = [
        grammar.sentences(kind, draw)
        for grammar in grammars
        for kind in grammar.templates
        for _ in range(_SHARES.get(kind, 1))
    ]
    found: dict[str, Contrast] = {}
    while len(found) < rows:
        for source in sources:
            row = next(source)
            found.setdefault(row.text, row)
    drawn = list(found.values())[:rows]
    return [drawn[place] for place in draw.permutation(rows)]


def _pick(ways: Sequence[Any], draw: np.random.Generator) -> Any:
    return ways[int(draw.integers(len(ways)))]
