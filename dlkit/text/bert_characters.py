"""What every Unicode character becomes before WordPiece, as BERT's tokenizers have it."""

import functools
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

NOTHING, SPACE, LETTER, ALONE = range(4)
"""Kinds of characters: letters form words, the others are words alone, end words or are dropped."""

_CODES = 0x110000
_PAGE = 256
_MOST = 3  # a Hangul syllable becomes three letters
_HAN = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),  # so the reference has it; the block starts at 0x2B820
    (0x2F800, 0x2FA1F),
)
# The reference knows the categories of Unicode 8. Marks, punctuation and format characters that
# came later are letters to it, whatever the running Python knows; so is all between them.
_TOO_NEW = (
    (0x5C8, 0x5C9), (0x61D, 0x61D), (0x7FD, 0x7FD), (0x890, 0x8E2), (0x9FD, 0x9FE), (0xA76, 0xA76),
    (0xAFA, 0xAFF), (0xB53, 0xB55), (0xC04, 0xC3C), (0xC77, 0xC77), (0xC84, 0xC84), (0xD00, 0xD00),
    (0xD3B, 0xD3C), (0xD81, 0xD81), (0xEBA, 0xEBA), (0xECE, 0xECE), (0x180F, 0x1886),
    (0x1ABF, 0x1AF0), (0x1B4E, 0x1B4F), (0x1B7D, 0x1B7F), (0x1DF6, 0x1DFB), (0x2E43, 0x2E63),
    (0xA82C, 0xA82C), (0xA8C5, 0xA8C5), (0xA8FF, 0xA8FF), (0xA9BD, 0xA9BD), (0x105C9, 0x105E4),
    (0x10D24, 0x10D27), (0x10D69, 0x10F89), (0x11070, 0x11074), (0x110C2, 0x110CD),
    (0x111CF, 0x111CF), (0x1123E, 0x11241), (0x1133B, 0x1133B), (0x11383, 0x1145E),
    (0x11660, 0x1166C), (0x116B9, 0x116B9), (0x1182F, 0x1183B), (0x11938, 0x11FFF),
    (0x12FF1, 0x1612F), (0x16D68, 0x16D6F), (0x16E97, 0x16E9A), (0x16F4F, 0x16F4F),
    (0x16FE2, 0x16FE4), (0x1CF00, 0x1D128), (0x1D25B, 0x1D25C), (0x1E000, 0x1E6F5),
    (0x1E944, 0x1E95F),
)  # fmt: skip
_CHANGED = {0x166D: "Po", 0x1734: "Mn", 0x111C9: "Po"}  # other categories in Unicode 8
_NEW_LOWER = {"\ua7cb": "\u0264", "\ua7dc": "\u019b"}  # but its lower case is the newest


class CharacterTable(NamedTuple):
    """Pages of 256 characters, of which many are equal."""

    pages: np.ndarray
    """int32 `(4352,)`, the page of each 256 code points."""
    characters: np.ndarray
    """int32 `(pages, 256, 3)`: up to three characters that a character becomes, four times their
    code points plus their kinds. The first one's code point is relative to the character's own, so
    that pages of characters that stay what they are are equal."""


@functools.cache
def bert_characters(*, lower_case: bool, strip_accents: bool) -> CharacterTable:
    """Builds the table of BERT's cleaning.

    White space becomes a space; control, format and private characters go. Han characters and
    punctuation stand alone.

    Args:
        lower_case: Makes letters lower case.
        strip_accents: Decomposes characters (NFD) and drops their accents.
    """
    table = np.zeros((_CODES, _MOST), np.int32)
    table[:, 0] = LETTER
    han = _within(_HAN)
    for code in np.flatnonzero(~_within(_TOO_NEW)).tolist():
        character = chr(code)
        category = _category(character)
        if category == "Cn" and not han[code] and character not in _NEW_LOWER:
            continue
        becomes = ""
        if not _is_dropped(character, category):
            becomes = _normalize(character, lower_case=lower_case, strip_accents=strip_accents)
        table[code, 0] = 0
        for place, part in enumerate(becomes):
            kind = ALONE if han[code] else _kind(part)
            table[code, place] = (ord(part) - (code if place == 0 else 0)) * 4 + kind
    pages = table.reshape(-1, _PAGE, _MOST)
    unique, numbers = np.unique(pages, axis=0, return_inverse=True)
    return CharacterTable(numbers.reshape(-1).astype(np.int32), unique)


def _within(ranges: Sequence[tuple[int, int]]) -> np.ndarray:
    inside = np.zeros(_CODES, bool)
    for first, last in ranges:
        inside[first : last + 1] = True
    return inside


def _is_dropped(character: str, category: str) -> bool:
    other = category in ("Cc", "Cf", "Co", "Cs") or character == "\ufffd"
    return other and character not in "\t\n\r"


def _normalize(character: str, *, lower_case: bool, strip_accents: bool) -> str:
    if strip_accents:
        parts = unicodedata.normalize("NFD", character)
        character = "".join(part for part in parts if _category(part) != "Mn")
    if lower_case:
        character = "".join(_NEW_LOWER.get(part) or part.lower() for part in character)
    return character


def _category(character: str) -> str:
    return _CHANGED.get(ord(character)) or unicodedata.category(character)


def _kind(character: str) -> int:
    if character.isspace():
        return SPACE
    category = _category(character)
    ascii_symbol = category[0] == "S" and character.isascii()
    return ALONE if category[0] == "P" or ascii_symbol else LETTER
