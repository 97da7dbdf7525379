"""Predictions whose every number can be worked out by hand."""

import numpy as np

from dlkit.evaluation.predictions import ClassPredictions

HOSTILE = "</script><img src=x onerror=alert(1)><script>alert(2)</script>"


def from_probabilities(probabilities, labels, classes=None, texts=None, name="head"):
    """A head whose softmax gives exactly these probabilities."""
    values = np.array(probabilities, np.float64)
    names = classes or tuple("abcdefgh"[: values.shape[1]])
    rows = texts or [f"row {row}" for row in range(len(values))]
    return ClassPredictions(name, names, np.array(labels), np.log(values), rows)


def four_rows():
    """Right and sure, wrong and sure, right and unsure, and one row without a label."""
    probabilities = [[0.9, 0.1], [0.8, 0.2], [0.4, 0.6], [0.99, 0.01]]
    return from_probabilities(probabilities, [0, 1, 1, -1])


def many_rows(classes=40, rows=400, seed=0):
    """A head with many classes, a tenth of its answers wrong."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, rows)
    answers = np.where(generator.random(rows) < 0.1, (labels + 1) % classes, labels)
    logits = generator.normal(size=(rows, classes)) * 0.1 + 5 * np.eye(classes)[answers]
    names = tuple(f"class {place}" for place in range(classes))
    return ClassPredictions("many", names, labels, logits, [f"row {row}" for row in range(rows)])
