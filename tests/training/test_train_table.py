"""Tables whose target follows from their columns: what is learned from them is known."""

import json

import keras
import numpy as np
import pytest

from dlkit.data.table_rows import read_table_rows
from dlkit.errors import InputError
from dlkit.settings import TableTraining
from dlkit.tasks.table_answers import answer_rows
from dlkit.training.table import predict_table, train_table_model
from dlkit.training.table_data import column_arrays, load_table_data, read_run_columns

WORTH = {"red": -2.0, "blue": 2.0}


def made_rows(count, seed=0):
    """Returns rows in which every kind of column counts, and a fifth of one number is missing."""
    draw = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        size, colour = float(draw.normal()), str(draw.choice(list(WORTH)))
        month, word = int(draw.integers(1, 13)), str(draw.choice(["dear", "cheap"]))
        worth = WORTH[colour] + 2 * abs(size) + (month > 6) * 2 + 3 * (word == "dear")
        rows.append(
            {
                "size (m)": None if number % 5 == 0 else size,
                "colour": colour,
                "sold": f"2024-{month:02}-10",
                "note": f"a {word} one, number {number}",
                "target": round(worth + float(draw.normal()) / 4, 4),
            }
        )
    return rows


def write(path, rows):
    path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return str(path)


def settings(**changes):
    chosen = {"network_arguments": '{"members": 4, "units": [32]}', "baseline": False}
    return TableTraining(
        **{"epochs": 12, "learning_rate": 0.01, "batch_size": 32} | chosen | changes
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("table")
    source = write(folder / "rows.jsonl", made_rows(400))
    return train_table_model(settings(test_fraction=0.25), [source], folder / "run")


def test_every_kind_of_column_is_learned(trained):
    columns = read_run_columns(trained.folder)
    kinds = [(column.name, column.kind) for column in columns]
    assert kinds == [
        ("size (m)", "number"),
        ("colour", "category"),
        ("sold", "date"),
        ("note", "text"),
    ]
    # a fifth of the sizes is missing: what they add, 1.5 ** 2 * 0.36 of 7.9, cannot be known
    assert trained.metrics["test"]["r2"] > 0.8


def test_intervals_hold_what_they_promise(trained):
    assert trained.metrics["validation"]["coverage"] == pytest.approx(0.9, abs=0.01)
    assert 0.8 < trained.metrics["test"]["coverage"] < 0.98
    assert 0 < trained.metrics["test"]["interval_width"] < 8


def test_the_saved_model_is_the_measured_one(trained, tmp_path):
    again = keras.models.load_model(trained.folder / "model.keras")
    rows = read_table_rows([write(tmp_path / "new.jsonl", made_rows(50, 1))], "target")
    columns = read_run_columns(trained.folder)
    values = column_arrays(columns, rows.columns)
    expected, found = answer_rows(trained.model, values), answer_rows(again, values)
    assert list(found) == ["value", "lower", "upper"]
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)
    assert (found["lower"] < found["value"]).all()
    predictions = predict_table(again, columns, rows)
    np.testing.assert_allclose(predictions.predictions, found["value"])
    assert "colour: " in predictions.texts[0]


def test_what_is_missing_or_new_is_answered_too(trained):
    columns = read_run_columns(trained.folder)
    nothing = {
        c.input: np.array(
            [np.nan if c.kind == "number" else ""] * 2, "float32" if c.kind == "number" else object
        )
        for c in columns
    }
    nothing["colour"][1] = "green"
    answers = answer_rows(trained.model, nothing)
    assert np.isfinite(answers["value"]).all()


def test_the_report_says_what_the_columns_hold(trained):
    page = (trained.folder / "report.html").read_text(encoding="utf-8")
    assert "category: colour" in page
    assert "coverage" in page


def test_classes(tmp_path):
    rows = [row | {"target": "high" if row["target"] > 3 else "low"} for row in made_rows(400)]
    source = write(tmp_path / "rows.jsonl", rows)
    changes = {"test_fraction": 0.25, "baseline": True}
    run = train_table_model(settings(**changes), [source], tmp_path / "run")
    assert run.metrics["test"]["accuracy"] > 0.8
    assert {"accuracy", "log_loss", "seconds"} <= set(run.metrics["baseline"])
    assert run.metrics["linear"]["accuracy"] > 0.6
    [task] = run.model.get_layer("answers").tasks
    assert task.classes == ("high", "low")
    assert task.temperature != 1.0


def test_a_member_never_learns_what_it_leaves_out(tmp_path):
    """Where the target is noise, what they say about such rows is worth nothing."""
    draw = np.random.default_rng(0)
    rows = [
        {"x": i, "note": f"word{i}", "target": str(draw.choice(["a", "b"]))} for i in range(120)
    ]
    source = write(tmp_path / "rows.jsonl", rows)
    changes = {"test_fraction": 0.1, "text_columns": "note", "epochs": 10, "patience": 99}
    run = train_table_model(settings(**changes), [source], tmp_path / "run")
    assert run.metrics["validation"]["accuracy"] < 0.7


def test_rows_of_a_validation_file_are_left_out_by_all(tmp_path):
    source = write(tmp_path / "a.jsonl", made_rows(40))
    other = write(tmp_path / "b.jsonl", made_rows(10, 1))
    data = load_table_data(settings(validation_data=other), [source], members=4)
    assert data.held_out.shape == (36 + 10, 4)
    assert not data.held_out[:36].any()
    assert data.held_out[36:].all()
    assert len(data.test.target) == 4


def test_by_time_the_newest_are_left_out(tmp_path):
    rows = made_rows(120)
    source = write(tmp_path / "a.jsonl", rows)
    data = load_table_data(settings(split="time", time_column="sold"), [source], members=4)
    sold = np.array(data.train.columns["sold"].to_pylist())
    newest = data.held_out.all(1)
    assert max(sold[~newest].tolist()) < min(sold[newest].tolist())
    assert max(sold[newest].tolist()) < min(data.test.columns["sold"].to_pylist())
    assert not data.held_out[~newest].any()


def test_groups_are_left_out_whole_and_not_learned_from(tmp_path):
    rows = [row | {"buyer": f"b{i % 12}"} for i, row in enumerate(made_rows(120))]
    source = write(tmp_path / "a.jsonl", rows)
    data = load_table_data(settings(split="group", group_column="buyer"), [source], members=4)
    buyers = data.train.columns["buyer"].to_pylist()
    assert not set(buyers) & set(data.test.columns["buyer"].to_pylist())
    assert "buyer" not in [column.name for column in data.columns]
    for buyer in set(buyers):
        held = data.held_out[[name == buyer for name in buyers]]
        assert (held == held[0]).all()


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([i % 3 for i in range(60)], "Classification"),
        ([i % 30 for i in range(60)], "Regression"),
        ([i % 3 + 0.5 for i in range(60)], "Regression"),
        (["yes", "no"] * 30, "Classification"),
    ],
)
def test_the_target_says_what_is_asked(tmp_path, values, task):
    rows = [{"x": i, "target": value} for i, value in enumerate(values)]
    data = load_table_data(settings(), [write(tmp_path / "a.jsonl", rows)], members=2)
    assert type(data.task).__name__ == task


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_column": "worth"}, r"there must be a column `worth`.*--target-column"),
        ({"ignore_columns": "colour,smell"}, r"`--ignore-columns` .* Received: smell"),
        ({"number_columns": "colour"}, r"every value of `colour` must be a number"),
        ({"task": "regression", "target_column": "colour"}, r"`--target-column` .*finite number"),
        ({"split": "group"}, r"`--group-column` must name a column .* Received: group, of `size"),
        ({"network": "cnn"}, r"`--network` must be one of mlp_ensemble"),
        ({"network_arguments": '{"members": 1}'}, r"must have `members` of at least 2"),
        ({"network_arguments": '{"units": [0]}'}, r"`units` must be several whole numbers"),
        ({"learning_rate": 1e38, "weight_decay": 1e38}, r"must let the training converge"),
        ({"ignore_columns": "size (m),colour,sold,note"}, r"`--data` must have a column that"),
    ],
)
def test_mistakes(tmp_path, changes, message):
    source = write(tmp_path / "a.jsonl", made_rows(60))
    with pytest.raises(InputError, match=message):
        train_table_model(settings(**{"epochs": 1, **changes}), [source], tmp_path)
