"""Rows from csv, tsv, json, jsonl and parquet files, as one table of strings."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from dlkit.data.columns import Wanted
from dlkit.data.messages import closest, shown
from dlkit.errors import InputError

TFDS = "tfds:"
ENDINGS = (".csv", ".tsv", ".jsonl", ".json", ".parquet")

_BLOCK = 16 * 1024 * 1024  # bytes; a csv row must fit into one block
_FIELDS = re.compile(r"Row #(\d+): Expected (\d+) columns, got (\d+): (.*)", re.DOTALL)
_CHUNK = 50_000  # rows of json held as Python objects at a time


def read_table(
    source: str | Path,
    columns: Mapping[str, str],
    *,
    optional: Collection[str] = (),
    options: Mapping[str, str] | None = None,
) -> pa.Table:
    """Reads the wanted columns of one file or TFDS split.

    Values become strings as written, so `001` and `NA` stay what they are. Surrounding white
    space and byte order marks are removed; an empty value is null.

    Args:
        source: a path ending in .csv, .tsv, .jsonl, .json or .parquet, each also with .gz, or
            `tfds:NAME[/config][:split]`.
        columns: wanted name -> the column's name in the file.
        optional: wanted names that may lack, or be empty in some rows.
        options: wanted name -> the command-line option to name in errors; by default
            `--{name}-column`.

    Returns:
        Table (rows) of the wanted columns (string), `row` (int64, the data row in its file,
        from 1) and `file` (string, without folder).

    Raises:
        InputError: the file cannot be read, a wanted column lacks, or a value breaks a rule.

    Example:
        read_table("posts.csv.gz", {"text": "review", "topic": "cat"}, optional=["topic"])
    """
    if str(source).startswith(TFDS):
        from dlkit.data.tfds import read_tfds

        return read_tfds(str(source), columns, optional, options=options)
    path = Path(source)
    wanted = Wanted(path.name or str(path), columns, optional, options)
    ending = _ending(path, wanted)
    content = _content(path, wanted)
    if not bytes(content[:4096]).strip(b"\xef\xbb\xbf \t\r\n"):
        raise wanted.error("a file must hold data, but this one is empty; was it saved?")
    return _READERS[ending](content, wanted)


def read_tables(
    sources: Sequence[str | Path],
    columns: Mapping[str, str],
    *,
    optional: Collection[str] = (),
    options: Mapping[str, str] | None = None,
) -> pa.Table:
    """Reads several files one after another; each may lack other optional columns.

    Args:
        sources: paths or `tfds:` names, as for `read_table`.
        columns: wanted name -> the column's name in the files.
        optional: wanted names that a file may lack.
        options: wanted name -> the command-line option to name in errors.

    Returns:
        Table as of `read_table`, the rows of all files in the order of `sources`.

    Raises:
        InputError: there is no source, or one of them cannot be read.
    """
    if isinstance(sources, str | Path):
        sources = [sources]
    if not sources:
        raise InputError("`--data`: at least one file must be given, but there is none.")
    return pa.concat_tables(
        [read_table(source, columns, optional=optional, options=options) for source in sources]
    )


def _ending(path: Path, wanted: Wanted) -> str:
    if path.is_dir():
        raise wanted.error("data must be a file, but this is a folder; name a file in it")
    if not path.exists():
        try:
            hint = closest(path.name, [other.name for other in path.parent.iterdir()])
        except OSError:
            hint = f"; there is no folder `{path.parent}` either"
        raise wanted.error(f"there is no file `{path}`{hint}; check the path")
    name = path.name.lower().removesuffix(".gz")
    for ending in ENDINGS:
        if name.endswith(ending):
            return ending
    raise wanted.error(
        f"the name must end in one of {', '.join(ENDINGS)} (also with .gz), which tells the "
        f"format, but ends in `{path.suffix}`; rename or convert the file"
    )


def _content(path: Path, wanted: Wanted) -> pa.Buffer:
    """The bytes of the file, unpacked; mapped, not copied, where they are plain."""
    try:
        if path.name.lower().endswith(".gz"):
            with gzip.open(path) as file:
                return pa.py_buffer(file.read())
        if path.stat().st_size == 0:
            return pa.py_buffer(b"")
        with pa.memory_map(str(path)) as file:
            return file.read_buffer()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise wanted.error(
            f"a .gz file must be whole gzip data, but this one is damaged ({error}); "
            "copy or pack it again"
        ) from error
    except OSError as error:
        raise wanted.error(
            f"the file must be readable, but is not ({error}); check its rights"
        ) from error


def _read_csv(content: pa.Buffer, wanted: Wanted, delimiter: str = ",") -> pa.Table:
    if bytes(content[:2]) in {b"\xff\xfe", b"\xfe\xff"}:
        raise wanted.encoding_error("the header")
    header = _header(content, wanted, delimiter)
    names = [name.strip() for name in header]
    found = {name: header[names.index(column)] for name, column in wanted.pick(names).items()}
    # The last column is read in any case: a quote that is never closed ends up there.
    columns = list(dict.fromkeys([*found.values(), header[-1]]))
    chunks: dict[str, list[pa.Array]] = {name: [] for name in found}
    rows, last = 0, b""
    for batch in _csv_batches(content, wanted, delimiter, columns):
        for name, column in found.items():
            chunks[name].append(wanted.strings(name, batch.column(column), rows + 1))
        rows += batch.num_rows
        last = batch.column(header[-1])[-1].as_py() if batch.num_rows else last
    if b"\n" in last and not bytes(content[-64:]).rstrip().endswith(b'"'):
        raise wanted.error(f"every quote must be closed, but the last one, in row {rows}, is not")
    return wanted.table(_chunked(chunks), rows)


def _read_tsv(content: pa.Buffer, wanted: Wanted) -> pa.Table:
    return _read_csv(content, wanted, "\t")


def _header(content: pa.Buffer, wanted: Wanted, delimiter: str) -> list[str]:
    try:
        return list(_open_csv(content, delimiter).schema.names)
    except UnicodeDecodeError as error:
        raise wanted.encoding_error("the header") from error
    except pa.ArrowInvalid as error:
        raise _csv_error(wanted, 0, error) from error


def _csv_batches(
    content: pa.Buffer, wanted: Wanted, delimiter: str, columns: list[str]
) -> Iterator[pa.RecordBatch]:
    types = dict.fromkeys(columns, pa.binary())
    rows = 0
    try:
        for batch in _open_csv(content, delimiter, include_columns=columns, column_types=types):
            yield batch
            rows += batch.num_rows
    except pa.ArrowInvalid as error:
        raise _csv_error(wanted, rows, error) from error


def _open_csv(content: pa.Buffer, delimiter: str, **convert: Any) -> pa_csv.CSVStreamingReader:
    return pa_csv.open_csv(
        pa.BufferReader(content),
        pa_csv.ReadOptions(block_size=_BLOCK, use_threads=False),  # threads lose row numbers
        pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        pa_csv.ConvertOptions(**convert),
    )


def _csv_error(wanted: Wanted, rows: int, error: pa.ArrowInvalid) -> InputError:
    """Says in our words what pyarrow says after reading so many rows."""
    message = str(error)
    if "Empty CSV" in message:
        return wanted.no_rows()
    if "straddling" in message:
        return wanted.error(
            f"a row may have at most {_BLOCK:,} bytes, but row {rows + 1} has more; split its "
            "text, or close its quote: one that is never closed swallows what follows"
        )
    if (found := _FIELDS.search(message)) is None:
        return wanted.error(f"a file must be valid csv, but after row {rows} it is not ({message})")
    number, expected, got, text = found.groups()
    return wanted.error(
        f"every row must have the {expected} fields of the header, but row {int(number) - 1} has "
        f"{got} (`{shown(text)}`); put values that hold the separator, quotes or line breaks in "
        "double quotes, and close every quote"
    )


def _read_jsonl(content: pa.Buffer, wanted: Wanted) -> pa.Table:
    return _read_records(_json_lines(content, wanted), wanted)


def _read_json(content: pa.Buffer, wanted: Wanted) -> pa.Table:
    start = bytes(content[:4096]).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"["):
        return _read_jsonl(content, wanted)
    items = _parse(content.to_pybytes(), 1, wanted)
    return _read_records(((f"item {n}", item) for n, item in enumerate(items, 1)), wanted)


def _json_lines(content: pa.Buffer, wanted: Wanted) -> Iterator[tuple[str, Any]]:
    lines = io.BufferedReader(pa.BufferReader(content))
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield f"line {number}", _parse(line.rstrip(), number, wanted)


def _parse(raw: bytes, line: int, wanted: Wanted) -> Any:
    """Decodes one JSON value; numbers stay as written. `line` is where `raw` begins."""
    try:
        return _DECODER.decode(raw.decode("utf-8-sig").strip())
    except UnicodeDecodeError as error:
        raise wanted.encoding_error(f"line {line + raw[: error.start].count(10)}") from error
    except json.JSONDecodeError as error:
        raise wanted.error(
            f"a .jsonl file must hold one JSON object a line, a .json file also one array of "
            f"objects, but line {line + error.lineno - 1} is broken ({error.msg}, column "
            f"{error.colno}); mend the line"
        ) from error
    except RecursionError as error:
        raise wanted.error(f"from line {line} on, objects must nest less deeply") from error
    except InputError as error:
        raise wanted.error(f"from line {line} on, {error}; remove the others") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        names = [name for name, _ in pairs]
        double = max(names, key=names.count)
        raise InputError(f"column names must differ, but `{double}` is there twice")
    return record


def _read_records(records: Iterator[tuple[str, Any]], wanted: Wanted) -> pa.Table:
    names: dict[str, None] = {}
    chunks: dict[str, list[pa.Array]] = {name: [] for name in wanted.columns}
    values: dict[str, list[str | None]] = {name: [] for name in wanted.columns}
    rows = 0
    for place, record in records:
        if not isinstance(record, dict):
            raise wanted.error(
                f'every row must be a JSON object such as {{"text": "..."}}, but {place} is '
                f"`{shown(record)}`"
            )
        rows += 1
        if not record.keys() <= names.keys():
            names |= dict.fromkeys(record)
        for name, column in wanted.columns.items():
            values[name].append(_plain(record.get(column), column, place, wanted))
        if rows % _CHUNK == 0:
            _flush(values, chunks)
    _flush(values, chunks)
    found = wanted.pick(list(names)) if rows else {}
    return wanted.table(_chunked({name: chunks[name] for name in found}), rows)


def _plain(value: Any, column: str, place: str, wanted: Wanted) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        raise wanted.error(
            f"the column `{column}` must hold plain values, but {place} has a nested one "
            f"(`{shown(json.dumps(value))}`); write it as plain text"
        )
    if value is not None and not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise wanted.error(
                f"text must be Unicode, but the column `{column}` of {place} has half a character "
                f"(`{value[error.start]!a}`); mend or remove it"
            ) from error
    return value


def _flush(values: dict[str, list[str | None]], chunks: dict[str, list[pa.Array]]) -> None:
    for name, column in values.items():
        chunks[name].append(pa.array(column, pa.string()))
        column.clear()


def _read_parquet(content: pa.Buffer, wanted: Wanted) -> pa.Table:
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        found = wanted.pick(file.schema_arrow.names)
        table = file.read(list(dict.fromkeys(found.values())))
    except (pa.ArrowException, OSError) as error:
        raise wanted.error(
            f"a .parquet file must hold Parquet data, but this one does not "
            f"({shown(error, 200)}); write it again or rename it to its real format"
        ) from error
    chunks: dict[str, list[pa.Array]] = {name: [] for name in found}
    for name, column in found.items():
        first = 1
        for chunk in table[column].chunks:
            chunks[name].append(wanted.strings(name, chunk, first))
            first += len(chunk)
    return wanted.table(_chunked(chunks), file.metadata.num_rows)


def _chunked(chunks: Mapping[str, list[pa.Array]]) -> dict[str, pa.ChunkedArray]:
    return {name: pa.chunked_array(arrays, pa.string()) for name, arrays in chunks.items()}


_DECODER = json.JSONDecoder(
    parse_int=str,
    parse_float=str,
    parse_constant=lambda word: None if word == "NaN" else word,
    object_pairs_hook=_unique,
)
_READERS: dict[str, Callable[[pa.Buffer, Wanted], pa.Table]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".jsonl": _read_jsonl,
    ".json": _read_json,
    ".parquet": _read_parquet,
}
