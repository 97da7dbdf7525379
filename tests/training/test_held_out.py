import numpy as np
import pytest

from dlkit.training.held_out import held_out_rows

LABELS = np.array([0] * 40 + [1] * 16)


def test_each_row_is_left_out_as_often():
    held = held_out_rows(LABELS, None, rows=56, members=16, folds=8, seed=0)
    assert held.dtype == bool
    assert (held.sum(1) == 2).all()
    for member in held.T:
        assert [member[:40].sum(), member[40:].sum()] == [5, 2]
    assert (held[:, 0] != held[:, 8]).any(), "both draws are the same"


def test_the_seed_chooses():
    first, again, other = (
        held_out_rows(None, None, rows=20, members=4, folds=4, seed=s) for s in (1, 1, 2)
    )
    assert (first == again).all()
    assert (first != other).any()


def test_groups_stay_together():
    groups = np.arange(30) // 3
    held = held_out_rows(None, groups, rows=30, members=6, folds=5, seed=0)
    assert held.any(1).all()
    for group in range(10):
        rows = held[groups == group]
        assert (rows == rows[0]).all()


@pytest.mark.parametrize(("rows", "members", "folds"), [(3, 16, 8), (50, 2, 8), (50, 5, 3)])
def test_no_row_is_known_to_all_and_none_to_nobody(rows, members, folds):
    labels = np.arange(rows)  # classes too small to be in every fold
    held = held_out_rows(labels, None, rows=rows, members=members, folds=folds, seed=0)
    assert held.any(1).all()
    assert not held.all(1).any()
