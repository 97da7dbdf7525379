"""What every Unicode character becomes before tokenizing: one table, built once."""

import functools
import unicodedata

import numpy as np

DROP, SPACE, LETTER, DIGIT, SYMBOL, HAN = range(6)
"""Kinds of characters. Symbols and Han characters stand alone, letters and digits form words."""

URL = 0xE000
"""Private-use code point that stands for any URL."""

_TABLE_SIZE = 0x30000  # the planes with assigned letters; all beyond is a symbol
_HAN_BLOCKS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2FFFF))
_QUOTES = {0x2018: "'", 0x2019: "'", 0x02BC: "'", 0x201C: '"', 0x201D: '"', 0x20AC: "€"}


@functools.cache
def character_table() -> tuple[np.ndarray, np.ndarray]:
    """Builds the normalization of single characters.

    Full-width forms become half-width and ligatures their first letter (NFKC), letters lower
    case and lose combining accents, typographic quotes become plain ones, every decimal digit
    becomes its ASCII form.

    Returns:
        `codes` int32 `(196608,)`, the normalized code point, and `kinds` int32 `(196608,)`,
        one of `DROP, SPACE, LETTER, DIGIT, SYMBOL, HAN`, both indexed by code point.
    """
    codes = np.arange(_TABLE_SIZE, dtype=np.int32)
    kinds = np.full(_TABLE_SIZE, SYMBOL, np.int32)
    for code in range(_TABLE_SIZE):
        if 0xD800 <= code <= 0xDFFF:
            kinds[code] = DROP
            continue
        character = _normalize(chr(code))
        codes[code] = ord(character)
        kinds[code] = _kind(character)
    for start, stop in _HAN_BLOCKS:
        kinds[start : stop + 1] = HAN
    kinds[0xFFFD] = SPACE  # what an invalid byte decodes to
    kinds[URL] = LETTER
    return codes, kinds


def _normalize(character: str) -> str:
    if ord(character) in _QUOTES:
        return _QUOTES[ord(character)]
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", character).lower())
    return folded[0] if folded else character


def _kind(character: str) -> int:
    category = unicodedata.category(character)
    if character.isspace() or category in ("Zs", "Zl", "Zp", "Cc"):
        return SPACE
    if category in ("Cf", "Cs") or 0x0300 <= ord(character) <= 0x036F:
        return DROP
    if character in "0123456789":
        return DIGIT
    if category[0] in "LMN":
        return LETTER
    return SYMBOL
