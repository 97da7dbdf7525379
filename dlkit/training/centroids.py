"""Class centroids of trained features, so that answers know how near a row is to one."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from dlkit.data.pipeline import Rows, evaluation_batches
from dlkit.tasks import CentroidSimilarity, Classification, Task, class_centroids

_MOST_ROWS = 100
"""Of a class: more move its centroid little and cost time."""


def with_centroids(heads: keras.Model, tasks: Sequence[Task], rows: Rows) -> keras.Model:
    """Adds to each classification the similarity to the nearest centroid of a class.

    Args:
        heads: Trained; its layers `<task>_logits` read the features.
        tasks: The tasks whose heads the model has.
        rows: Training rows.

    Returns:
        The same model, with `{"logits": (batch, classes), "similarity": (batch,)}` for the
        outputs of a classification.
    """
    outputs = dict(heads.output)
    for task in tasks:
        if not isinstance(task, Classification):
            continue
        labels = np.where(rows.weights[task.name] > 0, rows.targets[task.name], -1)
        chosen = _some_of_each(labels)
        features = heads.get_layer(f"{task.name}_logits").input
        network = keras.Model(heads.input, features)
        layer = CentroidSimilarity(len(task.classes), name=f"{task.name}_centroids")
        outputs[task.name] = {"logits": heads.output[task.name], "similarity": layer(features)}
        if not len(chosen):
            continue
        found = _features(network, rows, chosen)
        if np.isfinite(found).all():  # else the training diverged, as calibration will say
            layer.set_weights([class_centroids(found, labels[chosen], len(task.classes))])
    return keras.Model(heads.input, outputs, name=heads.name)


def _some_of_each(labels: np.ndarray) -> np.ndarray:
    """Returns the numbers of the first rows of each class."""
    known = [np.flatnonzero(labels == label)[:_MOST_ROWS] for label in np.unique(labels)]
    return np.concatenate([rows for rows in known if labels[rows[0]] >= 0] or [np.zeros(0, int)])


def _features(network: keras.Model, rows: Rows, chosen: np.ndarray) -> np.ndarray:
    """Returns float `(chosen, feature_dim)`."""
    parts = {name: tf.gather(rows.features[name], chosen) for name in network.input}
    batches, order = evaluation_batches(Rows(parts, {}, {}, rows.lengths[chosen]), batch_size=64)
    found = network.predict(batches.map(lambda features, *_: features), verbose=0)
    return found[np.argsort(order)]
