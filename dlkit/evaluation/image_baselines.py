"""The model that a network over images has to beat: it knows the directions of edges."""

import time

import numpy as np
from sklearn.metrics import accuracy_score, f1_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

_ROWS = 5000
_CELLS, _ORIENTATIONS = 4, 8


def image_baseline_metrics(
    train: np.ndarray,
    train_labels: np.ndarray,
    test: np.ndarray,
    test_labels: np.ndarray,
    *,
    seed: int = 0,
) -> dict[str, float]:
    """Fits a support vector machine with a Gaussian kernel, and scores it.

    Args:
        train: uint8 `(rows, height, width, channels)`; of more than 5000 rows a sample is learned.
        train_labels: int `(rows,)`.
        test: uint8 `(test_rows, height, width, channels)`.
        test_labels: int `(test_rows,)`.
        seed: Of the sample.

    Returns:
        `accuracy`, `macro_f1`, `rows` that were learned and `seconds` to learn them.
    """
    start = time.perf_counter()
    order = np.random.default_rng(seed).permutation(len(train))[:_ROWS]
    model = make_pipeline(StandardScaler(), SVC(C=10.0))
    model.fit(gradient_histograms(train[order]), train_labels[order])
    seconds = time.perf_counter() - start
    answers = model.predict(gradient_histograms(test))
    return {
        "accuracy": float(accuracy_score(test_labels, answers)),
        "macro_f1": float(f1_score(test_labels, answers, average="macro", zero_division=0)),
        "rows": len(order),
        "seconds": seconds,
    }


def gradient_histograms(images: np.ndarray) -> np.ndarray:
    """Describes images by the directions of their edges, and by their colors, in 4 x 4 cells.

    Dalal and Triggs, "Histograms of oriented gradients for human detection", 2005.

    Args:
        images: uint8 `(rows, height, width, channels)`.

    Returns:
        float32 `(rows, 4 * 4 * (8 + channels))`.
    """
    images = images.astype(np.float32) / 255
    down, right = np.gradient(images.mean(axis=-1), axis=(1, 2))
    angle = np.arctan2(down, right) % np.pi  # an edge has no sign
    bins = np.minimum((angle / np.pi * _ORIENTATIONS).astype(int), _ORIENTATIONS - 1)
    strength = np.hypot(down, right)
    layers = [np.where(bins == i, strength, 0) for i in range(_ORIENTATIONS)]
    edges = _cell_means(np.stack(layers, axis=-1))
    length = np.sqrt(np.square(edges).sum(axis=(1, 2, 3), keepdims=True))
    edges = np.sqrt(edges / (length + 1e-6))
    parts = np.concatenate([edges, _cell_means(images)], axis=-1)
    return parts.reshape(len(images), -1)


def _cell_means(values: np.ndarray) -> np.ndarray:
    """Averages `(rows, height, width, n)` over cells: `(rows, 4, 4, n)`."""
    for axis in (1, 2):
        size = values.shape[axis]
        starts = np.arange(_CELLS) * size // _CELLS
        sizes = np.maximum(np.diff(np.append(starts, size)), 1)
        shape = [-1 if i == axis else 1 for i in range(4)]
        values = np.add.reduceat(values, starts, axis=axis) / sizes.reshape(shape)
    return values
