import csv

import numpy as np
import pytest

from dlkit.data.text_rows import extra_columns, read_text_rows, split_rows, take
from dlkit.errors import InputError
from dlkit.settings import TextTraining

ONE = {"label": "label"}
TWO = {"topic": "topic", "mood": "mood"}


@pytest.fixture
def write(tmp_path):
    def write(name, header, *rows):
        with (tmp_path / name).open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        return str(tmp_path / name)

    return write


def test_columns_get_the_names_of_their_tasks(write):
    source = write("a.csv", ["body", "kind", "more"], ["hello", "x", "1"], ["bye", "y", "2"])
    table = read_text_rows([source], "body", {"label": "kind"}, {})
    assert set(table.column_names) == {"text", "label", "row", "file"}
    assert table["text"].to_pylist() == ["hello", "bye"]
    assert table["label"].to_pylist() == ["x", "y"]


def test_files_may_carry_different_labels(write):
    sources = [
        write("a.csv", ["text", "topic"], ["one", "x"]),
        write("b.csv", ["text", "mood"], ["two", "good"]),
        write("c.csv", ["text", "topic", "mood"], ["three", "", "bad"], ["four", "y", "good"]),
    ]
    table = read_text_rows(sources, "text", TWO, {})
    assert table["topic"].to_pylist() == ["x", None, None, "y"]
    assert table["mood"].to_pylist() == [None, "good", "bad", "good"]
    assert table["file"].to_pylist() == ["a.csv", "b.csv", "c.csv", "c.csv"]


def test_rows_without_any_label_are_left_out(write):
    source = write(
        "a.csv", ["text", "topic", "mood"], ["one", "x", ""], ["none", "", ""], ["two", "", "good"]
    )
    table = read_text_rows([source], "text", TWO, {})
    assert table["text"].to_pylist() == ["one", "two"]
    assert table["row"].to_pylist() == [1, 3]


def test_a_task_without_labels_has_no_column(write):
    table = read_text_rows([write("a.csv", ["text", "mood"], ["one", "x"])], "text", TWO, {})
    assert "topic" not in table.column_names
    assert take(table, None, list(TWO)).labels == {"topic": [None], "mood": ["x"]}


def test_one_task_needs_all_its_labels(write):
    source = write("a.csv", ["text", "label"], ["one", "x"], ["two", ""])
    with pytest.raises(InputError, match=r"`label` \(`--label-column`\) must not be empty.*row 2"):
        read_text_rows([source], "text", ONE, {})


def test_a_mistyped_text_column(write):
    source = write("a.csv", ["text", "label"], ["one", "x"])
    with pytest.raises(
        InputError, match=r"must be a column `txt`.*did you mean `text`.*--text-col"
    ):
        read_text_rows([source], "txt", ONE, {})


def test_a_mistyped_label_column(write):
    source = write("a.csv", ["text", "label"], ["one", "x"])
    with pytest.raises(InputError, match=r"column `lable`.*mean `label`.*`--label-column NAME`"):
        read_text_rows([source], "text", {"label": "lable"}, {})


def test_no_label_of_several_tasks(write):
    source = write("a.csv", ["text", "kind"], ["one", "x"])
    with pytest.raises(InputError) as error:
        read_text_rows([source], "text", TWO, {})
    message = str(error.value)
    assert "`--topic-column` or `--mood-column` must name a column of labels" in message
    assert "a.csv, without `topic`, `mood`. Name the column" in message


def test_a_missing_column_of_the_split(write):
    source = write("a.csv", ["text", "label"], ["one", "x"])
    extra = extra_columns(TextTraining(split="group", group_column="user"))
    with pytest.raises(InputError, match=r"column `user`.*`--group-column NAME`"):
        read_text_rows([source], "text", ONE, extra)


def table_of(write, rows=40):
    header = ["text", "label", "group", "time"]
    source = write(
        "rows.csv",
        header,
        *([f"t{i}", "ab"[i % 2], f"g{i // 4}", f"2024-03-{i // 2 + 1:02}"] for i in range(rows)),
    )
    return read_text_rows([source], "text", ONE, {"group": "group", "time": "time"})


@pytest.mark.parametrize("split", ["random", "group", "time"])
def test_splits(write, split):
    table = table_of(write)
    parts = split_rows(table, ["label"], TextTraining(split=split, test_fraction=0.2))
    assert [len(part) for part in parts] == [28, 4, 8]
    assert sorted(np.concatenate(parts)) == list(range(40))
    if split == "group":
        groups = [set(take(table, part, ["group"]).labels["group"]) for part in parts]
        assert sum(map(len, groups)) == 10
    if split == "time":
        assert parts.test.tolist() == list(range(32, 40))


def test_a_file_of_its_own_is_not_split_off(write):
    table = table_of(write)
    sizes = [
        [len(part) for part in split_rows(table, ["label"], TextTraining(**files))]
        for files in (
            {"test_data": "t.csv"},
            {"validation_data": "v.csv"},
            {"test_data": "t.csv", "validation_data": "v.csv"},
        )
    ]
    assert sizes == [[36, 4, 0], [36, 0, 4], [40, 0, 0]]


def test_rows_without_classes_are_split_too(write):
    parts = split_rows(table_of(write), [], TextTraining())
    assert [len(part) for part in parts] == [32, 4, 4]


@pytest.mark.parametrize(
    ("split", "columns"), [("random", {}), ("time", {"time": "at"}), ("group", {"group": "user"})]
)
def test_extra_columns(split, columns):
    settings = TextTraining(split=split, time_column="at", group_column="user")
    assert extra_columns(settings) == columns


def test_take_some_rows(write):
    rows = take(table_of(write), np.array([1, 4]), ["label", "other"])
    assert rows.texts == ["t1", "t4"]
    assert rows.labels == {"label": ["b", "a"], "other": [None, None]}
