"""Which members of an ensemble leave out which rows."""

import numpy as np
from sklearn.model_selection import GroupKFold, KFold, StratifiedKFold


def held_out_rows(
    labels: np.ndarray | None,
    groups: np.ndarray | None,
    *,
    rows: int,
    members: int,
    folds: int,
    seed: int,
) -> np.ndarray:
    """Deals the rows out, so that those of a fold are unknown to the member of the fold.

    Every `folds` members stand for one draw of the folds, so that each row is left out about
    equally often, and by one member at least.

    Args:
        labels: The class of each row `(rows,)`, to have the same share of each class in every
            fold; None where there are no classes, or too few rows of one.
        groups: The group of each row `(rows,)`, to leave out whole groups; or None.
        rows: How many rows there are.
        members: How many members there are.
        folds: A row is left out by about `members / folds` of them.
        seed: The same seed gives the same folds.

    Returns:
        bool `(rows, members)`.
    """
    folds = max(2, min(folds, members, rows if groups is None else len(np.unique(groups))))
    smallest = 0 if labels is None else np.unique(labels, return_counts=True)[1].min()
    left_out = np.zeros((rows, members), bool)
    for start in range(0, members, folds):
        draw = {"n_splits": folds, "shuffle": True, "random_state": seed + start}
        if groups is not None:
            parts = GroupKFold(**draw).split(left_out, groups=groups)
        elif smallest >= folds:
            parts = StratifiedKFold(**draw).split(left_out, labels)
        else:
            parts = KFold(**draw).split(left_out)
        for member, (_, chosen) in zip(range(start, members), parts, strict=False):
            left_out[chosen, member] = True
    return left_out
