"""Labels that are probably wrong, found from what a model says that never learned the row."""

from typing import Any, NamedTuple

import numpy as np

from dlkit.errors import InputError

LIKELY = 0.5
"""The probability from which a suggested class is taken without review: likelier than not."""
_TRUSTED = 0.75  # labels that are right with less probability are worth a look
_NOISE = (1e-3, 0.45)  # shares of wrong labels that leave something to infer


class LabelIssues(NamedTuple):
    """The suspicious rows, the worst first.

    Args:
        rows: int64 `(issues,)`.
        suggested: int64 `(issues,)`, the class that the row more probably has.
        scores: float64 `(issues,)`, the probability of the label that the row has.
        likely: bool `(issues,)`, whether the suggested class has a probability of `LIKELY`, given
            the label that the row has.
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
    another class than their label. How probably the label of a row is right follows by Bayes' rule
    from that share and from what models say of the row, as if labels were wrong uniformly at random
    (Natarajan et al., "Learning with noisy labels", 2013): models that learned wrong labels spread
    some probability over all classes, and a label is evidence, though it may be wrong.

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
    cleanlab = confident_learning()
    noise = 1 - float(np.trace(cleanlab.count.estimate_joint(labels, probabilities)))
    right = _true_probabilities(probabilities, labels, noise)
    suspicious = np.flatnonzero(right[np.arange(rows), labels] < _TRUSTED)
    scores = probabilities[suspicious, labels[suspicious]].astype(np.float64)
    order = np.argsort(scores, kind="stable")
    suspicious = suspicious[order]
    others = right[suspicious]
    others[np.arange(len(suspicious)), labels[suspicious]] = -1
    suggested = others.argmax(1)
    return LabelIssues(suspicious, suggested, scores[order], others.max(1, initial=-1) >= LIKELY)


def _true_probabilities(probabilities: np.ndarray, labels: np.ndarray, noise: float) -> np.ndarray:
    """Returns how probable each class is, given a model of noisy labels and the label of the row.

    Args:
        probabilities: float `(rows, classes)`, of each label, wrong ones among them.
        labels: int `(rows,)`.
        noise: Share of wrong labels.
    """
    rows, classes = probabilities.shape
    noise = float(np.clip(noise, *_NOISE))
    each = noise / (classes - 1)  # for a label to be one certain other class
    right = np.maximum(probabilities.astype(np.float64) - each, 0)
    right[np.arange(rows), labels] *= (1 - noise) / each
    return right / right.sum(axis=1, keepdims=True)


def confident_learning() -> Any:
    """Imports what finds the rows.

    Raises:
        InputError: `cleanlab` is not installed.
    """
    try:
        import cleanlab
        import cleanlab.count
    except ImportError as error:
        msg = "`audit` needs a package that is not installed: cleanlab. "
        raise InputError(msg + 'Call: pip install "dlkit[audit]"') from error
    return cleanlab


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
