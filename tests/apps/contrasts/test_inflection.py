import re

import pytest

from apps.sentiment.contrasts.grammar import read_grammars
from apps.sentiment.contrasts.inflection import inflected

ENGLISH = next(grammar for grammar in read_grammars() if grammar.language == "en")


@pytest.mark.parametrize(
    ("phrase", "past", "gerund", "third"),
    [
        ("raise prices", "raised prices", "raising prices", "raises prices"),
        ("rally", "rallied", "rallying", "rallies"),
        ("delay pay", "delayed pay", "delaying pay", "delays pay"),
        ("reach a deal", "reached a deal", "reaching a deal", "reaches a deal"),
        ("miss estimates", "missed estimates", "missing estimates", "misses estimates"),
        ("destroy value", "destroyed value", "destroying value", "destroys value"),
    ],
)
def test_regular_verbs(phrase, past, gerund, third):
    assert inflected(phrase, {}) == {
        "base": phrase,
        "past": past,
        "participle": past,
        "gerund": gerund,
        "third": third,
    }


def test_irregular_verbs():
    forms = inflected("go bust", {"go": ["went", "gone", "going"]})
    assert forms["past"] == "went bust"
    assert forms["participle"] == "gone bust"
    assert forms["gerund"] == "going bust"
    assert forms["third"] == "goes bust"


def test_verbs_of_the_grammar_that_double_a_letter_are_known_as_irregular():
    forms = [way for name in ("good", "bad", "up", "down") for way in ENGLISH.slots[name]]
    verbs = {way["base"].split()[0]: way["past"].split()[0] for way in forms}
    doubling = re.compile("[^aeiou]+[aeiou][bdgmnprt]")
    assert not [
        past for base, past in verbs.items() if doubling.fullmatch(base) and past == base + "ed"
    ]
    assert {"fell", "rose", "won", "lost", "hit", "cut", "sank", "paid"} <= set(verbs.values())
