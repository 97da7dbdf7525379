"""What the error messages of the readers and checks share."""

import difflib
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def closest(word: str, names: Iterable[str]) -> str:
    """A hint at the most similar of `names`, or nothing if none is similar."""
    by_lower = {name.lower(): name for name in names}
    match = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return f" (did you mean `{by_lower[match[0]]}`?)" if match else ""


def shown(value: object, limit: int = 60) -> str:
    """A value on one line of at most `limit` characters, for a message."""
    line = " ".join(str(value).split())
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def count(number: int, noun: str) -> str:
    """A number with its noun, in the plural where it is not one."""
    plural = "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{'' if number == 1 else plural}"


def row_numbers(mask: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Row numbers, from 1, where the mask is true."""
    return np.flatnonzero(np.asarray(pc.fill_null(mask, False))) + 1
