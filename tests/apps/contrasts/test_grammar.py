import re
from collections import Counter
from itertools import islice

import numpy as np
import pytest

from apps.sentiment.contrasts.grammar import Grammar, contrasts, read_grammars

GRAMMARS = {grammar.language: grammar for grammar in read_grammars()}
KINDS = ["plain", "negation", "losses", "numbers", "questions", "boilerplate"]


def some(language, kind, count=600):
    draw = np.random.default_rng(3)
    return list(islice(GRAMMARS[language].sentences(kind, draw), count))


def test_languages_are_equal_and_kinds_that_turn_a_sentiment_count_twice():
    rows = contrasts(1200, 0, list(GRAMMARS.values()))
    counts = Counter((row.kind, row.language) for row in rows)
    for language in GRAMMARS:
        for kind in KINDS:
            expected = 150 if kind in ("negation", "losses") else 75
            assert counts[kind, language] == pytest.approx(expected, rel=0.1)
    assert len({row.text for row in rows}) == len(rows) == 1200
    assert {row.sentiment for row in rows} == {"positive", "neutral", "negative"}


def test_the_seed_decides():
    grammars = list(GRAMMARS.values())
    assert contrasts(50, 1, grammars) == contrasts(50, 1, grammars)
    assert contrasts(50, 1, grammars) != contrasts(50, 2, grammars)


@pytest.mark.parametrize("language", GRAMMARS)
@pytest.mark.parametrize("kind", KINDS)
def test_every_slot_is_filled(language, kind):
    for row in some(language, kind):
        assert not re.search(r"[{}]", row.text)
        assert row.text == row.text.strip()
        assert row.text


def test_english_articles_and_participles():
    texts = [row.text for kind in KINDS for row in some("en", kind)]
    assert not [text for text in texts if re.search(r"\b[Aa] [aeiou]", text)]
    assert any(re.search(r"\ban [aeiou]", text) for text in texts)
    assert not [
        text for text in texts if re.search(r"\b[Hh]as (not )?(went|fell|rose|saw)\b", text)
    ]


def test_chinese_punctuation_is_full_width():
    texts = [row.text for kind in KINDS for row in some("zh", kind)]
    assert not [text for text in texts if re.search("[\u4e00-\u9fff][,?!:()]", text)]


def test_a_sentence_with_an_end_of_its_own_stands_alone():
    slots = {"lead": ["News: "], "tail": [" soon"]}
    grammar = Grammar("en", slots, {"plain": {"neutral": ["is it {low}?", "it is {low}"]}})
    texts = {row.text for row in islice(grammar.sentences("plain", np.random.default_rng(0)), 20)}
    assert all(text.startswith("is it") or text.endswith(" soon") for text in texts)
    assert {text[:5] for text in texts} == {"is it", "News:"}


KEPT = {
    "en": "not only|nothing (can stop|helps)|, no |cannot avoid|does not rule out|no end to",
    "zh": "不仅|不但|什么都|避免不了|不排除|逃不过",
}


@pytest.mark.parametrize("language", GRAMMARS)
def test_negation_turns_what_is_said(language):
    slots = GRAMMARS[language].slots
    good, bad = (
        [way["base"] if isinstance(way, dict) else way for way in slots[name]]
        for name in ("good", "bad")
    )
    rows = [row for row in some(language, "negation") if not re.search(KEPT[language], row.text)]
    for said, sentiment in ((good, "negative"), (bad, "positive")):
        longest = [way for way in said if len(way) > 8 or (language == "zh" and len(way) > 4)]
        found = {row.sentiment for row in rows for way in longest if way in row.text}
        assert found == {sentiment}


@pytest.mark.parametrize(
    ("language", "pattern"),
    [("en", r"went from ([\d.]+)\D*? to ([\d.]+)"), ("zh", r"[从由]([\d.]+)[^\d，]+([\d.]+)")],
)
def test_numbers_rise_where_a_rise_is_said(language, pattern):
    losses = GRAMMARS[language].slots["bad_quantity"]
    checked = 0
    for row in some(language, "numbers"):
        if found := re.search(pattern, row.text):
            before, after = map(float, found.groups())
            is_loss = any(loss in row.text for loss in losses)
            assert row.sentiment == ("positive" if (after > before) != is_loss else "negative")
            checked += 1
    assert checked > 20


def test_a_slot_is_filled_twice():
    templates = {"plain": {"neutral": ["{one} or {one2}"]}}
    grammar = Grammar("en", {"one": ["x", "y"], "lead": [""], "tail": [""]}, templates)
    rows = islice(grammar.sentences("plain", np.random.default_rng(0)), 40)
    assert {row.text for row in rows} == {"x or x", "x or y", "y or x", "y or y"}


def test_verbs_are_inflected():
    grammar = Grammar(
        "en",
        {"lead": [""], "tail": [""]},
        {"plain": {"positive": ["they {good[past]}, keep {good2[gerund]}"]}},
        phrases={"good": ["win big"]},
        irregular={"win": ["won", "won", "winning"]},
    )
    row = next(grammar.sentences("plain", np.random.default_rng(0)))
    assert row.text == "they won big, keep winning big"


@pytest.mark.parametrize("language", GRAMMARS)
def test_questions_state_nothing(language):
    assert {row.sentiment for row in some(language, "questions")} == {"neutral"}


def test_boilerplate_leaves_the_sentiment_as_it_is():
    templates = {
        "plain": {"positive": ["up"], "negative": ["down"]},
        "boilerplate": {"any": ["{statement}. {notice}"]},
    }
    grammar = Grammar("en", {"notice": ["Not advice."], "lead": [""], "tail": [""]}, templates)
    rows = islice(grammar.sentences("boilerplate", np.random.default_rng(0)), 2)
    assert [(row.text, row.sentiment) for row in rows] == [
        ("up. Not advice.", "positive"),
        ("down. Not advice.", "negative"),
    ]


def test_boilerplate_stands_around_statements_of_all_kinds():
    templates = {
        "plain": {"neutral": ["it meets"]},
        "questions": {"neutral": ["is it up?"]},
        "boilerplate": {"any": ["{statement}. Not advice."]},
    }
    grammar = Grammar("en", {"lead": [""], "tail": [""]}, templates)
    rows = islice(grammar.sentences("boilerplate", np.random.default_rng(0)), 20)
    assert {row.text for row in rows} == {"it meets. Not advice.", "is it up? Not advice."}
