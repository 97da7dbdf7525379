"""What models say of rows that they did not learn, for all rows that there are."""

from collections.abc import Callable
from typing import Protocol

import numpy as np

from dlkit.tasks.label_correction import (
    LabelIssues,
    assign_folds,
    confident_learning,
    find_label_issues,
)

_ROUNDS = 2


class Judge(Protocol):
    """Holds rows, and trains on them with the labels that it is given."""

    def judge(self, labels: np.ndarray, held_out: np.ndarray) -> np.ndarray:
        """Trains anew on the rows that are not held out, and answers those that are.

        Args:
            labels: int `(rows,)`.
            held_out: bool `(rows,)`.

        Returns:
            float32 `(rows held out, classes)` of sum 1.
        """


class Learner(Judge, Protocol):
    """A judge that has to find out how to train."""

    def choose(self, labels: np.ndarray) -> None:
        """Chooses how long to train, and the temperature, on validation rows of its own.

        Args:
            labels: int `(rows,)`.
        """


def out_of_sample_probabilities(
    judge: Judge,
    labels: np.ndarray,
    *,
    folds: int,
    seed: int,
    progress: Callable[[str], object],
) -> np.ndarray:
    """Trains once for each fold, as `train` does, and answers the rows that were held out.

    Args:
        judge: Holds the rows.
        labels: int `(rows,)`, of which every class has one.
        folds: How many trainings.
        seed: Seeds the folds.
        progress: Gets a few words before each training.

    Returns:
        float32 `(rows, classes)` of sum 1.

    Raises:
        InputError: The settings of the judge break a rule.
    """
    assigned = assign_folds(labels, folds=folds, seed=seed)
    judged = []
    for fold in range(folds):
        progress(f"fold {fold + 1} of {folds}")
        judged.append(judge.judge(labels, assigned == fold))
    back = np.argsort(np.argsort(assigned, kind="stable"))
    return np.concatenate(judged)[back]


def issues_in_rounds(
    learner: Learner,
    labels: np.ndarray,
    *,
    folds: int,
    seed: int,
    progress: Callable[[str], object],
) -> tuple[np.ndarray, LabelIssues]:
    """Judges all rows twice: the models of the second round learn corrected labels.

    Models that learned wrong labels are less sure of the right ones, so that the first round finds
    fewer of them. Corrections by a weak model make the next one worse, though, so that round counts
    whose models agree with more of the labels: where labels are wrong at random, a model that is
    right more often agrees with more of them too. The labels that are judged are those that the
    rows came with, both times.

    Args:
        learner: Holds the rows.
        labels: int `(rows,)`, of which every class has one.
        folds: How many trainings a round, after a first one that chooses how long they take.
        seed: Seeds the folds.
        progress: Gets a few words before each training.

    Returns:
        The probabilities of the better round, as of `out_of_sample_probabilities`, and its
        suspicious rows.

    Raises:
        InputError: The settings of the learner break a rule, or `cleanlab` is not installed.
    """
    confident_learning()  # what is missing is said before hours of training
    learned, rounds = labels, []
    for number in range(1, _ROUNDS + 1):

        def in_round(words: str, number: int = number) -> None:
            progress(f"round {number}: {words}")

        in_round("choosing the epochs")
        learner.choose(learned)
        found = out_of_sample_probabilities(
            learner, learned, folds=folds, seed=seed, progress=in_round
        )
        issues = find_label_issues(found, labels)
        rounds.append((found, issues))
        learned = issues.corrected(labels)
    return max(reversed(rounds), key=lambda judged: np.mean(judged[0].argmax(1) == labels))
