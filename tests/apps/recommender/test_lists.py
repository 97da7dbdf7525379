import numpy as np

from apps.recommender.lists import make_list, reasons
from apps.recommender.rules import Rules

SCORES = np.array([1.0, 0.9, 0.8, 0.3, 0.1, 0.0])
VECTORS = np.eye(3)[[0, 0, 0, 1, 2, 2]]
CATEGORIES = np.array([1, 1, 1, 2, 2, 0])


def make(size=4, **rules):
    return make_list(SCORES, VECTORS, CATEGORIES, Rules(**rules), size=size)


def test_without_rules_the_best_come_first():
    assert make() == [0, 1, 2, 3]


def test_the_dial_goes_from_worth_to_difference():
    assert make(size=2, diversity=0.5) == [0, 3], "an item like the first adds little"
    assert make(size=3, diversity=0.99) == [0, 3, 4]


def test_a_sure_item_is_listed_however_much_it_is_like_another():
    sure = [5.0, 4.9, -5.0, -6.0, -6.0, -6.0]
    lists = [
        make_list(np.array(scores), VECTORS, CATEGORIES, Rules(diversity=0.3), size=2)
        for scores in (sure, SCORES)
    ]
    assert lists == [[0, 1], [0, 3]]


def test_allowed_and_denied_items():
    assert make(allow=frozenset({5, 2, 1}), deny=frozenset({1})) == [2, 5]
    assert make(allow=frozenset()) == []


def test_a_quota_bounds_each_category():
    assert make(quota=1) == [0, 3, 5], "an item without a category is in none"


def test_a_quota_leaves_no_list_short():
    items = 2000
    scores = np.linspace(1.0, 0.0, items)
    categories = np.where(np.arange(items) < 1000, 1, np.arange(items))
    rules = Rules(quota=2, diversity=0.3)
    chosen = make_list(scores, np.eye(8)[np.arange(items) % 8], categories, rules, size=50)
    assert len(chosen) == 50
    assert np.count_nonzero(categories[chosen] == 1) == 2


def test_items_out_of_question_are_never_listed():
    scores = np.where(np.arange(6) < 4, -np.inf, SCORES)
    assert make_list(scores, VECTORS, CATEGORIES, Rules(), size=9) == [4, 5]


def test_the_reason_is_what_speaks_most_for_an_item():
    weights = np.zeros((2, 6))
    weights[1, 5] = 1.0
    assert reasons([1, 5], [0, 3], VECTORS, weights) == [0, 3]
    assert reasons([1, 5], [], VECTORS, weights[:0]) == [None, None]
