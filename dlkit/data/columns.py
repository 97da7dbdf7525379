"""The columns that are wanted of a file: found, turned into strings, checked."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlkit.data.messages import closest, count, row_numbers, shown
from dlkit.errors import InputError

MAX_CHARACTERS = 1_000_000


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
        long = row_numbers(pc.greater(pc.utf8_length(cleaned), MAX_CHARACTERS))
        if long.size:
            raise self.error(
                f"a text may have at most {MAX_CHARACTERS:,} characters, but the column "
                f"`{column}` of row {long[0]} has more; split it, or close the quote in front of it"
            )
        empty = row_numbers(pc.is_null(cleaned))
        if empty.size and name not in self.optional:
            raise self.error(
                f"the column `{column}` (`{self.option(name)}`) must not be empty, but is so in "
                f"{count(empty.size, 'row')}, first in row {empty[0]}; fill or remove them"
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


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
