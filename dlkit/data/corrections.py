"""Corrected labels, kept in a file of their own and applied to rows as they are read."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from dlkit.data.messages import count, shown
from dlkit.data.tables import read_table
from dlkit.errors import InputError

_MARK = "corrected"


def correct_labels(table: pa.Table, path: str, labels: Sequence[str]) -> pa.Table:
    """Gives rows the labels that a file of corrections says; no row is added or lost.

    A correction holds for all rows with its text and its label, wherever they are. One that
    matches none, as after a row was mended at its source, changes nothing.

    Args:
        table: Rows with `text` and the columns of labels.
        path: File with the columns `text`, `label` (the wrong one), `corrected`, and, where rows
            have several labels, `task`: which of them.
        labels: Names of the columns of labels.

    Returns:
        The table, and in `corrected` (bool) whether a label of the row was changed.

    Raises:
        InputError: The file breaks a rule, contradicts itself, or matches no row at all.
    """
    corrections = read_corrections(path, labels)
    changed = np.zeros(len(table), bool)
    texts = table["text"].to_pylist()
    for name in labels:
        if name not in table.column_names:
            continue
        old = table[name].to_pylist()
        new = [
            corrections.get((name, text, label), label)
            for text, label in zip(texts, old, strict=True)
        ]
        changed |= np.array([a != b for a, b in zip(old, new, strict=True)])
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(new, pa.string()))
    check_corrected(changed, path, subject="text")
    return table.append_column(_MARK, pa.array(changed))


def correction_notes(table: pa.Table) -> list[str]:
    """Says how many rows of a table were corrected, where corrections were asked for."""
    if _MARK not in table.column_names:
        return []
    return [correction_note(table[_MARK].to_numpy())]


def correction_note(changed: np.ndarray) -> str:
    """Says how many rows were corrected, from bool `(rows,)`."""
    rows = count(int(np.sum(changed)), "row")
    return f"The labels of {rows} were corrected as `--corrections` says."


def check_corrected(changed: np.ndarray, path: str, *, subject: str) -> None:
    """Raises InputError where corrections changed no row, from bool `(rows,)`."""
    if not changed.any():
        msg = f"`--corrections` must be of the rows of `--data`. Received: {path}, of which "
        raise InputError(
            f"{msg}none has {subject} and label of theirs. Name the file of this data."
        )


def read_corrections(
    path: str, labels: Sequence[str], *, subject: str = "text"
) -> dict[tuple[str, str, str], str]:
    """Reads the right label by the name of the column, the row's subject and its wrong label.

    Args:
        path: File with the columns `label`, `corrected`, that of the subject, and maybe `task`.
        labels: Names of the columns of labels.
        subject: Column of what is labelled.

    Raises:
        InputError: The file breaks a rule, or contradicts itself.
    """
    columns = {name: name for name in (subject, "label", "corrected", "task")}
    table = read_table(path, columns, optional=["task"])
    corrections: dict[tuple[str, str, str], str] = {}
    for row in table.to_pylist():
        task = row["task"] or labels[0]
        if task not in labels or (len(labels) > 1 and not row["task"]):
            msg = f"`task` of `{row['file']}` must be one of {', '.join(labels)}. "
            raise InputError(f"{msg}Received: {row['task']} in row {row['row']}. Correct it.")
        key = (task, row[subject], row["label"])
        if corrections.setdefault(key, row["corrected"]) != row["corrected"]:
            msg = f"`{row['file']}` must correct a {subject} and label in one way. "
            msg += "Received: two for "
            raise InputError(f"{msg}{shown(row[subject])!r} in row {row['row']}. Remove one.")
    return corrections
