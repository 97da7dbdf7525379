import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dlkit.data.table_rows import column_names, parse_rows, read_columns, read_table_rows
from dlkit.errors import InputError

ROWS = [
    {"size": "1", "row": "a", "target": "x"},
    {"size": None, "row": "b", "target": "y"},
]


@pytest.fixture(params=["csv", "tsv", "jsonl", "json", "parquet", "csv.gz", "jsonl.gz"])
def source(request, tmp_path):
    """The same rows in every format; a column has the name of one that readers add."""
    path = tmp_path / f"rows.{request.param}"
    ending = request.param.removesuffix(".gz")
    if ending == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
        return str(path)
    if ending in ("csv", "tsv"):
        mark = "," if ending == "csv" else "\t"
        lines = [mark.join(ROWS[0]), *(mark.join(v or "" for v in row.values()) for row in ROWS)]
        text = "\n".join(lines)
    elif ending == "json":
        text = json.dumps(ROWS)
    else:
        text = "\n\n".join(json.dumps(row) for row in ROWS)
    opened = gzip.open if request.param.endswith(".gz") else open
    with opened(path, "wt", encoding="utf-8") as file:
        file.write(text)
    return str(path)


def test_all_columns_are_found(source):
    assert column_names(source) == ["size", "row", "target"]
    rows = read_table_rows([source], "target")
    assert rows.columns.to_pydict() == {"size": ["1", None], "row": ["a", "b"]}
    assert rows.target.to_pylist() == ["x", "y"]
    assert rows.origin["row"].to_pylist() == [1, 2]
    assert read_columns(source, ["row", "more"]).to_pydict() == {
        "row": ["a", "b"],
        "more": [None, None],
    }


def test_several_files_may_lack_columns(tmp_path):
    for name, text in {"a": "x,target\n1,u\n", "b": "y,target\n2,v\n"}.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    sources = [str(tmp_path / "a.csv"), str(tmp_path / "b.csv")]
    rows = read_table_rows(sources, "target")
    assert rows.columns.to_pydict() == {"x": ["1", None], "y": [None, "2"]}
    assert rows.take(np.array([1])).origin["file"].to_pylist() == ["b.csv"]
    joined = rows.take(np.array([1])).followed_by(rows.take(np.array([0])))
    assert joined.target.to_pylist() == ["v", "u"]
    assert joined.columns["y"].to_pylist() == ["2", None]


@pytest.mark.parametrize("name", ["diabetes", "breast_cancer", "wine", "digits"])
def test_bundled_tables_have_a_target(name):
    rows = read_table_rows([f"sklearn:{name}"], "whatever")
    assert len(rows.target) == {"diabetes": 442, "breast_cancer": 569, "wine": 178}.get(name, 1797)
    assert "target" not in rows.columns.column_names
    if name == "wine":
        assert set(rows.target.to_pylist()) == {"class_0", "class_1", "class_2"}


def test_a_row_as_json():
    rows = parse_rows(['{"a": 1.50, "b": " x "}', '{"c": true, "a": null}'], ["a", "b", "c"])
    assert rows.to_pydict() == {"a": ["1.50", None], "b": ["x", None], "c": [None, "True"]}


@pytest.mark.parametrize("row", ["[1]", "{", "3", "[" * 100_000])
def test_a_row_that_is_no_object(row):
    with pytest.raises(InputError, match=r"`ROWS` must be JSON objects\. Received: .* as row 1"):
        parse_rows([row], ["a"])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.csv", None, "there is no file"),
        ("rows.docx", "x", "the name must end in one of"),
        ("empty.csv", "", "a file must hold data"),
        ("broken.jsonl", "{", "line 1 is broken"),
        ("list.jsonl", '["a"]', "every row must be a JSON object"),
        ("damaged.csv.gz", "no gzip", "must be whole gzip data"),
        ("broken.parquet", "PAR1", "must hold Parquet data"),
        ("other.csv", "a,b\n1,2\n", "there must be a column `target`.*--target-column NAME"),
        ("alone.csv", "target\n1\n", "`--data` must have columns beside `target`"),
        ("gap.csv", "a,target\n1,\n", r"\(`--target-column`\) must not be empty"),
    ],
)
def test_bad_files(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_table_rows([str(path)], "target")


@pytest.mark.parametrize("source", ["sklearn:wines", "tfds:iris"])
def test_tables_that_there_are_not(source):
    with pytest.raises(InputError, match=r"sklearn:NAME"):
        read_table_rows([source], "target")
