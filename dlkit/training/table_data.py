"""The rows of a training on a table: read, checked, split."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlkit.data.column_kinds import Column, Kind, column_kinds, column_values
from dlkit.data.splits import Split, group_split, random_split, time_split
from dlkit.data.table_rows import TableRows, read_table_rows
from dlkit.data.validation import check_known, check_labels, check_numbers
from dlkit.errors import InputError
from dlkit.settings import TableTraining
from dlkit.tasks import Classification, Regression
from dlkit.training.held_out import held_out_rows
from dlkit.training.run_folder import read_json, write_json

_COLUMNS_FILE = "columns.json"
_FOLDS = 8
_MOST_CLASSES = 20
"""Whole numbers with at most so many different values are classes."""

TableTask = Classification | Regression


class TableData(NamedTuple):
    """What there is to learn from and to be measured on.

    Args:
        columns: What is learned from.
        task: What is learned, adapted.
        train: The rows.
        held_out: bool `(rows, members)`: which rows a member leaves out.
        test: Rows that none learns from, or None.
        notes: Sentences for the report.
    """

    columns: list[Column]
    task: TableTask
    train: TableRows
    held_out: np.ndarray
    test: TableRows | None
    notes: list[str]


def load_table_data(settings: TableTraining, sources: Sequence[str], *, members: int) -> TableData:
    """Reads, checks and splits.

    Args:
        settings: What to do.
        sources: Files to learn from.
        members: Networks of the ensemble.

    Returns:
        The rows and the task.

    Raises:
        InputError: The files or their columns break a rule.
    """
    rows = read_table_rows(sources, settings.target_column)
    task = _task(settings, rows)
    split = _split(settings, rows, task)
    train, test = rows.take(split.train), None
    if len(split.test):
        test = rows.take(split.test)
    if settings.test_data:
        test = read_other_rows(settings.test_data, settings, task, rows.columns.column_names)
    columns = _columns(settings, train.columns)
    names, apart = rows.columns.column_names, None
    if settings.validation_data:
        apart = read_other_rows(settings.validation_data, settings, task, names)
    elif len(split.validation):
        apart = rows.take(split.validation)
    if apart is None:
        held_out = _folds(settings, train, task, members)
    else:
        held_out = np.repeat([False, True], [len(train.target), len(apart.target)])
        held_out = np.tile(held_out[:, None], members)
        train = train.followed_by(apart)
    return TableData(columns, task, train, held_out, test, _notes(columns, rows))


def write_run_columns(folder: Path, columns: Sequence[Column]) -> None:
    """Writes what a run learns from, as `columns.json`."""
    write_json(folder / _COLUMNS_FILE, {"columns": [column._asdict() for column in columns]})


def read_run_columns(folder: Path) -> list[Column]:
    """Reads what `write_run_columns` has written.

    Raises:
        InputError: The file is missing or broken.
    """
    try:
        return [Column(**column) for column in read_json(folder / _COLUMNS_FILE)["columns"]]
    except (KeyError, TypeError) as error:
        msg = f"`{_COLUMNS_FILE}` of {folder} is that of another version: {error}. Train again."
        raise InputError(msg) from error


def read_other_rows(
    source: str, settings: TableTraining, task: TableTask, names: Sequence[str]
) -> TableRows:
    """Reads validation or test rows, whose targets must be known.

    Raises:
        InputError: The file cannot be read, or a target is none.
    """
    rows = read_table_rows([source], settings.target_column, names)
    check_targets(task, rows)
    return rows


def check_targets(task: TableTask, rows: TableRows) -> None:
    """Raises InputError where a label was not seen in training, or a number is none."""
    if isinstance(task, Classification):
        check_known(rows.target.to_pylist(), task.classes, **_origin(rows))
    else:
        check_numbers(rows.target.to_pylist(), **_origin(rows))


def column_arrays(columns: Sequence[Column], table: pa.Table) -> dict[str, np.ndarray]:
    """Returns the values of all columns, as of `column_values`, by the name of the input."""
    return {column.input: column_values(table, column) for column in columns}


def _task(settings: TableTraining, rows: TableRows) -> TableTask:
    values = rows.target.to_pylist()
    kind = settings.task
    if kind == "auto":
        kind = "regression" if _is_regression(rows.target) else "classification"
    task: TableTask
    if kind == "regression":
        check_numbers(values, **_origin(rows))
        task = Regression(name=settings.target_column, coverage=settings.coverage)
    else:
        check_labels(values, **_origin(rows))
        task = Classification(
            name=settings.target_column, label_smoothing=0.0, class_weights=settings.class_weights
        )
    task.adapt(values)
    return task


def _is_regression(target: pa.ChunkedArray) -> bool:
    try:
        numbers = np.asarray(target.cast(pa.float64()))
    except pa.ArrowInvalid:
        return False
    whole = bool((numbers == np.round(numbers)).all())
    return not whole or len(np.unique(numbers)) > _MOST_CLASSES


def _split(settings: TableTraining, rows: TableRows, task: TableTask) -> Split:
    """Splits off the test rows, and those of validation where all members leave out the same."""
    test = 0.0 if settings.test_data else settings.test_fraction
    by_time = settings.split == "time" and not settings.validation_data
    validation = (settings.validation_fraction or 1 / _FOLDS) if by_time else 0.0
    if not test and not validation:
        nothing = np.zeros(0, np.int64)
        return Split(np.arange(len(rows.target)), nothing, nothing)
    if settings.split == "time":
        times = _column(rows.columns, settings.time_column, "--time-column")
        return time_split(times, validation=validation, test=test)
    seed = settings.seed_of_splits
    if settings.split == "group":
        groups = _column(rows.columns, settings.group_column, "--group-column")
        return group_split(groups, validation=0.0, test=test, seed=seed)
    labels = rows.target.to_pylist() if isinstance(task, Classification) else [0] * len(rows.target)
    return random_split([labels], validation=0.0, test=test, seed=seed)


def _folds(settings: TableTraining, rows: TableRows, task: TableTask, members: int) -> np.ndarray:
    labels = groups = None
    if isinstance(task, Classification):
        labels = task.encode(rows.target.to_pylist())
    if settings.split == "group":
        column = _column(rows.columns, settings.group_column, "--group-column")
        names = [f"row {i}" if name is None else f"={name}" for i, name in enumerate(column)]
        groups = np.unique(names, return_inverse=True)[1]
    fraction = settings.validation_fraction or 1 / _FOLDS
    return held_out_rows(
        labels,
        groups,
        rows=len(rows.target),
        members=members,
        folds=round(1 / fraction),
        seed=settings.seed_of_splits,
    )


def _column(table: pa.Table, name: str, option: str) -> list[str | None]:
    if name not in table.column_names:
        listed = ", ".join(f"`{column}`" for column in table.column_names[:20])
        msg = f"`{option}` must name a column of the data. Received: {name}, of {listed}."
        raise InputError(f"{msg} Name one of them.")
    return table[name].to_pylist()


def _columns(settings: TableTraining, table: pa.Table) -> list[Column]:
    chosen: dict[str, Kind] = {}
    kinds: tuple[Kind, ...] = ("number", "category", "date", "text")
    for kind in kinds:
        chosen |= dict.fromkeys(_names(getattr(settings, f"{kind}_columns")), kind)
    ignored = _names(settings.ignore_columns)
    if unknown := [name for name in ignored if name not in table.column_names]:
        msg = "`--ignore-columns` must name columns of the data. Received: "
        raise InputError(f"{msg}{', '.join(unknown)}. Correct or remove them.")
    if settings.split == "group":
        ignored.append(settings.group_column)  # that of a new row is a new one
    kept = [name for name in table.column_names if name not in ignored]
    columns = column_kinds(table.select(kept), chosen)
    if not columns:
        msg = "`--data` must have a column that differs between rows, beside the target. "
        raise InputError(msg + "Received: none. Add columns to learn from.")
    return columns


def _names(option: str) -> list[str]:
    return [name.strip() for name in option.split(",") if name.strip()]


def _origin(rows: TableRows) -> dict[str, Any]:
    """Says where the targets come from, for error messages."""
    source = ", ".join(pc.unique(rows.origin["file"]).to_pylist())
    return {"name": "--target-column", "source": source, "table": rows.origin}


def _notes(columns: Sequence[Column], rows: TableRows) -> list[str]:
    kinds = dict.fromkeys(column.kind for column in columns)
    listed = [f"{kind}: {', '.join(c.name for c in columns if c.kind == kind)}" for kind in kinds]
    known = {column.name for column in columns}
    left_out = [name for name in rows.columns.column_names if name not in known]
    notes = [f"Columns learned from, by what they hold - {'; '.join(listed)}."]
    return [*notes, f"Left out: {', '.join(left_out)}."] if left_out else notes
