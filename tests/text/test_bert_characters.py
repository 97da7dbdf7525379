import unicodedata

import pytest
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer

from dlkit.text.bert_characters import ALONE, LETTER, NOTHING, SPACE, bert_characters

ASSIGNED = [*range(0xD800), *range(0xE000, 0x33480), *range(0xE0000, 0xE0200), 0xFFFFE, 0x10FFFF]


def becomes(table, code):
    first, *others = table.characters[table.pages[code >> 8], code & 255].tolist()
    values = [first + 4 * code, *others]
    return [(chr(value >> 2), value & 3) for value in values if value & 3 != NOTHING]


def words(table, text):
    """Cuts a text as the graph does, one character after the other."""
    found = [""]
    for character in text:
        for part, kind in becomes(table, ord(character)):
            if kind == LETTER:
                found[-1] += part
            else:
                found += ["" if kind == SPACE else part, ""]
    return [word for word in found if word]


@pytest.mark.parametrize("lower_case", [True, False])
def test_every_character_against_the_reference(lower_case):
    table = bert_characters(lower_case=lower_case, strip_accents=lower_case)
    normalize, cut = BertNormalizer(lowercase=lower_case), BertPreTokenizer()
    differ = []
    for code in ASSIGNED:
        text = f"a{chr(code)}b"
        expected = [word for word, _ in cut.pre_tokenize_str(normalize.normalize_str(text))]
        found = words(table, text)
        # a letter that this Python does not know yet keeps its case
        unknown = unicodedata.category(chr(code)) == "Cn" and found == [text]
        if found != expected and not (unknown and len(expected[0]) == 3):
            differ.append((hex(code), found, expected))
    assert differ == []


@pytest.mark.parametrize(
    ("character", "expected"),
    [
        ("\0", []),
        ("\n", [("\n", SPACE)]),
        ("É", [("e", LETTER)]),
        ("≮", [("<", ALONE)]),
        ("我", [("我", ALONE)]),
        ("한", [("\u1112", LETTER), ("\u1161", LETTER), ("\u11ab", LETTER)]),
    ],
)
def test_known_answers(character, expected):
    table = bert_characters(lower_case=True, strip_accents=True)
    assert becomes(table, ord(character)) == expected


def test_case_and_accents_are_two_things():
    table = bert_characters(lower_case=True, strip_accents=False)
    assert becomes(table, ord("É")) == [("é", LETTER)]
    table = bert_characters(lower_case=False, strip_accents=True)
    assert becomes(table, ord("É")) == [("E", LETTER)]


def test_equal_pages_are_kept_once():
    table = bert_characters(lower_case=True, strip_accents=True)
    assert len(table.pages) == 0x1100
    assert len(table.characters) < 160
