"""Heads that start where a linear model of the untrained features is, not at random."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from dlkit.data.pipeline import Rows, evaluation_batches
from dlkit.tasks import Classification, Task

_INVERSE_PENALTY = 1.0
_ITERATIONS = 300
_MOST_ROWS = 20_000  # more change a linear model little and cost time


def fit_heads(
    heads: keras.Model, network: keras.Model, tasks: Sequence[Task], rows: Rows, *, seed: int
) -> None:
    """Fits a logistic regression for each classification, and gives its weights to the head.

    With random heads, the first steps of training pull a pretrained network away from what it
    knows (Kumar et al., "Fine-tuning can distort pretrained features", 2022). Features that are
    still random keep the random weights that let them learn.

    Args:
        heads: Its layers `<task>_logits` get weights.
        network: From the features of the rows to those of the heads, part of `heads`. Of one that
            joins several networks, the last is the pretrained one.
        tasks: The tasks; others than classifications keep the heads that they have.
        rows: Training rows.
        seed: Draws rows where there are many.
    """
    rows = _some(rows, np.random.default_rng(seed))
    batches, order = evaluation_batches(rows, batch_size=64)
    features = network.predict(batches, verbose=0)[np.argsort(order)]
    joined = [layer for layer in network.layers if isinstance(layer, keras.Model)]
    pretrained = (joined or [network])[-1].output.shape[-1]
    features = features[:, -pretrained:]
    for task in tasks:
        if not isinstance(task, Classification):
            continue
        targets, weights = rows.targets[task.name], rows.weights[task.name]
        present = (weights > 0) & (targets >= 0)
        if len(np.unique(targets[present])) > 1:
            layer = heads.get_layer(f"{task.name}_logits")
            kernel, bias = _fitted(
                features[present], targets[present], weights[present], len(task.classes)
            )
            random = layer.get_weights()[0][:-pretrained]
            layer.set_weights([np.concatenate([random, kernel]), bias])


def _fitted(
    features: np.ndarray, targets: np.ndarray, weights: np.ndarray, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    """Returns kernel `(feature_dim, classes)` and bias `(classes,)`."""
    model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=_ITERATIONS)
    model.fit(features, targets, sample_weight=weights)
    coefficients, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:  # one row stands for both
        coefficients = np.concatenate([-coefficients, coefficients]) / 2
        intercepts = np.concatenate([-intercepts, intercepts]) / 2
    kernel, bias = np.zeros((features.shape[1], classes)), np.zeros(classes)
    kernel[:, model.classes_], bias[model.classes_] = coefficients.T, intercepts
    return kernel, bias


def _some(rows: Rows, draw: np.random.Generator) -> Rows:
    chosen = draw.permutation(len(rows.lengths))[:_MOST_ROWS]
    return Rows(
        {name: tf.gather(value, chosen) for name, value in rows.features.items()},
        {name: value[chosen] for name, value in rows.targets.items()},
        {name: value[chosen] for name, value in rows.weights.items()},
        rows.lengths[chosen],
    )
