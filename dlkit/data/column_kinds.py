"""What the columns of a table hold: numbers, categories, dates or texts."""

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlkit.data.messages import closest, row_numbers, shown
from dlkit.errors import InputError

Kind = Literal["number", "category", "date", "text"]

DATE = (
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)
"""ISO 8601 dates, with or without a time; a zone is passed over: the clock on the wall counts."""

_INPUT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.]*")
_RESERVED = "answers"  # what gives the answers in every model
_MISSING = ("", "na", "n/a", "nan", "null", "none", "?", "-")
_FEW_CATEGORIES = 20
_ROWS_PER_CATEGORY = 20


class Column(NamedTuple):
    """The name of a column, what it holds, and what a model calls it.

    TensorFlow names inputs with ASCII letters, digits, `_` and `.` only.
    """

    name: str
    kind: Kind
    input: str


def column_kinds(table: pa.Table, chosen: Mapping[str, Kind]) -> list[Column]:
    """Finds out what each column holds, where nobody has said so.

    Numbers and dates are columns that hold nothing else but gaps. Of the others, those with few
    different values for their rows are categories, and the rest are texts.

    Args:
        table: String columns.
        chosen: What somebody has said, by the name of the column.

    Returns:
        The columns in their order, without those that say nothing: all values equal or missing.

    Raises:
        InputError: A chosen column is not there, or does not hold what it should.
    """
    for name, kind in chosen.items():
        if name not in table.column_names:
            hint = closest(name, table.column_names)
            msg = f"`--{kind}-columns` must name columns of the data. Received: {name}, which is"
            raise InputError(f"{msg} not there{hint}. Correct or remove it.")
    names = [
        name
        for name in table.column_names
        if name in chosen or pc.count_distinct(table[name], mode="all").as_py() > 1
    ]
    return [
        Column(name, chosen.get(name) or _kind(table[name]), input_name)
        for name, input_name in zip(names, _input_names(names), strict=True)
    ]


def column_values(table: pa.Table, column: Column) -> np.ndarray:
    """Returns the values of a column as a model takes them.

    Args:
        table: String columns, among them this one.
        column: Its name and what it holds.

    Returns:
        float32 `(rows,)` with nan where a number is missing, or str objects `(rows,)` with ""
        where anything else is.

    Raises:
        InputError: A number is none.
    """
    values = table[column.name].combine_chunks()
    if column.kind != "number":
        return np.array(pc.fill_null(values, "").to_pylist(), object)
    try:
        numbers = np.asarray(_present(values).cast(pa.float64()), np.float64)
    except pa.ArrowInvalid as error:
        rows = row_numbers(pc.invert(_are_numbers(_present(values))))
        row = int(rows[0]) if len(rows) else 0
        what = shown(values[row - 1].as_py() if row else error)
        msg = f"`--number-columns`: every value of `{column.name}` must be a number or missing."
        raise InputError(
            f"{msg} Received: `{what}` in row {row}. Correct it, or name the column in "
            "`--category-columns` or `--text-columns`."
        ) from error
    with np.errstate(over="ignore"):
        numbers = numbers.astype(np.float32)
    return np.where(np.isfinite(numbers), numbers, np.float32(np.nan))


def _input_names(names: Sequence[str]) -> list[str]:
    """Returns the names themselves where they will do, else what is left of them, or numbers."""
    found: list[str] = []
    for number, name in enumerate(names):
        plain = re.sub(r"[^A-Za-z0-9.]+", "_", name).strip("_.")
        plain = name if _INPUT_NAME.fullmatch(name) else plain or f"column_{number}"
        taken = plain in (_RESERVED, *found) or (plain != name and plain in names)
        found.append(f"{plain}_{number}" if taken else plain)
    return found


def _kind(values: pa.ChunkedArray) -> Kind:
    present = _present(values).drop_null()
    if not len(present):
        return "category"
    if pc.all(_are_numbers(present)).as_py():
        return "number"
    if pc.all(pc.match_substring_regex(present, f"^(?:{DATE})$")).as_py():
        return "date"
    different = pc.count_distinct(values).as_py()
    few = max(_FEW_CATEGORIES, len(present) / _ROWS_PER_CATEGORY)
    return "category" if different <= few and different <= max(1, len(present) / 2) else "text"


def _present(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Makes null what stands for a missing number or date."""
    missing = pc.is_in(pc.utf8_lower(values), value_set=pa.array(_MISSING))
    return pc.if_else(missing, pa.scalar(None, pa.string()), values)


def _are_numbers(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    pattern = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(?i:inf)$"
    return pc.fill_null(pc.match_substring_regex(values, pattern), True)
