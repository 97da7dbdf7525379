"""Chances out of scores."""

import numpy as np
import tensorflow as tf

from dlkit.data.event_splits import Cases
from dlkit.evaluation.calibration import fit_temperature
from dlkit.tasks.item_scores import ItemScores

_BEST = 300
_CASES = 3000
_BATCH = 100


def choose_temperature(layer: ItemScores, cases: Cases) -> float:
    """Finds what makes the softmax over the best items the chance that each is the next one.

    Args:
        layer: With a temperature of 1.
        cases: What is to be found, in validation.

    Returns:
        The temperature.
    """
    rows = np.random.default_rng(0).permutation(len(cases.users))[:_CASES]
    score = tf.function(layer, input_signature=[tf.TensorSpec((None, None), tf.int32)])
    among = np.arange(layer.items) if cases.candidates is None else cases.candidates
    wanted = cases.wanted.matrix(layer.items)[:, among]
    logits, labels = [], []
    for start in range(0, len(rows), _BATCH):
        batch = rows[start : start + _BATCH]
        scores = score(cases.given.take(batch).padded(layer.longest)).numpy()[:, among]
        best = np.argsort(-scores, axis=1)[:, :_BEST]
        case, place = (np.asarray(wanted[batch[:, None], best].todense()) > 0).nonzero()
        logits.append(np.take_along_axis(scores, best, 1)[case])
        labels.append(place)
    return fit_temperature(np.concatenate(logits), np.concatenate(labels))
