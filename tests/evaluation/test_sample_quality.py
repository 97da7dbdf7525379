import numpy as np
import pytest

from dlkit.evaluation import sample_quality as module
from dlkit.evaluation.sample_quality import (
    frechet_distance,
    kernel_distance,
    nearest_measures,
    sample_quality,
)


def normal(rows, columns=3, *, seed=0):
    return np.random.default_rng(seed).normal(size=(rows, columns))


def with_moments(mean, covariance, rows=500):
    """Rows with exactly these moments."""
    draw = normal(rows, len(mean))
    draw -= draw.mean(0)
    draw = draw @ np.linalg.inv(np.linalg.cholesky(np.cov(draw, rowvar=False))).T
    return draw @ np.linalg.cholesky(covariance).T + mean


def test_frechet_distance_of_known_normal_distributions():
    one, other = np.diag([1.0, 4.0]), np.diag([9.0, 4.0])
    real, made = with_moments(np.zeros(2), one), with_moments(np.array([3.0, 4.0]), other)
    assert frechet_distance(real, made) == pytest.approx(25 + (3 - 1) ** 2)  # of the deviations
    assert frechet_distance(real, real) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_where_covariances_do_not_commute():
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    one, other = np.diag([1.0, 9.0]), turn @ np.diag([1.0, 9.0]) @ turn.T
    real, made = with_moments(np.zeros(2), one), with_moments(np.zeros(2), other)
    # the square root of a 2 x 2 product has the trace sqrt(trace + 2 sqrt(determinant))
    root = np.sqrt(np.trace(one @ other) + 2 * np.sqrt(np.linalg.det(one @ other)))
    assert frechet_distance(real, made) == pytest.approx(20 - 2 * root)
    assert frechet_distance(made, real) == pytest.approx(20 - 2 * root)


def test_frechet_distance_of_one_column():
    assert frechet_distance(np.array([[0.0], [2.0]]), np.array([[1.0], [3.0]])) == pytest.approx(1)


def test_kernel_distance_of_few_rows():
    real, made = np.array([[1.0], [2.0]]), np.array([[0.0], [1.0]])
    within = (1 * 2 + 1) ** 3 + (0 * 1 + 1) ** 3
    between = np.mean([1**3, 2**3, 1**3, 3**3])
    assert kernel_distance(real, made) == pytest.approx(within - 2 * between)


def test_kernel_distance_has_no_bias():
    values = [kernel_distance(normal(20, seed=s), normal(20, seed=100 + s)) for s in range(60)]
    assert abs(np.mean(values)) < 3 * np.std(values) / np.sqrt(len(values))
    assert kernel_distance(normal(50), normal(50, seed=1) + 2) > 10 * np.std(values)


def test_nearest_measures_on_a_line():
    real, made = np.array([[0.0], [1.0], [2.0], [10.0]]), np.array([[0.5], [1.5], [50.0], [51.0]])
    # balls of the real rows reach 1, 1, 1 and 8; those of the made ones 1, 1, 1 and 1
    assert nearest_measures(real, made, nearest=1) == {
        "precision": 0.5,
        "recall": 0.75,
        "density": (2 + 2) / 4,
        "coverage": 0.75,
    }


def test_a_missing_kind_lowers_recall_and_coverage_alone():
    kinds = np.array([[0.0, 0.0], [30.0, 0.0]])
    real = normal(400, 2) + kinds[np.arange(400) % 2]
    made = normal(400, 2, seed=1) + kinds[0]
    found = nearest_measures(real, made)
    assert found["precision"] > 0.9
    assert 0.4 < found["recall"] < 0.55
    assert 0.4 < found["coverage"] < 0.55


def test_blocks_change_nothing(monkeypatch):
    real, made = normal(100), normal(90, seed=1) + 0.5
    whole = sample_quality(real, made)
    monkeypatch.setattr(module, "_BLOCK", 7)
    assert sample_quality(real, made) == pytest.approx(whole)
    assert list(whole)[:2] == ["frechet_distance", "kernel_distance"]


def test_too_few_rows():
    with pytest.raises(ValueError, match="Received: 5, with 5 real and 9 made rows"):
        nearest_measures(normal(5), normal(9))
