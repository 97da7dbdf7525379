"""Which labels of a table are probably wrong, and what they should be."""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from dlkit.data.messages import shown
from dlkit.data.near_duplicates import near_duplicates
from dlkit.data.text_rows import split_rows, take
from dlkit.evaluation.review import LabelAudit, ReviewItem
from dlkit.settings import TextTraining
from dlkit.tasks import Classification
from dlkit.tasks.label_correction import LabelIssues
from dlkit.training.cross_validation import issues_in_rounds
from dlkit.training.devices import prepare_devices
from dlkit.training.prepared import PreparedTexts
from dlkit.training.text_data import TextData
from dlkit.training.text_learner import TextLearner


def audit_labels(
    settings: TextTraining,
    table: pa.Table,
    task: Classification,
    *,
    folds: int,
    progress: Callable[[str], object],
) -> LabelAudit:
    """Looks for labels that are probably wrong.

    Args:
        settings: How to train; nothing is held out for a test.
        table: Rows with `text`, the label of the task, `row` and `file`.
        task: Knows all labels of the table.
        folds: Every row is judged by a model of the rows outside its fold.
        progress: Gets a few words before each step.

    Returns:
        What was found; the table stays as it is.

    Raises:
        InputError: The settings break a rule, or `cleanlab` is not installed.
    """
    settings = dataclasses.replace(settings, test_fraction=0.0)
    strategy = prepare_devices(
        seed=settings.seed,
        deterministic=settings.deterministic,
        mixed_precision=settings.mixed_precision,
    )
    split = split_rows(table, [task.name], settings)
    train, validation = (take(table, rows, [task.name]) for rows in (split.train, split.validation))
    progress("reading the texts")
    prepared = PreparedTexts(TextData(train, validation, None, []), settings)
    read = table.take(np.concatenate([split.train, split.validation]))
    probabilities, issues = issues_in_rounds(
        TextLearner(settings, task, prepared, strategy=strategy),
        task.encode(read[task.name].to_pylist()),
        folds=folds,
        seed=settings.seed,
        progress=progress,
    )
    progress("comparing the texts")
    return _judged(read, task, probabilities, issues)


def _judged(
    table: pa.Table, task: Classification, probabilities: np.ndarray, issues: LabelIssues
) -> LabelAudit:
    texts, labels = table["text"].to_pylist(), task.encode(table[task.name].to_pylist())
    places = [f"row {row} of {file}" for row, file in zip(table["row"], table["file"], strict=True)]
    against = _contradictions(texts, probabilities, labels)

    def item(row: int, suggested: int, reason: str) -> ReviewItem:
        reasons = [reason] if reason else []
        if (other := against.get(row)) is not None:
            label, like = task.classes[labels[other.like]], shown(texts[other.like])
            reasons.append(f"nearly the same as {places[other.like]}, {label}: {like}")
        return ReviewItem(
            texts[row],
            task.classes[labels[row]],
            task.classes[suggested],
            float(probabilities[row, labels[row]]),
            float(probabilities[row, suggested]),
            "; ".join(reasons),
            places[row],
        )

    suspicious = [
        item(row, suggested, "judged by models of the other rows")._replace(likely=likely)
        for row, suggested, likely in zip(
            issues.rows.tolist(), issues.suggested.tolist(), issues.likely.tolist(), strict=True
        )
    ]
    further = set(against) - set(issues.rows.tolist())
    ordered = sorted(further, key=lambda row: probabilities[row, labels[row]])
    contradictions = [item(row, against[row].suggested, "") for row in ordered]
    agreement = float(np.mean(probabilities.argmax(1) == labels))
    return LabelAudit(suspicious, contradictions, len(texts), agreement)


class _Contradiction(NamedTuple):
    suggested: int
    like: int


def _contradictions(
    texts: list[str], probabilities: np.ndarray, labels: np.ndarray
) -> dict[int, _Contradiction]:
    """Finds rows that lack the label that is the most probable one of their near-duplicates."""
    found = {}
    for group in near_duplicates(texts):
        present = np.unique(labels[group])
        if len(present) == 1:
            continue
        best = present[probabilities[group][:, present].sum(0).argmax()]
        like = int(group[labels[group] == best][0])
        for row in group[labels[group] != best]:
            found[int(row)] = _Contradiction(int(best), like)
    return found
