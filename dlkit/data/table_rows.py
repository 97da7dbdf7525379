"""Rows of a table with a target: all columns of all files, as strings."""

import gzip
import json
import zlib
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from dlkit.data.bundled import PREFIX, TARGET, read_bundled
from dlkit.data.messages import shown
from dlkit.data.tables import TFDS, read_tables
from dlkit.errors import InputError

_TARGET = "target"


class TableRows(NamedTuple):
    """Columns `(rows,)` of strings, the target, and `row` and `file` of each row."""

    columns: pa.Table
    target: pa.ChunkedArray
    origin: pa.Table

    def take(self, rows: np.ndarray) -> "TableRows":
        """Returns some rows."""
        return TableRows(*(part.take(rows) for part in self))

    def followed_by(self, other: "TableRows") -> "TableRows":
        """Returns these rows and then others, with the same columns."""
        target = pa.chunked_array([*self.target.chunks, *other.target.chunks])
        tables = zip(self[::2], other[::2], strict=True)
        columns, origin = (pa.concat_tables(pair) for pair in tables)
        return TableRows(columns, target, origin)


def read_table_rows(
    sources: Sequence[str], target_column: str, wanted: Sequence[str] | None = None
) -> TableRows:
    """Reads files whose columns need not be named.

    Args:
        sources: Files, or `sklearn:NAME`.
        target_column: What is to be learned; no row may be without it.
        wanted: Names of the columns to read; by default all but the target. A file may lack some.

    Returns:
        The rows of all files.

    Raises:
        InputError: A file cannot be read, or has no target, or nothing else.
    """
    parts = []
    for source in sources:
        target = TARGET if source.startswith(PREFIX) else target_column
        names = [name for name in column_names(source) if name != target]
        kept = names if wanted is None else [name for name in names if name in wanted]
        parts.append(_read(source, kept, target))
    found = dict.fromkeys(name for columns, _ in parts for name in columns.column_names)
    chosen = list(found) if wanted is None else list(wanted)
    if not chosen:
        msg = f"`--data` must have columns beside `{target_column}`. Received: "
        raise InputError(f"{msg}{', '.join(sources)}, without any. Add columns to learn from.")
    rest = pa.concat_tables([rest for _, rest in parts])
    columns = pa.concat_tables([_with_all(columns, chosen) for columns, _ in parts])
    return TableRows(columns, rest[_TARGET], rest.drop_columns([_TARGET]))


def read_columns(source: str, names: Sequence[str]) -> pa.Table:
    """Reads columns of rows that need no target; those that a file lacks are missing throughout.

    Raises:
        InputError: The file cannot be read, or has none of the columns.
    """
    found = [name for name in names if name in column_names(source)]
    if not found:
        listed = ", ".join(f"`{name}`" for name in names[:20])
        msg = f"`--input` must have columns that the run has learned from: {listed}. "
        raise InputError(f"{msg}Received: {source}, without any. Name another file.")
    return _with_all(_read(source, found)[0], names)


def parse_rows(rows: Sequence[str], names: Sequence[str]) -> pa.Table:
    """Reads columns of rows that are JSON objects; those that a row lacks are missing.

    Raises:
        InputError: A row is no JSON object.
    """
    records = [_record(row, number) for number, row in enumerate(rows, 1)]
    values = {name: [_string(record.get(name)) for record in records] for name in names}
    return pa.table({name: pa.array(column, pa.string()) for name, column in values.items()})


def column_names(source: str) -> list[str]:
    """Returns the names of all columns of a file.

    Raises:
        InputError: The file cannot be read.
    """
    if source.startswith(TFDS):
        msg = "`--data` must be a file or sklearn:NAME, as columns are found by their names. "
        raise InputError(f"{msg}Received: {source}. Write its rows to a file first.")
    if source.startswith(PREFIX):
        return [name for name in read_bundled(source).column_names if name != TARGET]
    try:
        return _names(Path(source))
    except (
        OSError,
        EOFError,
        ValueError,
        AttributeError,
        zlib.error,
    ):  # the reader has better words for it
        read_tables([source], {_TARGET: ""}, options={_TARGET: "--target-column"})
        raise


def _record(row: str, number: int) -> dict[str, Any]:
    try:
        record = json.loads(row, parse_int=str, parse_float=str)
        if not isinstance(record, dict):
            raise ValueError("it is something else")
    except (ValueError, RecursionError) as error:
        msg = f"`ROWS` must be JSON objects. Received: {shown(row)} as row {number} ({error})."
        raise InputError(msg + """ Write it like '{"age": 59, "bmi": 32.1}'.""") from error
    return record


def _string(value: Any) -> str | None:
    return None if value is None else str(value).strip() or None


def _read(
    source: str, names: Sequence[str], target: str | None = None
) -> tuple[pa.Table, pa.Table]:
    """Returns columns under their own names, and the target beside `row` and `file`."""
    if source.startswith(PREFIX):
        table = read_bundled(source)
        rows = {"row": range(1, len(table) + 1), "file": [source] * len(table)}
        return table.select(names), pa.table({_TARGET: table[TARGET], **rows})
    keys = {f"column_{number}": name for number, name in enumerate(names)}
    wanted = {**keys, _TARGET: target} if target is not None else keys
    options = {_TARGET: "--target-column"}
    table = read_tables([source], wanted, optional=list(keys), options=options)
    return table.select(list(keys)).rename_columns(list(names)), table.drop_columns(list(keys))


def _names(path: Path) -> list[str]:
    name = path.name.lower().removesuffix(".gz")
    if name.endswith(".parquet"):
        with _opened(path) as file:
            return list(pq.read_schema(pa.py_buffer(file.read())).names)
    if name.endswith((".csv", ".tsv")):
        parse = pa_csv.ParseOptions(
            delimiter="\t" if name.endswith(".tsv") else ",", newlines_in_values=True
        )
        with _opened(path) as file, pa_csv.open_csv(file, parse_options=parse) as reader:
            return [column.strip() for column in reader.schema.names]
    with _opened(path) as file:
        text = file.read().decode("utf-8-sig")
    if text.lstrip().startswith("["):
        records = json.loads(text)
    else:
        records = (json.loads(line) for line in text.split("\n") if line.strip())
    return list(dict.fromkeys(chain.from_iterable(record.keys() for record in records)))


def _opened(path: Path) -> IO[bytes] | gzip.GzipFile:
    return gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb")


def _with_all(columns: pa.Table, names: Sequence[str]) -> pa.Table:
    nothing = pa.nulls(len(columns), pa.string())
    return pa.table(
        {name: columns[name] if name in columns.column_names else nothing for name in names}
    )
