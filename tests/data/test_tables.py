import contextlib
import datetime as dt
import decimal
import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit.data import tables
from dlkit.data.tables import read_table, read_tables
from dlkit.errors import InputError

COLUMNS = {"text": "text", "label": "label"}
ROWS = [("I love it", "001"), ("天气，很好", "NA"), ('a "b",\nc', "null")]
BOM = b"\xef\xbb\xbf"


def as_csv(rows, separator=","):
    lines = [("text", "label"), *rows]
    quoted = [[f'"{value.replace(chr(34), chr(34) * 2)}"' for value in line] for line in lines]
    return "".join(separator.join(line) + "\n" for line in quoted).encode()


def as_objects(rows):
    return [{"text": text, "label": label} for text, label in rows]


def as_bytes(ending, rows=ROWS):
    if ending in {".csv", ".tsv"}:
        return as_csv(rows, "," if ending == ".csv" else "\t")
    if ending == ".jsonl":
        return "\n".join(map(json.dumps, as_objects(rows))).encode()
    if ending == ".json":
        return json.dumps(as_objects(rows), ensure_ascii=False, indent=1).encode()
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(as_objects(rows)), sink)
    return sink.getvalue().to_pybytes()


def write(folder, name, content):
    path = folder / name
    content = content.encode() if isinstance(content, str) else content
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def values(table, *names):
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".json", ".parquet", ".CSV"])
def test_every_format_gives_the_same_table(tmp_path, ending, packed):
    path = write(tmp_path, f"rows{ending}{packed}", as_bytes(ending.lower()))
    table = read_table(path, {"words": "text", "topic": "label"})
    assert values(table, "words", "topic") == ROWS
    assert table.schema == pa.schema(
        {"words": pa.string(), "topic": pa.string(), "row": pa.int64(), "file": pa.string()}
    )
    assert values(table, "row", "file") == [(row, path.name) for row in (1, 2, 3)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("crlf.csv", "text,label\r\na,1\r\n\r\nb,\r\n"),
        ("old.csv", "text,label\ra,1\rb,\r"),
        ("bom.csv", BOM + b'"text","label"\na,1\nb,\n'),
        ("spaces.csv", "text , label,more\n a ,1 ,x\n\u3000b\t,  ,y"),
        ("inner.csv", "text,label\n\ufeffa,1\n \ufeff b,\ufeff\n"),
        ("order.tsv", "label\tother\ttext\n1\tx,y\ta\n\t\tb\n"),
        ("bom.jsonl", BOM + b'{"text": "a", "label": 1}\n\n{"text": "b", "more": [1]}\n'),
        ("lines.json", '\n{"text": "a", "label": "1"}\r\n{"text": " b", "label": ""}'),
        ("bom.json", BOM + b' [{"text": "a", "label": 1}, {"text": "b", "label": NaN}]'),
    ],
)
def test_variants_of_writing(tmp_path, name, content):
    table = read_table(write(tmp_path, name, content), COLUMNS, optional=["label"])
    assert values(table, "text", "label", "row") == [("a", "1", 1), ("b", None, 2)]


def test_json_values_become_strings_as_written(tmp_path):
    given = '["x", 1, 1.50, 1e3, true, null, 12345678901234567890, Infinity, "天\\u6c14"]'
    lines = [f'{{"text": {word.strip()}}}' for word in given[1:-1].split(",")]
    path = write(tmp_path, "rows.jsonl", "\n".join(lines))
    table = read_table(path, {"text": "text"}, optional=["text"])
    assert table["text"].to_pylist() == [
        *["x", "1", "1.50", "1e3", "true", None, "12345678901234567890", "Infinity", "天气"]
    ]


@pytest.mark.parametrize(
    ("column", "strings"),
    [
        (pa.array([0, 1, None]), ["0", "1", None]),
        (pa.array([0.0, 1.5, float("nan")]), ["0", "1.5", None]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array(["a", "b", None]).dictionary_encode(), ["a", "b", None]),
        (pa.array(["a", " b", ""], pa.large_string()), ["a", "b", None]),
        (pa.array([b"a", "气".encode(), b""]), ["a", "气", None]),
        (pa.nulls(3), [None] * 3),
        (pa.array([1, 1.5, None], pa.float16()), ["1", "1.5", None]),
        (pa.array(["a", None, "气"], pa.string_view()), ["a", None, "气"]),
        (pa.array([dt.date(2024, 5, 1)] * 3), ["2024-05-01"] * 3),
        (
            pa.array([dt.datetime(2024, 5, 1)] * 3, pa.timestamp("s", "Asia/Shanghai")),
            ["2024-05-01 08:00:00.000+0800"] * 3,
        ),
        (pa.array([decimal.Decimal("1.10")] * 3), ["1.10"] * 3),
    ],
)
def test_parquet_values_become_strings(tmp_path, column, strings):
    pq.write_table(pa.table({"my.label": column, "list": [[1]] * 3}), tmp_path / "rows.parquet")
    table = read_table(tmp_path / "rows.parquet", {"label": "my.label"}, optional=["label"])
    assert table["label"].to_pylist() == strings


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(*[st.text('ab,"\n\r\t; \ufeff\u3000天')] * 2), min_size=1))
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".json"])
def test_any_text_survives(tmp_path_factory, ending, rows):
    path = write(tmp_path_factory.mktemp("any"), f"rows{ending}", as_bytes(ending, rows))
    table = read_table(path, COLUMNS, optional=COLUMNS)
    trimmed = [[value.strip().lstrip("\ufeff").strip() or None for value in row] for row in rows]
    assert values(table, "text", "label") == [tuple(row) for row in trimmed]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_one_column_may_serve_twice(tmp_path, ending):
    path = write(tmp_path, f"rows{ending}", as_bytes(ending))
    table = read_table(path, {"text": "text", "title": "text"})
    assert table["text"] == table["title"]


def test_large_csv_keeps_row_numbers(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "_BLOCK", 10_000)
    content = "label,text\n" + "".join(f"{i},some text\n" for i in range(2000))  # several blocks
    table = read_table(write(tmp_path, "rows.csv", content), COLUMNS)
    assert table["label"].to_pylist() == [str(i) for i in range(2000)]
    assert table["row"].to_pylist() == list(range(1, 2001))
    with pytest.raises(InputError, match="but row 2001 has 3"):
        read_table(write(tmp_path, "rows.csv", content + "a,b,c\n"), COLUMNS)


def test_files_are_joined_though_each_lacks_a_column(tmp_path):
    sources = [
        write(tmp_path, "topics.csv", "text,topic\na,bank\n"),
        str(write(tmp_path, "moods.jsonl", '{"text": "b", "mood": 1}\n{"text": "c"}')),
    ]
    columns = {"text": "text", "topic": "topic", "mood": "mood"}
    table = read_tables(sources, columns, optional=["topic", "mood"])
    assert values(table, *columns, "row", "file") == [
        ("a", "bank", None, 1, "topics.csv"),
        ("b", None, "1", 1, "moods.jsonl"),
        ("c", None, None, 2, "moods.jsonl"),
    ]
    assert read_tables(sources[1], columns, optional=["topic", "mood"]).num_rows == 2


def test_no_file_at_all():
    with pytest.raises(InputError, match="`--data`: at least one file must be given"):
        read_tables([], COLUMNS)


GOOD = "text,label\na,1\n"
ARRAY = json.dumps({"text": ["a"], "label": 1})
CSV_ENCODING = "convert the file with `iconv -f ENCODING -t UTF-8"

BROKEN = {
    "empty": ("x.csv", "", "`x.csv`: a file must hold data, but this one is empty"),
    "white": ("x.jsonl", " \n\n", "this one is empty; was it saved"),
    "only bom": ("x.csv", BOM, "this one is empty"),
    "empty gz": ("x.csv.gz", "", "`x.csv.gz`: a file must hold data, but this one is empty"),
    "empty parquet": ("x.parquet", "", "this one is empty"),
    "header only": ("x.csv", "text,label\n", "has no row after its header; add rows"),
    "bare header": ("x.csv", "text,label", "has no row after its header"),
    "no items": ("x.json", "[]", "has no row after its header"),
    "no rows": ("x.parquet", None, "has no row after its header"),
    "ending": ("x.xlsx", GOOD, r"must end in one of .csv, .tsv.* but ends in `.xlsx`; rename"),
    "no ending": ("data", GOOD, "but ends in ``"),
    "missing column": (
        *("x.csv", "txt,label\na,1\n"),
        r"must be a column `text`, but the columns are `txt`, `label` \(did you mean `txt`\?\); "
        "choose one with `--text-column NAME`",
    ),
    "missing key": ("x.jsonl", '{"text": "a"}', "a column `label`, but the columns are `text`;"),
    "missing in parquet": ("x.parquet", None, "must be a column `text`, but the columns are"),
    "many columns": ("x.csv", ",".join(map(str, range(30))) + "\n" * 2, "`19` and 10 more;"),
    "semicolons": ("x.csv", "text;label\na;1\n", r"columns are `text;label` \(are they separated"),
    "double column": ("x.csv", "text,label,text\na,1,b\n", "`text` is there 2 times; rename"),
    "double key": ("x.jsonl", '{"text": "a", "text": "b"}', "line 1 on, .*`text` is there twice"),
    "encoding": ("x.csv", "text,label\na,1\n天气,2\n".encode("gb18030"), "`text` of row 2 is not"),
    "encoding advice": ("x.csv", b"text,label\n\xff,1\n", CSV_ENCODING),
    "header encoding": ("x.csv", "标签,text\na,1\n".encode("gb18030"), "but the header is not"),
    "utf-16": ("x.csv", GOOD.encode("utf-16"), "text must be UTF-8, but the header is not"),
    "json encoding": ("x.jsonl", b'{"a": 1}\n{"text": "\xe9"}', "UTF-8, but line 2 is not"),
    "array encoding": ("x.json", b'[{},\n{},\n{"text": "\xe9"}]', "UTF-8, but line 3 is not"),
    "half character": ("x.jsonl", '{"text": "\\ud83d"}', r"of line 1 has half a character"),
    "too many fields": (
        *("x.csv", 'text,label\n"a\nb",1\n\nb,c,2\n'),
        "must have the 2 fields of the header, but row 2 has 3 .`b,c,2`.; put values that hold",
    ),
    "too few fields": ("x.tsv", "text\tlabel\na\n", r"row 1 has 1 \(`a`\); put values that"),
    "broken row bytes": ("x.csv", b"text,label\na,1\n\xff,b,2\n", "but row 2 has 3"),
    "open quote": ("x.csv", 'text,label\na,1\n"b,2\nc,3\n', "row 2 has 1 .* close every quote"),
    "last open quote": ("x.csv", 'text,label\na,1\nb,"2\nc,3\n', "quote must be closed.* row 2"),
    "broken line": ("x.jsonl", '{"text": "a"}\n\n{"text": ', r"line 3 is broken \(Expecting value"),
    "python literal": ("x.jsonl", "{'text': 'a'}", "line 1 is broken .* column 2"),
    "spread object": ("x.json", '{\n"text": "a"\n}', "line 1 is broken"),
    "broken array": ("x.json", '[{"text": "a"},\n{"text" "b"}]', "line 2 is broken"),
    "text after array": ("x.json", '[{"text": "a"}]\n[]', r"line 2 is broken \(Extra data"),
    "no object": ("x.jsonl", '{"text": "a"}\n["b"]', "must be a JSON object .* but line 2 is"),
    "no object in array": ("x.json", '[{"text": "a"}, "b"]', "but item 2 is `b`"),
    "too deep": ("x.jsonl", '{"text": ' + "[" * 100_000, "line 1 on, objects must nest less"),
    "no gzip": ("x.csv.gz", None, r"must be whole gzip data, .* \(Not a gzipped file"),
    "cut gzip": ("x.jsonl.gz", None, "this one is damaged .*end-of-stream marker"),
    "spoilt gzip": ("x.json.gz", None, "this one is damaged"),
    "no parquet": ("x.parquet", GOOD, "must hold Parquet data, but this one does not"),
    "cut parquet": ("x.parquet", as_bytes(".parquet")[:-20], "must hold Parquet data"),
    "empty text": (
        *("x.csv", "text,label\na,1\n,2\n \u3000 ,3\n"),
        r"`text` \(`--text-column`\) must not be empty, but is so in 2 rows, first in row 2; fill",
    ),
    "null text": ("x.jsonl", '{"text": null, "label": 1}', "is so in 1 row, first in row 1"),
    "empty label": ("x.csv", "text,label\na,1\nb,\n", r"`label` \(`--label-column`\) must not be"),
    "nested list": ("x.json", f"[{ARRAY}]", r"`text` must hold plain values, but item 1 has a nes"),
    "nested object": (
        "x.jsonl",
        '{"text": "a", "label": {"b": 1}}',
        r"line 1 has a .*\{\"b\": \"1",
    ),
    "nested parquet": ("x.parquet", None, r"holds nested ones \(list<.*from row 1 on"),
    "long text": ("x.csv", f"text,label\na,1\n{'长' * 1_000_001},2\n", "text` of row 2 has more;"),
}


def broken_bytes(case, name, content):
    """The content of the cases that are no plain text."""
    good = gzip.compress(as_bytes(".jsonl"), mtime=0)
    tables = {
        "missing in parquet": pa.table({"label": ["a"]}),
        "nested parquet": pa.table({"text": [["a"]], "label": ["b"]}),
        "no rows": pa.table(
            {"text": pa.array([], pa.string()), "label": pa.array([], pa.string())}
        ),
    }
    if case in tables:
        sink = pa.BufferOutputStream()
        pq.write_table(tables[case], sink)
        return sink.getvalue().to_pybytes()
    content = content.encode() if isinstance(content, str) else content
    if name.endswith(".gz"):
        spoilt = good[:-6] + bytes([good[-6] ^ 255]) + good[-5:]
        special = {"no gzip": GOOD.encode(), "cut gzip": good[:-9], "spoilt gzip": spoilt}
        return special.get(case) or gzip.compress(content)
    return content


@pytest.mark.parametrize("case", BROKEN)
def test_broken_input_is_named(tmp_path, case):
    name, content, message = BROKEN[case]
    path = tmp_path / name
    path.write_bytes(broken_bytes(case, name, content))
    with pytest.raises(InputError, match=message) as caught:
        read_table(path, COLUMNS)
    assert str(caught.value).startswith(f"`{name}`: ")
    assert str(caught.value).endswith(".")


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 200), junk=st.binary(max_size=12) | st.sampled_from([b'"', b"\n", b",["]))
@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".json", ".parquet", ".csv.gz"])
def test_spoilt_files_end_in_no_other_error(tmp_path_factory, ending, cut, junk):
    good = as_bytes(ending.removesuffix(".gz"))
    good = gzip.compress(good) if ending.endswith(".gz") else good
    path = tmp_path_factory.mktemp("spoilt") / f"x{ending}"
    path.write_bytes(good[:cut] + junk + good[cut + len(junk) :])
    with contextlib.suppress(InputError):
        assert read_table(path, COLUMNS, optional=["label"]).num_rows


@pytest.mark.parametrize("before", [0, 1, 500])
def test_a_row_longer_than_a_block_is_named(tmp_path, monkeypatch, before):
    monkeypatch.setattr(tables, "_BLOCK", 1000)
    path = write(tmp_path, "x.csv", "text,label\n" + "a,1\n" * before + "b" * 5000 + ",1\na,1\n")
    with pytest.raises(InputError, match=f"at most 1,000 bytes, but row {before + 1} has more;"):
        read_table(path, COLUMNS)


def test_missing_file_names_the_closest(tmp_path):
    write(tmp_path, "reviews.csv", GOOD)
    with pytest.raises(InputError, match=r"no file `.*revews.csv` \(did you mean `reviews.csv`"):
        read_table(tmp_path / "revews.csv", COLUMNS)
    with pytest.raises(InputError, match=r"there is no folder `.*nowhere` either"):
        read_table(tmp_path / "nowhere" / "a.csv", COLUMNS)


def test_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="data must be a file, but this is a folder"):
        read_table(tmp_path, COLUMNS)


def test_options_are_named(tmp_path):
    path = write(tmp_path, "x.csv", "a,b\n1,2\n")
    with pytest.raises(InputError, match="choose one with `--items-text NAME`"):
        read_table(path, {"text": "text"}, options={"text": "--items-text"})
    with pytest.raises(InputError, match="choose one with `--user-id-column NAME`"):
        read_table(path, {"user_id": "user"})
