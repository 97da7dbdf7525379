import numpy as np

from dlkit.data.events import Events
from dlkit.data.histories import histories_of, histories_of_lists


def test_the_newest_events_are_aligned_at_the_end():
    histories = histories_of_lists([[4, 5, 6], [], [7]])
    assert histories.padded(2).tolist() == [[6, 7], [0, 0], [0, 8]]
    assert histories.padded(9).tolist() == [[5, 6, 7], [0, 0, 0], [0, 0, 8]]
    assert histories_of_lists([[]]).padded(3).tolist() == [[0]]


def test_rows_are_taken():
    histories = histories_of_lists([[4, 5, 6], [], [7]]).take(np.array([2, 0, 1]))
    assert histories.padded(3).tolist() == [[0, 0, 8], [5, 6, 7], [0, 0, 0]]
    assert histories.lengths.tolist() == [1, 3, 0]


def test_events_are_collected_by_user():
    ones = np.ones(5, np.float32)
    users, items = np.array([0, 0, 1, 3, 3]), np.array([5, 6, 7, 8, 9])
    events = Events(users, items, 2 * ones, None, list("abcd"))
    histories = histories_of(events, np.array([0, 2, 3, 4]), np.array([3, 2, 0]))
    assert histories.padded(3).tolist() == [[9, 10], [0, 0], [0, 6]]
    assert histories.matrix(10).toarray()[0, 8:].tolist() == [2, 2]
