import numpy as np
import pyarrow as pa
import pytest

from dlkit.data.column_kinds import Column, column_kinds, column_values
from dlkit.errors import InputError

ROWS = 60


def table(**columns):
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


def kinds(**columns):
    return {column.name: column.kind for column in column_kinds(table(**columns), {})}


def test_kinds_are_seen_from_the_rows():
    found = kinds(
        whole=[str(i % 7) for i in range(ROWS)],
        gaps=["NA" if i % 9 == 0 else None if i % 5 == 0 else f"-{i}.5e3" for i in range(ROWS)],
        day=[f"2024-01-{i % 28 + 1:02}" for i in range(ROWS)],
        moment=["" if i == 3 else f"2024-01-01T{i % 24:02}:00:00+08:00" for i in range(ROWS)],
        colour=["红" if i % 3 else "blue" for i in range(ROWS)],
        title=[f"the story of day {i}" for i in range(ROWS)],
    )
    assert found == {
        "whole": "number",
        "gaps": "number",
        "day": "date",
        "moment": "date",
        "colour": "category",
        "title": "text",
    }


def test_one_word_among_numbers_makes_no_number():
    assert kinds(price=[*map(str, range(ROWS)), "dear"]) == {"price": "text"}


def test_columns_that_say_nothing_are_left_out():
    assert kinds(a=["1", "2"], same=["x", "x"], none=[None, None]) == {"a": "number"}
    assert kinds(sometimes=["x", None]) == {"sometimes": "category"}


def test_somebody_knows_better():
    rows = table(code=[str(i % 3) for i in range(ROWS)], same=["x"] * ROWS)
    found = column_kinds(rows, {"code": "category", "same": "text"})
    assert [(column.name, column.kind) for column in found] == [
        ("code", "category"),
        ("same", "text"),
    ]
    with pytest.raises(InputError, match=r"`--date-columns` .* coed, .*did you mean `code`"):
        column_kinds(rows, {"coed": "date"})


def test_inputs_have_names_that_a_model_can_have():
    names = ["a_1", "petal (cm)", "petal_cm", "价格", "answers", "a/b", "a b", "_x"]
    rows = table(**{name: ["1", "2"] for name in names})
    inputs = [column.input for column in column_kinds(rows, {})]
    assert len(set(inputs)) == len(names)
    assert inputs[0] == "a_1"
    assert inputs[2:4] == ["petal_cm", "column_3"]
    assert "answers" not in inputs
    assert all(name.replace("_", "").replace(".", "").isalnum() for name in inputs)
    assert all(name.isascii() for name in inputs)


def test_values():
    rows = table(n=["1e3", "nan", None, "-2", "inf", "1e99"], c=["NA", None, "b", "b", "c", "d"])
    numbers = column_values(rows, Column("n", "number", "n"))
    assert numbers.dtype == np.float32
    nan = np.nan
    np.testing.assert_array_equal(numbers, np.array([1000, nan, nan, -2, nan, nan], "float32"))
    strings = column_values(rows, Column("c", "category", "c"))
    assert strings.tolist() == ["NA", "", "b", "b", "c", "d"]


def test_a_number_that_is_none_is_named_with_its_row():
    with pytest.raises(InputError, match=r"`price` must be a number .*`dear` in row 2\. .*--text"):
        column_values(table(price=["1", "dear"]), Column("price", "number", "price"))
