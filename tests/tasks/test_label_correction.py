import sys

import numpy as np
import pytest

from dlkit.errors import InputError
from dlkit.tasks.label_correction import assign_folds, find_label_issues


def judged_rows():
    """Returns probabilities of models that are right, and labels of which three are wrong."""
    right = np.arange(60) % 3
    probabilities = np.full((60, 3), 0.05)
    probabilities[np.arange(60), right] = 0.9
    labels = right.copy()
    for row, label, sure in ((4, 2, 0.01), (30, 1, 0.03), (59, 0, 0.02)):
        labels[row] = label
        probabilities[row] = 0.04
        probabilities[row, label] = sure
        probabilities[row, right[row]] = 0.96 - sure
    return probabilities, labels, right


def test_wrong_labels_are_found_the_worst_first():
    probabilities, labels, right = judged_rows()
    issues = find_label_issues(probabilities, labels)
    assert issues.rows.tolist() == [4, 59, 30]
    assert issues.suggested.tolist() == right[[4, 59, 30]].tolist()
    assert issues.scores.tolist() == [0.01, 0.02, 0.03]


def test_only_likely_suggestions_are_taken():
    probabilities, labels, right = judged_rows()
    probabilities[30] = [0.48, 0.04, 0.48]
    issues = find_label_issues(probabilities, labels)
    assert issues.rows[issues.likely].tolist() == [4, 59]
    corrected = issues.corrected(labels)
    assert np.flatnonzero(corrected != right).tolist() == [30]
    assert labels[4] == 2, "nothing is changed"


def test_a_model_that_learned_wrong_labels_is_less_sure_than_it_could_be():
    """Rows look like their class or, two in ten, like none: only the first are corrected."""
    draw = np.random.default_rng(0)
    right, odd = draw.integers(0, 4, 4000), draw.random(4000) < 0.2
    wrong = draw.random(4000) < 0.3
    labels = np.where(wrong, (right + draw.integers(1, 4, 4000)) % 4, right)
    sure = np.where(np.arange(4) == right[:, None], 0.7, 0.1)  # right labels are 0.7 of them
    unsure = np.where(np.arange(4) == right[:, None], 0.34, 0.22)
    issues = find_label_issues(np.where(odd[:, None], unsure, sure), labels)
    assert set(issues.rows[issues.likely]) <= set(np.flatnonzero(wrong & ~odd))
    corrected = issues.corrected(labels)
    assert (corrected[~odd] == right[~odd]).all()
    assert (corrected[odd] == labels[odd]).all()


def test_right_labels_are_left_alone():
    probabilities, _, right = judged_rows()
    assert len(find_label_issues(probabilities, right).rows) == 0


def test_a_class_without_a_row():
    probabilities, labels, _ = judged_rows()
    with pytest.raises(ValueError, match="each of 3 classes"):
        find_label_issues(probabilities, np.minimum(labels, 1))


def test_a_missing_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    with pytest.raises(InputError, match=r"pip install \"dlkit\[audit\]\""):
        find_label_issues(*judged_rows()[:2])


def test_folds_are_alike_and_never_hold_all_rows_of_a_class():
    labels = np.repeat([0, 1, 2, 3], [2, 3, 40, 55])
    assigned = assign_folds(labels, folds=5, seed=3)
    assert sorted(set(assigned)) == [0, 1, 2, 3, 4]
    assert np.bincount(assigned).tolist() == [20] * 5
    assert np.bincount(assigned[labels == 2]).tolist() == [8] * 5
    assert all(len(set(assigned[labels == label])) > 1 for label in range(4))
    assert (assigned != assign_folds(labels, folds=5, seed=4)).any()
