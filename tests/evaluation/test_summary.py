import math

import pytest

from dlkit.evaluation.summary import duration, number, run_facts, summary_tables


def test_one_head():
    (table,) = summary_tables(
        {
            "validation": {"log_loss": 0.5, "accuracy": 0.9},
            "test": {"accuracy": 0.8},
            "baseline": {"accuracy": 0.7, "megabytes": 12.34},
            "train_seconds": 3,
        }
    )
    assert table.head == ""
    assert table.columns == ["validation", "test", "baseline"]
    assert [tuple(row) for row in table.rows] == [
        ("accuracy", "", ["0.9000", "0.8000", "0.7000"]),
        ("log loss", "lower is better", ["0.5000", "–", "–"]),
        ("megabytes", "lower is better", ["–", "–", "12.3"]),
    ]


def test_several_heads_and_no_test():
    tables = summary_tables(
        {"validation": {"x": {"mae": 1.0}, "y": {"mae": 2.0}}, "baseline": {"y": {"mae": 3.0}}}
    )
    assert [(table.head, table.columns) for table in tables] == [
        ("x", ["validation"]),
        ("y", ["validation", "baseline"]),
    ]


def test_numbers_beside_heads_get_a_table_of_their_own():
    tables = summary_tables({"validation": {"auroc": 0.9, "x": {"mae": 1.0}}})
    assert [table.head for table in tables] == ["", "x"]


def test_nothing_measured():
    assert summary_tables({}) == []
    assert summary_tables({"validation": {}, "test": None}) == []
    assert run_facts({}) == []


def test_facts():
    facts = dict(run_facts({"train_seconds": 61, "peak_memory_mb": 1500}))
    assert facts == {"training time": "1 min 1 s", "peak memory": "1.5 GB"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (math.nan, "–"),
        (0.12345, "0.1235"),
        (1234.5, "1,234.5"),
        (1234, "1,234"),
        (True, "True"),
        ("lstm", "lstm"),
    ],
)
def test_numbers_for_readers(value, shown):
    assert number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.25, "0.2 s"), (59.9, "59.9 s"), (119.7, "2 min 0 s"), (7260, "2 h 1 min")],
)
def test_durations_for_readers(seconds, shown):
    assert duration(seconds) == shown
