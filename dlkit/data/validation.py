"""Checks at the border: what labels and targets must be before a model sees them."""

import math
from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlkit.data.messages import closest, count, row_numbers, shown
from dlkit.errors import InputError

MAX_CLASSES = 10_000

# ASCII only: Chinese text often follows a link with no space between.
_LINK = r"(?i)(https?://|www\.)[\x21-\x7e]+"
_NO_CONTENT = r"[\pP\pZ\pC\s$+<=>^`|~]+"


def check_labels(
    labels: Iterable[Any], *, name: str, source: str, table: pa.Table | None = None
) -> list[str]:
    """Checks that classes can be learned from these labels.

    Args:
        labels: one label a row, (rows,), strings or integers; null where a row has none.
        name: option or argument that chose them.
        source: name of the file.
        table: the table they come from, to name `file` and `row` instead of the position.

    Returns:
        The classes as sorted strings.

    Raises:
        InputError: fewer than 2 classes, a class with one row, more than 10,000 classes, or
            labels so different that another column must have been meant.

    Example:
        >>> check_labels(["no", "yes", "no", "yes"], name="--label-column", source="a.csv")
        ['no', 'yes']
    """
    values = _arrow(labels)
    tally = pc.value_counts(values.drop_null())
    counts = {pair["values"]: pair["counts"] for pair in tally.to_pylist()}
    total, start = sum(counts.values()), f"`{name}` of `{source}`"
    if len(counts) < 2:
        found = f"only `{shown(next(iter(counts)))}`" if counts else "no label at all"
        raise InputError(
            f"{start}: labels must have at least 2 classes, but there is {found}; "
            "add rows of another class or choose another column."
        )
    if len(counts) > MAX_CLASSES or (total >= 10 and len(counts) > total / 2):
        raise InputError(
            f"{start}: classes must repeat and be at most {MAX_CLASSES:,}, but {total:,} rows "
            f"have {len(counts):,} different values such as `{shown(next(iter(counts)))}`; "
            "was a column of texts or ids chosen instead of the labels?"
        )
    if single := [label for label, count in counts.items() if count == 1]:
        place = _place(pc.index(values, single[0]).as_py(), table)
        more = f", and {count(len(single) - 1, 'class')} more likewise" if single[1:] else ""
        raise InputError(
            f"{start}: every class needs at least 2 rows, but `{shown(single[0])}` has only "
            f"{place}{more}; add rows to it or remove it."
        )
    return sorted(counts)


def check_known(
    labels: Iterable[Any],
    known: Collection[str],
    *,
    name: str,
    source: str,
    table: pa.Table | None = None,
) -> None:
    """Checks that a test file has no label that training did not see.

    Args:
        labels: one label a row, (rows,), strings or integers; null where a row has none.
        known: the classes of the training rows.
        name: option or argument that chose the labels.
        source: name of the test file.
        table: the table they come from, to name `file` and `row` instead of the position.

    Raises:
        InputError: a label is not among `known`.
    """
    values = _arrow(labels)
    inside = pc.is_in(values, value_set=pa.array(list(known), pa.string()))
    unknown = row_numbers(pc.and_(pc.invert(inside), pc.is_valid(values))) - 1
    if unknown.size:
        index = int(unknown[0])
        label = values[index].as_py()
        raise InputError(
            f"`{name}` of `{source}`: every label must be one of the {count(len(known), 'class')} "
            f"seen in training, but there are others in {count(unknown.size, 'row')}, first "
            f"`{shown(label)}` in {_place(index, table)}{closest(label, known)}; correct or "
            "remove them."
        )


def check_numbers(
    values: Iterable[Any], *, name: str, source: str, table: pa.Table | None = None
) -> np.ndarray:
    """Reads the targets of a regression.

    Args:
        values: one number a row, (rows,), as numbers or as strings such as "-1.5e3".
        name: option or argument that chose them.
        source: name of the file.
        table: the table they come from, to name `file` and `row` instead of the position.

    Returns:
        float32 array (rows,).

    Raises:
        InputError: a value is missing, no number, or not finite as float32.
    """
    given = _arrow(values).to_pylist()
    numbers = np.fromiter(map(_number, given), np.float64, len(given))
    bad = np.flatnonzero(~(np.abs(numbers) <= np.finfo(np.float32).max))
    if bad.size:
        value = given[bad[0]]
        got = "nothing" if value is None else f"`{shown(value)}`"
        raise InputError(
            f"`{name}` of `{source}`: every value must be a finite number such as -1.5, but "
            f"{_place(int(bad[0]), table)} has {got} ({count(bad.size, 'such row')}); correct or "
            "remove it, without units and thousands separators."
        )
    return numbers.astype(np.float32)


def duplicate_rows(train_texts: Iterable[Any], test_texts: Iterable[Any]) -> np.ndarray:
    """Marks test texts that are training texts but for links, punctuation, spaces and case.

    Args:
        train_texts: strings, (train_rows,).
        test_texts: strings, (test_rows,).

    Returns:
        bool array (test_rows,), true where the text is a duplicate. Nulls are none.

    Example:
        >>> duplicate_rows(["Nice day!"], ["nice  day https://t.co/x", "nice night"]).tolist()
        [True, False]
    """
    known = _compare_key(_arrow(train_texts)).unique().drop_null()
    found = pc.is_in(_compare_key(_arrow(test_texts)), value_set=known)
    return np.asarray(found, dtype=bool)


def _compare_key(texts: pa.Array) -> pa.Array:
    plain = pc.utf8_trim_whitespace(pc.utf8_lower(texts))
    words = pc.replace_substring_regex(plain, _LINK, "")
    key = pc.replace_substring_regex(words, _NO_CONTENT, "")
    # A text of nothing but links or signs is compared as it stands.
    return pc.if_else(pc.equal(key, ""), plain, key)


def _arrow(values: Iterable[Any]) -> pa.Array:
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pa.Array):
        return values.cast(pa.string())
    return pa.array([None if value is None else str(value) for value in values], pa.string())


def _place(index: int, table: pa.Table | None) -> str:
    if table is None:
        return f"row {index + 1}"
    return f"row {table['row'][index]} of `{table['file'][index]}`"


def _number(value: str | None) -> float:
    try:
        return math.nan if value is None else float(value)
    except ValueError:
        return math.nan
