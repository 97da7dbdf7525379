import numpy as np
import pytest
from sklearn.datasets import make_moons

from dlkit.tasks.semi_supervised import spread_labels


def on_sphere(points):
    """Adds a column, so that points of the plane differ by their angle."""
    return np.hstack([points, np.ones((len(points), 1))])


def test_labels_follow_the_shape_of_the_data():
    points, right = make_moons(400, noise=0.05, random_state=0)
    labels = np.full(400, -1)
    for kind in (0, 1):
        labels[np.flatnonzero(right == kind)[:2]] = 10 + kind
    found = spread_labels(on_sphere(points), labels)
    assert np.mean(found.labels == right + 10) > 0.98
    nearest = [points[labels == 10 + kind].mean(0) for kind in (0, 1)]
    by_distance = np.argmin([((points - each) ** 2).sum(1) for each in nearest], axis=0)
    assert np.mean(by_distance == right) < 0.95, "the nearest label would do as well"


def test_given_labels_stay():
    features = np.eye(3)[np.arange(30) % 3]
    labels = np.full(30, -1)
    labels[[0, 1, 2, 3]] = [4, 5, 6, 6]  # the last one is wrong
    found = spread_labels(features, labels)
    np.testing.assert_array_equal(found.labels[:4], [4, 5, 6, 6])
    np.testing.assert_array_equal(found.strengths[:4], 1.0)


def test_rows_without_a_way_to_a_label_get_none():
    near, far = np.tile([1.0, 0.0], (15, 1)), np.tile([0.0, 1.0], (15, 1))
    labels = np.full(30, -1)
    labels[0] = 3
    found = spread_labels(np.concatenate([near, far]), labels)
    np.testing.assert_array_equal(found.labels, [3] * 15 + [-1] * 15)
    np.testing.assert_array_equal(found.strengths[15:], 0.0)


def test_two_rows():
    found = spread_labels(np.array([[1.0, 0.0], [0.9, 0.1]]), np.array([2, -1]))
    np.testing.assert_array_equal(found.labels, [2, 2])


def test_no_label():
    with pytest.raises(ValueError, match="Received: 3 times -1"):
        spread_labels(np.eye(3), np.full(3, -1))
