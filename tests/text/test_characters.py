import re

import pytest

from dlkit.text.characters import (
    DIGIT,
    HAN,
    LETTER,
    LINK,
    MARK,
    POINT,
    SPACE,
    SYMBOL,
    character_table,
    dropped_characters,
)


def normalized(character: str) -> tuple[str, int]:
    entry = int(character_table()[ord(character)])
    return chr(entry // 8), entry % 8


@pytest.mark.parametrize(
    ("character", "expected"),
    [
        ("A", ("a", LETTER)),
        ("Ａ", ("a", LETTER)),
        ("É", ("e", LETTER)),
        ("İ", ("i", LETTER)),
        ("ﬁ", ("f", LETTER)),
        ("Ⅷ", ("ⅷ", LETTER)),
        ("½", ("½", LETTER)),
        ("ё", ("е", LETTER)),
        ("한", ("한", LETTER)),
        ("が", ("が", LETTER)),
        ("ｶ", ("カ", LETTER)),
        ("ำ", ("ำ", LETTER)),
        ("ة", ("ة", LETTER)),
        ("７", ("7", DIGIT)),
        ("٣", ("3", DIGIT)),
        ("²", ("2", DIGIT)),
        ("中", ("中", HAN)),
        ("々", ("々", HAN)),
        ("〇", ("〇", HAN)),
        ("\u2f00", ("一", HAN)),
        ("\uf900", ("豈", HAN)),
        ("’", ("'", LINK)),
        ("＆", ("&", LINK)),
        ("，", (",", POINT)),
        ("…", (".", POINT)),
        ("＄", ("$", MARK)),
        ("“", ('"', SYMBOL)),
        ("。", ("。", SYMBOL)),
        ("™", ("™", SYMBOL)),
        ("😀", ("😀", SYMBOL)),
        ("\0", (" ", SPACE)),
        ("\n", (" ", SPACE)),
        ("\u00a0", (" ", SPACE)),
        ("\u3000", (" ", SPACE)),
        ("\ufffd", (" ", SPACE)),
    ],
)
def test_characters_become_plain(character, expected):
    assert normalized(character) == expected


def test_normalizing_twice_changes_nothing():
    table = character_table()
    codes = table // 8
    unstable = (table[codes] != table).nonzero()[0]
    assert not [hex(code) for code in unstable if not 0xD800 <= code <= 0xDFFF]


@pytest.mark.parametrize(
    "character", "\u200b\u200d\u200e\u00ad\ufeff\u0301\u20e3\ufe0f\U0001f3fd\ue000"
)
def test_invisible_characters_are_dropped(character):
    pattern = re.sub(
        r"\\x\{(\w+)\}", lambda code: re.escape(chr(int(code[1], 16))), dropped_characters()
    )
    assert re.fullmatch(pattern, character)


@pytest.mark.parametrize("character", "a1 '中한\u0e33\u064b😀")
def test_visible_characters_are_kept(character):
    pattern = re.sub(
        r"\\x\{(\w+)\}", lambda code: re.escape(chr(int(code[1], 16))), dropped_characters()
    )
    assert not re.search(pattern, character)
