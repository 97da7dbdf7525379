"""What every Unicode character becomes before tokenizing: one table, built once."""

import functools
import unicodedata

import numpy as np

SPACE, LETTER, DIGIT, SYMBOL, HAN, LINK, POINT, MARK = range(8)
"""Kinds of characters. Letters and digits form words, Han characters and symbols stand alone.

A link `'&` between letters, a point `.,` between digits and a mark `$#@` before a word belong to
the word; elsewhere they are symbols.
"""

URL = 0xE000
"""Private-use code point that stands for any URL."""

_TABLE_SIZE = 0x30000  # the planes with letters; all beyond is taken for its last character
_HAN_BLOCKS = ((0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x2FFFF))
_KINDS = {"'": LINK, "&": LINK, ".": POINT, ",": POINT, "$": MARK, "#": MARK, "@": MARK}
_PLAIN = {
    **dict.fromkeys("\u00b4\u2018\u2019\u201b\u02bc", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f", '"'),
    "\u2026": ".",
    "\u0149": "n",
}
_COMBINING = (
    (0x300, 0x36F),
    (0x1AB0, 0x1AFF),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20FF),
    (0xFE20, 0xFE2F),
)
_MODIFIERS = ((0xFE00, 0xFE0F), (0x1F3FB, 0x1F3FF), (0xE0000, 0xE0FFF))  # of emoji and others


@functools.cache
def character_table() -> np.ndarray:
    """Builds the normalization of single characters.

    Full-width forms become half-width and ligatures their first letter (NFKC), letters lower
    case and lose accents, typographic quotes become plain ones, every decimal digit becomes its
    ASCII form, and white space and control characters a space.

    Returns:
        int32 `(196608,)` by code point: eight times the normalized code point, plus its kind.
    """
    table = np.arange(_TABLE_SIZE, dtype=np.int32) * 8 + HAN
    for code in range(_TABLE_SIZE):
        if 0xD800 <= code <= 0xDFFF or any(a <= code <= b for a, b in _HAN_BLOCKS):
            continue
        character = _fold(chr(code))
        kind = _kind(character)
        table[code] = ord(character if kind != SPACE else " ") * 8 + kind
    table[URL] = URL * 8 + LETTER
    return table


@functools.cache
def dropped_characters() -> str:
    """Returns a pattern of the characters that are taken out before anything else is done.

    These are format characters (zero-width joiners, direction marks, soft hyphens), combining
    accents, variation selectors and skin tones, and the code point that stands for URLs.
    """
    ranges = [
        (code, code) for code in range(_TABLE_SIZE) if unicodedata.category(chr(code)) == "Cf"
    ]
    ranges += [*_COMBINING, *_MODIFIERS, (URL, URL)]
    return "[" + "".join(rf"\x{{{a:x}}}-\x{{{b:x}}}" for a, b in ranges) + "]+"


def _fold(character: str) -> str:
    if character in _PLAIN:
        return _PLAIN[character]
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    parts = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", character).lower())
    start, stop = _COMBINING[0]
    bare = "".join(part for part in parts if not start <= ord(part) <= stop)
    folded = unicodedata.normalize("NFC", bare)
    if len(folded) == 1:
        return folded
    if character.isalpha() and folded[:1].isalpha():
        return folded[0]
    lower = character.lower()
    return lower if len(lower) == 1 else character


def _kind(character: str) -> int:
    code, category = ord(character), unicodedata.category(character)
    if character.isspace() or category[0] == "Z" or category == "Cc" or code == 0xFFFD:
        return SPACE  # an invalid byte decodes to U+FFFD
    if any(start <= code <= stop for start, stop in _HAN_BLOCKS):
        return HAN
    if character in "0123456789":
        return DIGIT
    if character in _KINDS:
        return _KINDS[character]
    return LETTER if category[0] in "LMN" else SYMBOL
