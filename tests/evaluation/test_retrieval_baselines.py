import numpy as np
import pytest
import scipy.sparse as sp

from dlkit.errors import InputError
from dlkit.evaluation.retrieval_baselines import (
    ease_scorer,
    ease_weights,
    item_knn_scorer,
    popularity_scorer,
)


def checkerboard(users=40, items=12):
    """Even users take even items, odd ones odd items, each but one."""
    taken = (np.add.outer(np.arange(users), np.arange(items)) % 2 == 0).astype(np.float32)
    for user in range(users):
        own = np.flatnonzero(taken[user])
        taken[user, own[user // 2 % len(own)]] = 0
    return sp.csr_matrix(taken)


@pytest.mark.parametrize(
    "scorer",
    [
        lambda matrix: ease_scorer(matrix, regularization=1.0),
        lambda matrix: item_knn_scorer(matrix, neighbours=5, shrinkage=1.0),
    ],
)
def test_the_item_that_is_missing_of_a_pattern_is_found(scorer):
    matrix = checkerboard()
    scores = scorer(matrix)(matrix)
    scores[matrix.nonzero()] = -np.inf
    best = scores.argmax(1)
    assert (best % 2 == np.arange(40) % 2).all()


def test_popularity():
    matrix = sp.csr_matrix(np.array([[1, 1, 0], [1, 0, 0]], np.float32))
    assert popularity_scorer(matrix)(matrix).tolist() == [[2, 1, 0], [2, 1, 0]]


def test_ease_solves_its_equations():
    """Against the closed form of the paper, over several blocks of the solver."""
    draw = np.random.default_rng(0)
    matrix = (draw.random((50, 23)) < 0.3).astype(np.float32)
    gram = matrix.T @ matrix
    inverse = np.linalg.inv(gram + 5 * np.eye(23))
    expected = -inverse / np.diag(inverse)
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(ease_weights(gram.copy(), regularization=5), expected, atol=1e-4)


def test_a_regularization_that_has_no_solution():
    with pytest.raises(InputError, match=r"`regularization`.*Received: 0"):
        ease_weights(np.zeros((3, 3), np.float32), regularization=0.0)
