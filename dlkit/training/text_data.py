"""The rows of a training: read, checked against their tasks, split."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlkit.data.corrections import correct_labels, correction_notes
from dlkit.data.text_rows import (
    LabelledTexts,
    extra_columns,
    joined,
    read_text_rows,
    split_rows,
    take,
)
from dlkit.data.validation import check_known, check_labels, check_numbers, duplicate_rows
from dlkit.errors import InputError
from dlkit.settings import TextTraining
from dlkit.tasks import Classification, Regression, Task


class TextData(NamedTuple):
    """The three parts; `test` is None where nothing is held out."""

    train: LabelledTexts
    validation: LabelledTexts
    test: LabelledTexts | None
    notes: list[str]

    def with_validation_learned(self) -> "TextData":
        """Returns the same parts, with the validation rows among those to learn from too."""
        return self._replace(train=joined(self.train, self.validation))

    def labelled_again(self, task: str, labels: Sequence[str]) -> "TextData":
        """Returns the same rows with other labels of a task, training rows before validation."""
        border = len(self.train.texts)
        parts = ((self.train, labels[:border]), (self.validation, labels[border:]))
        train, validation = (
            rows._replace(labels={**rows.labels, task: list(new)}) for rows, new in parts
        )
        return self._replace(train=train, validation=validation)

    def split_again(self, held_out: np.ndarray) -> "TextData":
        """Returns the same rows, of which those marked in bool `(rows,)` are for validation."""
        rows = self.with_validation_learned().train
        train, validation = (_some(rows, np.flatnonzero(part)) for part in (~held_out, held_out))
        return self._replace(train=train, validation=validation)


def _some(rows: LabelledTexts, chosen: np.ndarray) -> LabelledTexts:
    labels = {name: [column[i] for i in chosen] for name, column in rows.labels.items()}
    return LabelledTexts([rows.texts[i] for i in chosen], labels)


def load_text_data(
    settings: TextTraining, sources: Sequence[str], labels: Mapping[str, str], tasks: list[Task]
) -> TextData:
    """Reads, checks and splits; tasks without labels are removed from the list, the rest adapted.

    Raises:
        InputError: The files or their labels break a rule.
    """
    table = read_checked_rows(settings, sources, labels, tasks)
    names = [task.name for task in tasks]
    split = split_rows(table, class_columns(tasks), settings)
    validation = table.take(split.validation)
    test = table.take(split.test) if len(split.test) else None
    if settings.validation_data:
        validation = read_other_rows(settings.validation_data, settings, labels, tasks)
    if settings.test_data:
        test = read_other_rows(settings.test_data, settings, labels, tasks)
    train = take(table, split.train, names)
    for source in settings.training_data:
        more = read_other_rows(source, settings, labels, tasks)
        train = joined(train, take(more, None, names))
    held_out = take(test, None, names) if test is not None else None
    notes = [*correction_notes(table), *_notes(train, held_out)]
    return TextData(train, take(validation, None, names), held_out, notes)


def read_checked_rows(
    settings: TextTraining, sources: Sequence[str], labels: Mapping[str, str], tasks: list[Task]
) -> pa.Table:
    """Reads the rows of all parts; tasks without labels leave the list, the rest are adapted.

    Raises:
        InputError: The files or their labels break a rule.
    """
    extra = extra_columns(settings)
    table = read_text_rows(sources, settings.text_column, labels, extra)
    _check_chosen_columns(table, sources, labels)
    if settings.corrections:
        table = correct_labels(table, settings.corrections, list(labels))
    tasks[:] = [task for task in tasks if task.name in table.column_names]
    for task in tasks:
        _check_and_adapt(task, table)
    return table


def class_columns(tasks: Sequence[Task]) -> list[str]:
    """Names the columns that a random split stratifies by."""
    return [task.name for task in tasks if isinstance(task, Classification)]


def read_other_rows(
    source: str, settings: TextTraining, labels: Mapping[str, str], tasks: Sequence[Task]
) -> pa.Table:
    """Reads rows beside those of `--data`, whose labels must be known."""
    columns = {task.name: labels[task.name] for task in tasks}
    table = read_text_rows([source], settings.text_column, columns, {})
    for task in tasks:
        check_test_labels(task, table)
    return table


def _check_chosen_columns(
    table: pa.Table, sources: Sequence[str], labels: Mapping[str, str]
) -> None:
    """Refuses to leave a task out whose column somebody named: it is mistyped."""
    for name, column in labels.items():
        if name not in table.column_names and column != name:
            raise InputError(
                f"`--{name}-column` must name a column with labels. Received: {column}, which "
                f"{', '.join(sources)} does not have. Name another, or leave the option out."
            )


def _check_and_adapt(task: Task, table: pa.Table) -> None:
    values = table[task.name].to_pylist()
    if isinstance(task, Classification):
        inside = [None if value == task.out_of_scope_label else value for value in values]
        check_labels(inside, **_origin(task, table))
    _check_numbers(task, table)
    task.adapt(values)


def check_test_labels(task: Task, table: pa.Table) -> None:
    """Raises InputError where a label was not seen in training, or a number is none."""
    if task.name not in table.column_names:
        return
    if isinstance(task, Classification):
        known = [*task.classes, *filter(None, [task.out_of_scope_label])]
        check_known(table[task.name].to_pylist(), known, **_origin(task, table))
    _check_numbers(task, table)


def _check_numbers(task: Task, table: pa.Table) -> None:
    if isinstance(task, Regression):
        present = table.filter(pc.is_valid(table[task.name]))
        check_numbers(present[task.name].to_pylist(), **_origin(task, present))


def _origin(task: Task, table: pa.Table) -> dict[str, Any]:
    """Says where the labels of a task come from, for error messages."""
    source = ", ".join(sorted(set(table["file"].to_pylist())))
    return {"name": f"--{task.name}-column", "source": source, "table": table}


def _notes(train: LabelledTexts, test: LabelledTexts | None) -> list[str]:
    if test is None:
        return []
    copies = int(duplicate_rows(train.texts, test.texts).sum())
    if not copies:
        return []
    note = (
        f"{copies} of {len(test.texts)} test rows equal a training row but for links, "
        "punctuation, spaces and case"
    )
    left = copies < len(test.texts)
    return [note + ("; test_without_copies leaves them out." if left else ".")]
