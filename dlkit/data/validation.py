"""Checks at the border: what a file's columns and values must be before a model sees them."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlkit.errors import InputError

MAX_CHARACTERS = 1_000_000
MAX_CLASSES = 10_000

# ASCII only: Chinese text often follows a link with no space between.
_LINK = r"(?i)(https?://|www\.)[\x21-\x7e]+"
_NO_CONTENT = r"[\pP\pZ\pC\s$+<=>^`|~]+"


@dataclass(frozen=True)
class Wanted:
    """The columns that a caller wants of one file, and what error messages call them.

    Args:
        file: name of the file, without its folder.
        columns: wanted name -> the column's name in the file.
        optional: wanted names that the file may lack.
        options: wanted name -> the command-line option that chooses its column; by default
            `--{name}-column`.
    """

    file: str
    columns: Mapping[str, str]
    optional: Collection[str] = ()
    options: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        if not self.columns or {"row", "file"} & set(self.columns):
            raise ValueError("`columns` must name a column; `row` and `file` are added by itself")
        if unknown := set(self.optional) - set(self.columns):
            raise ValueError(f"`optional` must be a part of `columns`, got also {sorted(unknown)}")

    def option(self, name: str) -> str:
        """The option that chooses the column of `name`."""
        return (self.options or {}).get(name, f"--{name.replace('_', '-')}-column")

    def pick(self, names: Sequence[str]) -> dict[str, str]:
        """Finds the wanted columns.

        Args:
            names: all column names of the file.

        Returns:
            wanted name -> column name, without the optional columns that the file lacks.

        Raises:
            InputError: a required column is missing, or a wanted one is there twice.
        """
        for column in self.columns.values():
            if names.count(column) > 1:
                raise self.error(
                    f"column names must differ, but `{column}` is there {names.count(column)} "
                    "times; rename or remove the others"
                )
        for name, column in self.columns.items():
            if column not in names and name not in self.optional:
                raise self.error(_missing(column, names, self.option(name)))
        return {name: column for name, column in self.columns.items() if column in names}

    def strings(self, name: str, values: pa.Array, first: int) -> pa.Array:
        """Turns one flat array into strings; NaN becomes null.

        Args:
            name: wanted name of the column.
            values: Arrow array of any flat type, bytes as UTF-8.
            first: row number of the first value.

        Returns:
            pa.string array of the same length.

        Raises:
            InputError: nested values or invalid UTF-8.
        """
        if isinstance(values, pa.ExtensionArray):
            values = values.storage
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if pa.types.is_floating(values.type):
            values = pc.if_else(pc.is_nan(values), pa.scalar(None, values.type), values)
        column = self.columns[name]
        try:
            # By way of bytes, as only that cast checks the encoding.
            return values.cast(pa.string()).cast(pa.binary()).cast(pa.string())
        except pa.ArrowNotImplementedError as error:
            raise self.error(
                f"the column `{column}` must hold plain values, but holds nested ones "
                f"({shown(values.type)}) from row {first} on; write them as plain text"
            ) from error
        except pa.ArrowInvalid as error:
            for row, value in enumerate(values.cast(pa.binary()).to_pylist(), first):
                if value is not None and not _is_utf8(value):
                    raise self.encoding_error(f"the column `{column}` of row {row}") from error
            raise

    def table(self, values: Mapping[str, pa.ChunkedArray], rows: int) -> pa.Table:
        """Trims and checks the values and adds where they come from.

        Args:
            values: wanted name -> pa.string column of `rows` values; optional ones may lack.
            rows: number of data rows in the file.

        Returns:
            Table of the wanted columns (string), `row` (int64, from 1) and `file` (string).

        Raises:
            InputError: no rows, an empty value in a required column, or one that is too long.
        """
        if rows == 0:
            raise self.no_rows()
        table = {name: pa.nulls(rows, pa.string()) for name in self.columns}
        table |= {name: self._clean(name, column) for name, column in values.items()}
        table["row"] = pa.array(np.arange(1, rows + 1))
        table["file"] = pa.repeat(pa.scalar(self.file, pa.string()), rows)
        return pa.table(table)

    def _clean(self, name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
        trimmed = pc.utf8_ltrim(pc.utf8_trim_whitespace(values), characters="\ufeff")
        trimmed = pc.utf8_trim_whitespace(trimmed)
        cleaned = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
        column = self.columns[name]
        long = _rows(pc.greater(pc.utf8_length(cleaned), MAX_CHARACTERS))
        if long.size:
            raise self.error(
                f"a text may have at most {MAX_CHARACTERS:,} characters, but the column "
                f"`{column}` of row {long[0]} has more; split it, or close the quote in front of it"
            )
        empty = _rows(pc.is_null(cleaned))
        if empty.size and name not in self.optional:
            raise self.error(
                f"the column `{column}` (`{self.option(name)}`) must not be empty, but is so in "
                f"{_count(empty.size, 'row')}, first in row {empty[0]}; fill or remove them"
            )
        return cleaned

    def error(self, text: str) -> InputError:
        """An InputError about the file."""
        return InputError(f"`{self.file}`: {text}.")

    def no_rows(self) -> InputError:
        """An InputError about a file that has columns at most."""
        return self.error(
            "a file must hold data, but this one has no row after its header; add rows, or close "
            "a quote that swallows them"
        )

    def encoding_error(self, place: str) -> InputError:
        """An InputError about bytes at `place` that are no UTF-8."""
        return self.error(
            f"text must be UTF-8, but {place} is not; convert the file with "
            "`iconv -f ENCODING -t UTF-8 FILE > NEW`, where ENCODING is often GB18030 (Chinese), "
            "WINDOWS-1252 (Western) or UTF-16"
        )


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
        more = f", and {_count(len(single) - 1, 'class')} more likewise" if single[1:] else ""
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
    unknown = _rows(pc.and_(pc.invert(inside), pc.is_valid(values))) - 1
    if unknown.size:
        index = int(unknown[0])
        label = values[index].as_py()
        raise InputError(
            f"`{name}` of `{source}`: every label must be one of the {_count(len(known), 'class')} "
            f"seen in training, but there are others in {_count(unknown.size, 'row')}, first "
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
            f"{_place(int(bad[0]), table)} has {got} ({_count(bad.size, 'such row')}); correct or "
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


def closest(word: str, names: Iterable[str]) -> str:
    """A hint at the most similar of `names`, or nothing if none is similar."""
    by_lower = {name.lower(): name for name in names}
    match = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return f" (did you mean `{by_lower[match[0]]}`?)" if match else ""


def shown(value: object, limit: int = 60) -> str:
    """A value on one line of at most `limit` characters, for a message."""
    line = " ".join(str(value).split())
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def _missing(column: str, names: Sequence[str], option: str) -> str:
    listed = ", ".join(f"`{shown(name)}`" for name in names[:20])
    more = f" and {len(names) - 20} more" if names[20:] else ""
    hint = closest(column, names)
    if len(names) == 1 and (separator := next((s for s in ";\t|," if s in names[0]), "")):
        hint = f" (are they separated by {separator!r}? use `,` in .csv, a tab in .tsv)"
    return (
        f"there must be a column `{column}`, but the columns are {listed}{more}{hint}; "
        f"choose one with `{option} NAME`"
    )


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


def _rows(mask: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Row numbers, from 1, where the mask is true."""
    return np.flatnonzero(np.asarray(pc.fill_null(mask, False))) + 1


def _place(index: int, table: pa.Table | None) -> str:
    if table is None:
        return f"row {index + 1}"
    return f"row {table['row'][index]} of `{table['file'][index]}`"


def _number(value: str | None) -> float:
    try:
        return math.nan if value is None else float(value)
    except ValueError:
        return math.nan


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _count(number: int, noun: str) -> str:
    plural = "es" if noun.endswith("s") else "s"
    return f"{number:,} {noun}{'' if number == 1 else plural}"
