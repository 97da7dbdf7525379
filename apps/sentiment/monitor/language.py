"""Chinese or English."""

import re

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_LATIN = re.compile(r"[A-Za-z]+")


def language_of(text: str) -> str:
    """Returns zh where there are more Chinese characters than Latin words, else en."""
    characters = len(_HAN.findall(text))
    return "zh" if characters and characters > len(_LATIN.findall(text)) else "en"
