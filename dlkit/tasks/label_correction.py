"""Labels that are probably wrong, found from what a model says that never learned the row."""

from typing import Any, NamedTuple

import numpy as np

from dlkit.errors import InputError

LIKELY = 0.5
"""The probability from which a suggested class is taken without review: likelier than not."""


class LabelIssues(NamedTuple):
    """The suspicious rows, the worst first.

    Args:
        rows: int64 `(issues,)`.
        suggested: int64 `(issues,)`, the class that the row more probably has.
        scores: float64 `(issues,)`, the probability of the label that the row has.
        likely: bool `(issues,)`, whether the suggested class has a probability of `LIKELY`.
    """

    rows: np.ndarray
    suggested: np.ndarray
    scores: np.ndarray
    likely: np.ndarray

    def corrected(self, labels: np.ndarray) -> np.ndarray:
        """Returns labels, int `(rows,)`, with the suggested ones where these are likely."""
        corrected = labels.copy()
        corrected[self.rows[self.likely]] = self.suggested[self.likely]
        return corrected


def find_label_issues(probabilities: np.ndarray, labels: np.ndarray) -> LabelIssues:
    """Finds rows whose label is probably another class than theirs.

    Confident learning (Northcutt, Jiang and Chuang, "Confident learning: estimating uncertainty in
    dataset labels", 2021) estimates how many labels are wrong from rows that are confidently of
    another class than their label; as many rows whose label is least probable are suspicious. It
    knows nothing of what the rows are.

    Args:
        probabilities: float `(rows, classes)` of sum 1, of models that did not learn the row.
        labels: int `(rows,)`, of which every class has one.

    Returns:
        The suspicious rows.

    Raises:
        InputError: `cleanlab` is not installed.
        ValueError: The shapes do not fit together.
    """
    rows, classes = probabilities.shape
    if labels.shape != (rows,) or len(np.unique(labels)) != classes:
        msg = f"`labels` must be ({rows},) with each of {classes} classes. Got {labels.shape}"
        raise ValueError(f"{msg} with {len(np.unique(labels))}.")
    found = confident_learning().find_label_issues(
        labels, probabilities, filter_by="low_self_confidence", n_jobs=1
    )
    suspicious = np.flatnonzero(found)
    scores = probabilities[suspicious, labels[suspicious]].astype(np.float64)
    order = np.argsort(scores, kind="stable")
    suspicious = suspicious[order]
    judged = probabilities[suspicious]
    return LabelIssues(suspicious, judged.argmax(1), scores[order], judged.max(1) >= LIKELY)


def confident_learning() -> Any:
    """Imports what finds the rows.

    Raises:
        InputError: `cleanlab` is not installed.
    """
    try:
        from cleanlab import filter as module
    except ImportError as error:
        msg = "`audit` needs a package that is not installed: cleanlab. "
        raise InputError(msg + 'Call: pip install "dlkit[audit]"') from error
    return module


def assign_folds(labels: np.ndarray, *, folds: int, seed: int) -> np.ndarray:
    """Deals the rows of each class to folds in turn, so that all folds are alike.

    A class of two rows or more is in two folds at least: whichever is held out, it is learned.

    Args:
        labels: int `(rows,)`.
        folds: How many.
        seed: Seeds the order within a class.

    Returns:
        int64 `(rows,)`, the fold of each row.
    """
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    assigned = np.empty(len(labels), np.int64)
    assigned[order] = np.arange(len(labels)) % folds
    return assigned
