"""Texts with labels, read, checked and split."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlkit.data.splits import Split, group_split, random_split, time_split
from dlkit.data.tables import read_tables
from dlkit.errors import InputError
from dlkit.settings import TextTraining

TEXT = "text"

VALIDATION_ROWS = 600
"""So many rows choose the epoch and calibrate well enough; more are better learned from."""


def read_text_rows(
    sources: Sequence[str], text_column: str, labels: Mapping[str, str], extra: Mapping[str, str]
) -> pa.Table:
    """Reads texts and the labels of one task or more.

    Args:
        sources: Files or `tfds:` names.
        text_column: Column of the texts.
        labels: Column of the labels by the name of the task. One task needs its column; of several
            tasks a file may carry some, and a row without any label is left out.
        extra: Column by name of what else is needed.

    Returns:
        Table with `text`, the tasks that have labels, the extra names, `row` and `file`.

    Raises:
        InputError: See `read_table`; or no task has labels.
    """
    optional = set(labels) if len(labels) > 1 else set()
    table = read_tables(sources, {TEXT: text_column, **labels, **extra}, optional=optional)
    missing = [name for name in labels if table[name].null_count == len(table)]
    if len(missing) == len(labels):
        options = " or ".join(f"`--{name}-column`" for name in labels)
        columns = ", ".join(f"`{column}`" for column in labels.values())
        msg = (
            f"{options} must name a column of labels. Received: {', '.join(sources)}, without "
            f"{columns}. Name the column of the file that holds them."
        )
        raise InputError(msg)
    present = None
    for name in labels:
        valid = pc.is_valid(table[name])
        present = valid if present is None else pc.or_(present, valid)
    return table.filter(present).drop_columns(missing)


def split_rows(table: pa.Table, classes: Sequence[str], settings: TextTraining) -> Split:
    """Splits a table as the settings say; what has a file of its own is not split off.

    Args:
        table: As of `read_text_rows`.
        classes: Names of the columns that a random split stratifies by.
        settings: Say how to split, and how much.

    Returns:
        The three parts.

    Raises:
        InputError: The rows are too few, or a time is none.
    """
    fractions = {
        "validation": 0.0 if settings.validation_data else _validation(settings, len(table)),
        "test": 0.0 if settings.test_data else settings.test_fraction,
    }
    if not any(fractions.values()):
        nothing = np.zeros(0, np.int64)
        return Split(np.arange(len(table)), nothing, nothing)
    if settings.split == "time":
        return time_split(table["time"].to_pylist(), **fractions)
    if settings.split == "group":
        return group_split(table["group"].to_pylist(), **fractions, seed=settings.seed_of_splits)
    labels = [np.array(table[name].to_pylist(), object) for name in classes]
    return random_split(labels or [np.zeros(len(table))], **fractions, seed=settings.seed_of_splits)


def _validation(settings: TextTraining, rows: int) -> float:
    if settings.validation_fraction is not None:
        return settings.validation_fraction
    return min(0.1, VALIDATION_ROWS / rows)


def extra_columns(settings: TextTraining) -> dict[str, str]:
    """Returns the columns beside texts and labels that the split needs."""
    if settings.split == "time":
        return {"time": settings.time_column}
    if settings.split == "group":
        return {"group": settings.group_column}
    return {}


class LabelledTexts(NamedTuple):
    """Texts `(rows,)` and labels by the name of the task, None where a row has none."""

    texts: list[str]
    labels: dict[str, list[str | None]]


def take(table: pa.Table, rows: np.ndarray | None, tasks: Sequence[str]) -> LabelledTexts:
    """Takes some rows of a table (None takes all); a task that it lacks has no labels."""
    part = table if rows is None else table.take(rows)
    absent: list[str | None] = [None] * len(part)
    labels = {
        name: part[name].to_pylist() if name in part.column_names else absent for name in tasks
    }
    return LabelledTexts(part[TEXT].to_pylist(), labels)


def joined(rows: LabelledTexts, more: LabelledTexts) -> LabelledTexts:
    """Returns the rows of both, with the labels of the same tasks."""
    labels = {name: [*column, *more.labels[name]] for name, column in rows.labels.items()}
    return LabelledTexts([*rows.texts, *more.texts], labels)
