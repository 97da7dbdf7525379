"""Which hyperparameters the score depended on."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras_tuner
import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import permutation_importance

LEAST_TRIALS = 8
"""Of fewer trials than this nothing is to be said."""

_INACTIVE = -1.0


def importances(
    space: keras_tuner.HyperParameters, records: Sequence[Mapping[str, Any]], *, seed: int
) -> dict[str, float]:
    """Measures how much worse a random forest guesses the scores with one column shuffled.

    Breiman, "Random forests", 2001. A hyperparameter that a trial does not have is a value of its
    own there.

    Args:
        space: The hyperparameters.
        records: Completed trials with their `values` and `score`.
        seed: Seeds the forest and the shuffling.

    Returns:
        Shares that add up to 1 by name, the largest first; empty where the trials are too few or
        nothing explains them.
    """
    if len(records) < LEAST_TRIALS:
        return {}
    names = list(dict.fromkeys(hp.name for hp in space.space))
    x = np.array([positions(space, record["values"], names) for record in records])
    y = np.array([record["score"] for record in records])
    forest = RandomForestRegressor(200, min_samples_leaf=2, random_state=seed).fit(x, y)
    found = permutation_importance(forest, x, y, n_repeats=20, random_state=seed)
    drops = np.maximum(found.importances_mean, 0)
    if not drops.sum():
        return {}
    order = np.argsort(-drops, kind="stable")
    return {names[i]: round(float(drops[i] / drops.sum()), 4) for i in order}


def positions(
    space: keras_tuner.HyperParameters, values: Mapping[str, Any], names: Sequence[str]
) -> list[float]:
    """Returns where in its range each value is, from 0 to 1, and -1 for what a trial lacks."""
    known = {hp.name: hp for hp in space.space}
    return [
        float(known[name].value_to_prob(values[name])) if name in values else _INACTIVE
        for name in names
    ]
