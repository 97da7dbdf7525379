import numpy as np
import pyarrow as pa
import pytest

from dlkit.data.columns import Wanted
from dlkit.data.validation import (
    check_known,
    check_labels,
    check_numbers,
    duplicate_rows,
)
from dlkit.errors import InputError

PLACES = {"name": "--label-column", "source": "a.csv"}


def table_of(values):
    """As `read_tables` gives for two files of two rows each."""
    return pa.table({"label": values, "row": [1, 2, 1, 2], "file": ["a.csv"] * 2 + ["b.csv"] * 2})


@pytest.mark.parametrize(
    "labels",
    [
        ["b", "a", "b", "a", None],
        np.array(["b", "a", "a", "b"]),
        pa.chunked_array([["b", None], ["a", "a", "b"]]),
    ],
)
def test_labels_give_sorted_classes(labels):
    assert check_labels(labels, **PLACES) == ["a", "b"]


def test_integer_labels_are_read_as_strings():
    assert check_labels(np.array([1, 0, 1, 0]), **PLACES) == ["0", "1"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", "a"], "`--label-column` of `a.csv`: labels must have at least 2 classes.*only `a`"),
        ([None, None], "no label at all; add rows of another class"),
        (["a", "a", "b"], "every class needs at least 2 rows, but `b` has only row 3; add rows"),
        (["a", "a", "b", "c", "d"], r"only row 3, and 2 classes more likewise"),
        ([f"id {i}" for i in range(10)], "10 rows have 10 different values such as `id 0`; was a"),
        ([i // 2 for i in range(20_002)], "at most 10,000, but 20,002 rows have 10,001 different"),
    ],
)
def test_bad_labels(labels, message):
    with pytest.raises(InputError, match=message):
        check_labels(labels, **PLACES)


def test_labels_of_several_files_name_the_row_in_its_file():
    table = table_of(["a", "a", "a", "b"])
    with pytest.raises(InputError, match=r"`b` has only row 2 of `b.csv`"):
        check_labels(table["label"], **PLACES, table=table)


def test_known_labels_pass():
    check_known(["a", None, "b"], ["a", "b"], **PLACES)


@pytest.mark.parametrize(
    ("labels", "table", "message"),
    [
        (["card", "Crad", "x"], None, r"others in 2 rows, first `Crad` in row 2 \(did you mean "),
        (
            ["card", "card", "天气", "card"],
            "files",
            r"in 1 row, first `天气` in row 1 of `b.csv`;",
        ),
    ],
)
def test_unknown_labels(labels, table, message):
    table = table and table_of(labels)
    with pytest.raises(InputError, match=message):
        check_known(labels, ["card", "money"], **PLACES, table=table)


def test_numbers_become_float32():
    numbers = check_numbers(["-1.5e3", " 2 ", "+0"], name="target", source="a.csv")
    assert numbers.dtype == np.float32
    np.testing.assert_array_equal(numbers, [-1500, 2, 0])
    np.testing.assert_array_equal(check_numbers(numbers, name="t", source="s"), numbers)


@pytest.mark.parametrize(
    ("value", "got"),
    [
        (None, "nothing"),
        ("12 kg", "`12 kg`"),
        ("1,000", "`1,000`"),
        ("nan", "`nan`"),
        ("-inf", "`-inf`"),
        ("1e39", "`1e39`"),
    ],
)
def test_bad_numbers(value, got):
    message = rf"`target` of `a.csv`: every value must be a finite number.*row 2 has {got} \(1 such"
    with pytest.raises(InputError, match=message):
        check_numbers(["1", value], name="target", source="a.csv")


@pytest.mark.parametrize(
    ("train", "test", "same"),
    [
        ("Nice day!", "nice  DAY", True),
        ("Nice day!", "nice day https://t.co/x?a=1", True),
        ("今天天气很好。", "今天 天气很好 www.t.cn/a", True),
        ("看https://t.cn/a好", "看好", True),
        ("看https://t.cn/a好", "看https://t.cn/a坏", False),
        ("!!!", "???", False),
        ("!!!", " !!! ", True),
        ("https://a.com", "https://b.com", False),
        ("nice day", "nice days", False),
        (None, None, False),
    ],
)
def test_duplicates(train, test, same):
    found = duplicate_rows([train, "something else"], [test])
    assert found.dtype == bool
    assert found.tolist() == [same]


def test_duplicates_of_chunked_columns():
    train = pa.chunked_array([["a"], ["b!"]])
    assert duplicate_rows(train, pa.chunked_array([["B", "c"], ["A."]])).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("columns", "optional"), [({}, ()), ({"row": "id"}, ()), ({"text": "text"}, ["label"])]
)
def test_wrong_use_is_a_value_error(columns, optional):
    with pytest.raises(ValueError, match="`columns`"):
        Wanted("a.csv", columns, optional)
