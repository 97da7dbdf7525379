"""What models say of rows that they did not learn, for all rows that there are."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dlkit.settings import TextTraining
from dlkit.tasks import Classification
from dlkit.tasks.label_correction import LabelIssues, assign_folds, find_label_issues
from dlkit.training.fit import outputs_of
from dlkit.training.heads import refit_heads, train_heads
from dlkit.training.prepared import PreparedTexts

_ROUNDS = 2


def out_of_sample_probabilities(
    settings: TextTraining,
    task: Classification,
    prepared: PreparedTexts,
    *,
    folds: int,
    strategy: Any,
    progress: Callable[[str], object],
) -> np.ndarray:
    """Trains once for each fold, as `train` does, and answers the rows that were held out.

    A first training chooses epochs and temperature on the validation rows. Texts are read and
    encoded once for all trainings: that uses no label.

    Args:
        settings: How to train.
        task: Knows all labels of the rows, which have one each; calibrated afterwards.
        prepared: The rows.
        folds: How many trainings.
        strategy: The distribution strategy.
        progress: Gets a few words before each training.

    Returns:
        float32 `(rows, classes)` of sum 1: the training rows, and after them those of validation.

    Raises:
        InputError: The settings break a rule.
    """
    progress("choosing the epochs")
    trained = train_heads(settings, [task], prepared, strategy=strategy, folder=None)
    rows = prepared.data.with_validation_learned().train
    labels = task.encode(rows.labels[task.name])
    assigned = assign_folds(labels, folds=folds, seed=settings.seed)
    probabilities = np.empty((len(labels), len(task.classes)), np.float32)
    for fold in range(folds):
        progress(f"fold {fold + 1} of {folds}")
        part = prepared.split_again(assigned == fold)
        heads = refit_heads(
            settings, [task], part, epochs=trained.epochs, strategy=strategy, folder=None
        )
        outputs = outputs_of(heads, part.validation(heads.input, [task]), batch_size=256)
        probabilities[assigned == fold] = task.decode(outputs[task.name])["probabilities"]
    return probabilities


def issues_in_rounds(
    settings: TextTraining,
    task: Classification,
    prepared: PreparedTexts,
    *,
    folds: int,
    strategy: Any,
    progress: Callable[[str], object],
) -> tuple[np.ndarray, LabelIssues]:
    """Judges all rows twice: the models of the second round learn corrected labels.

    Models that learned wrong labels are less sure of the right ones, so that the first round finds
    fewer of them. The labels that are judged are those that the rows came with, both times.

    Args:
        settings: How to train.
        task: Knows all labels of the rows, which have one each; calibrated afterwards.
        prepared: The rows.
        folds: How many trainings a round.
        strategy: The distribution strategy.
        progress: Gets a few words before each training.

    Returns:
        The probabilities of the second round, as of `out_of_sample_probabilities`, and the
        suspicious rows.

    Raises:
        InputError: The settings break a rule, or `cleanlab` is not installed.
    """
    names = prepared.data.with_validation_learned().train.labels[task.name]
    labels = task.encode(names)
    learned = labels
    for number in range(1, _ROUNDS + 1):

        def in_round(words: str, number: int = number) -> None:
            progress(f"round {number}: {words}")

        found = out_of_sample_probabilities(
            settings,
            task,
            prepared.labelled_again(task.name, [task.classes[label] for label in learned]),
            folds=folds,
            strategy=strategy,
            progress=in_round,
        )
        issues = find_label_issues(found, labels)
        learned = labels.copy()
        learned[issues.rows] = issues.suggested
    return found, issues
