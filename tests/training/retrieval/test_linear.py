import numpy as np
import scipy.sparse as sp

from dlkit.data.event_splits import Cases
from dlkit.data.histories import histories_of_lists
from dlkit.training.retrieval.linear import (
    Penalties,
    choose_penalties,
    learn_item_weights,
    popular_items,
    solve,
)

LISTS = [[0, 1, 2], [0, 1], [1, 2, 3], [3, 0], [2, 1, 0]]
ITEMS = 5  # nobody has used the last one
TERMS = sp.csr_matrix(np.eye(ITEMS, 4, dtype=np.float32) + np.eye(ITEMS, 4, -1, np.float32))


def test_without_text_the_weights_are_those_of_ease():
    matrix = histories_of_lists(LISTS).matrix(ITEMS)
    weights = solve(matrix, TERMS, Penalties(2.0, 0.0), np.arange(4))
    inverse = np.linalg.inv((matrix.T @ matrix).toarray()[:4, :4] + 2 * np.eye(4))
    expected = -inverse / np.diag(inverse) * (1 - np.eye(4))
    np.testing.assert_allclose(weights, expected, atol=1e-5)


def test_equal_texts_are_worth_users():
    lists, terms = [[0], [1]], sp.csr_matrix(np.ones((2, 1), np.float32))
    matrix = histories_of_lists(lists).matrix(2)
    assert solve(matrix, terms, Penalties(1.0, 0.0), np.arange(2))[0, 1] == 0
    assert solve(matrix, terms, Penalties(1.0, 3.0), np.arange(2))[0, 1] > 0.5


def test_the_largest_weights_are_kept():
    histories = histories_of_lists(LISTS)
    matrix = histories.matrix(ITEMS)
    dense = solve(matrix, TERMS, Penalties(2.0, 1.0), np.arange(4))
    options = {"most_items": 9, "neighbours": 2}
    kept = learn_item_weights(histories, TERMS, Penalties(2.0, 1.0), **options)
    assert kept.numbers.shape == kept.weights.shape == (ITEMS, 2)
    assert (kept.weights[4] == 0).all(), "nobody has used it"
    for item in range(4):
        largest = np.sort(np.abs(dense[item]))[-2:]
        np.testing.assert_allclose(np.sort(np.abs(kept.weights[item])), largest, rtol=1e-5)
        np.testing.assert_allclose(kept.weights[item], dense[item, kept.numbers[item]], rtol=1e-5)


def test_only_the_most_popular_items_have_weights():
    histories = histories_of_lists(LISTS)
    assert popular_items(histories.matrix(ITEMS), 2).tolist() == [0, 1]
    kept = learn_item_weights(histories, TERMS, Penalties(2.0, 0.0), most_items=2, neighbours=9)
    assert (kept.weights[2:] == 0).all()
    assert kept.weights[0].any()


def test_text_counts_where_it_tells_and_not_where_it_does_not():
    """Pairs of items go together, but each user shows another pair: only texts know."""
    draw = np.random.default_rng(0)
    users, pairs = 300, 150
    own = [draw.permutation(pairs)[:4] for _ in range(users)]
    given = histories_of_lists([[2 * pair for pair in row] for row in own])
    wanted = histories_of_lists([[2 * pair + 1 for pair in row[:1]] for row in own])
    learned = histories_of_lists(
        [[2 * pair + draw.integers(2) for pair in row] for row in own] + [[i] for i in range(300)]
    )
    cases = Cases(np.arange(users), given, wanted, None)
    telling = sp.csr_matrix(np.repeat(np.eye(pairs, dtype=np.float32), 2, axis=0))
    options = {"regularization": None, "text_weight": None, "seed": 0}
    with_text, plain = choose_penalties(learned, telling, cases, **options)
    assert with_text.text_weight > 0
    assert plain.text_weight == 0
    blank = sp.csr_matrix((2 * pairs, 1), dtype=np.float32)
    assert choose_penalties(learned, blank, cases, **options)[0].text_weight == 0
    given = choose_penalties(learned, blank, cases, regularization=7.0, text_weight=2.0, seed=0)
    assert given == ((7.0, 2.0), (7.0, 0.0))
