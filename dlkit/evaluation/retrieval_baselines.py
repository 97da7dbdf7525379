"""What a recommender has to beat: popularity, neighbours of items, and a linear model."""

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lapack

from dlkit.errors import InputError

_BLOCK = 1000
_ROWS = 100

Scorer = Callable[[sp.csr_matrix], np.ndarray]
"""From histories `(batch, items)` to scores float32 `(batch, items)`."""


def popularity_scorer(matrix: sp.csr_matrix) -> Scorer:
    """Scores each item by its users.

    Args:
        matrix: What is learned from, `(users, items)`.
    """
    popularity = np.asarray((matrix > 0).sum(0), np.float32).ravel()
    return lambda given: np.repeat(popularity[None], given.shape[0], 0)


def item_knn_scorer(matrix: sp.csr_matrix, *, neighbours: int, shrinkage: float) -> Scorer:
    """Scores items by the cosine of their users, of the nearest neighbours only.

    Sarwar, Karypis, Konstan and Riedl, "Item-based collaborative filtering", 2001.

    Args:
        matrix: What is learned from, `(users, items)`.
        neighbours: How many of each item count.
        shrinkage: Added below the fraction, against chance likeness of rare items.
    """
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(0)).ravel())
    gram = (matrix.T @ matrix).tocsr()
    gram.setdiag(0)
    gram.eliminate_zeros()
    kept = []
    for number in range(gram.shape[0]):
        row = gram[number]
        values = row.data / (norms[number] * norms[row.indices] + shrinkage)
        best = np.argsort(-values, kind="stable")[:neighbours]
        shape = (1, gram.shape[1])
        kept.append(sp.csr_matrix((values[best], row.indices[best], [0, len(best)]), shape))
    likeness = sp.vstack(kept).T.tocsr().astype(np.float32)
    return lambda given: (given @ likeness).toarray()


def ease_scorer(matrix: sp.csr_matrix, *, regularization: float) -> Scorer:
    """Scores items by a linear model with a weight for each pair of them.

    Steck, "Embarrassingly shallow autoencoders for sparse data", 2019.

    Args:
        matrix: What is learned from, `(users, items)`.
        regularization: L2 penalty of the weights.
    """
    weights = ease_weights(gram_matrix(matrix), regularization=regularization)
    return lambda given: np.asarray(given @ weights)


def gram_matrix(matrix: sp.csr_matrix) -> np.ndarray:
    """Multiplies a sparse matrix by itself, in blocks, since its whole product takes more memory.

    Args:
        matrix: float `(users, items)`.

    Returns:
        float32 `(items, items)`.
    """
    items = matrix.shape[1]
    gram, across = np.empty((items, items), np.float32), matrix.T.tocsr()
    for start in range(0, items, _ROWS):
        gram[start : start + _ROWS] = (across[start : start + _ROWS] @ matrix).toarray()
    return gram


def ease_weights(gram: np.ndarray, *, regularization: float) -> np.ndarray:
    """Solves for the weights between items that best give each item from the others.

    Args:
        gram: float32 `(items, items)`, how often two items go together; its memory is used.
        regularization: Added to its diagonal.

    Returns:
        float32 `(items, items)`, from row to column, with a zero diagonal.

    Raises:
        InputError: The regularization is too low for a solution.
    """
    gram.flat[:: len(gram) + 1] += regularization
    factor, failed = lapack.spotrf(gram.T, lower=1, clean=0, overwrite_a=1)
    if failed:
        msg = "`regularization` must be high enough for a solution. Received: "
        raise InputError(f"{msg}{regularization}. Raise it.")
    inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    _mirror(inverse)
    inverse = inverse.T  # the same, as it is symmetric, but row by row: products need no copy
    diagonal = np.diag(inverse).copy()
    inverse /= -diagonal  # column by column
    np.fill_diagonal(inverse, 0)
    return inverse


def _mirror(matrix: np.ndarray) -> None:
    """Copies the lower triangle to the upper one, in place and block by block."""
    size = len(matrix)
    for start in range(0, size, _BLOCK):
        end = min(start + _BLOCK, size)
        matrix[start:end, end:] = matrix[end:, start:end].T
        block = np.tril(matrix[start:end, start:end])
        matrix[start:end, start:end] = block + np.tril(block, -1).T
