import numpy as np
import pytest

from dlkit.tasks import CentroidSimilarity, class_centroids
from tests.contract import check_layer


def test_contract():
    inputs = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")
    check_layer(lambda: CentroidSimilarity(3, name="centroids"), inputs)


def test_centroids_are_mean_directions():
    features = np.array([[3.0, 0.0], [0.0, 5.0], [0.0, 2.0], [9.0, 9.0]])
    found = class_centroids(features, np.array([0, 0, 1, -1]), 3)
    half = np.sqrt(0.5)
    np.testing.assert_allclose(found, [[half, half], [0, 1], [0, 0]], atol=1e-6)
    assert found.dtype == np.float32


def test_similarity_is_the_cosine_to_the_nearest():
    layer = CentroidSimilarity(2)
    layer.build((None, 2))
    layer.set_weights([np.array([[1.0, 0.0], [0.0, 1.0]], "float32")])
    features = np.array([[7.0, 0.0], [3.0, 4.0], [-1.0, 0.0], [0.0, 0.0]], "float32")
    np.testing.assert_allclose(layer(features), [1, 0.8, 0, 0], atol=1e-6)


def test_a_half_precision_body_is_compared_in_full():
    layer = CentroidSimilarity(1)
    assert layer(np.ones((1, 2), "float16")).dtype.name == "float32"
    assert layer.get_config()["count"] == 1


@pytest.mark.parametrize("rows", [0, 1])
def test_no_rows(rows):
    labels = np.full(rows, -1)
    assert not class_centroids(np.ones((rows, 2)), labels, 2).any()
