import keras
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from dlkit.errors import InputError
from dlkit.tasks.clustering import averaged_over_neighbours, cluster, number_of_groups
from dlkit.tasks.deep_clustering import CentreSimilarity
from tests.contract import check_layer

SIZES = (60, 45, 30, 25)


@pytest.fixture(scope="module")
def blobs():
    """Four groups of directions that overlap a little, and which one each row is of."""
    draw = np.random.default_rng(0)
    right = draw.permutation(np.repeat(np.arange(4), SIZES))
    centres = draw.normal(size=(4, 16))
    return centres[right] + 0.5 * draw.normal(size=(len(right), 16)), right


@pytest.mark.parametrize("method", ["deep", "kmeans", "density"])
def test_planted_groups_are_found(blobs, method):
    features, right = blobs
    found = cluster(features, groups=0 if method == "density" else 4, method=method)
    assert adjusted_rand_score(right, found.labels) > 0.9
    assert np.bincount(found.labels[found.labels >= 0])[0] >= max(SIZES) - 5, "largest first"
    assert found.strengths.shape == right.shape
    assert ((found.strengths >= 0) & (found.strengths <= 1)).all()
    assert found.quality > 0.3


def test_the_number_of_groups_is_found_without_labels(blobs):
    features, _ = blobs
    assert number_of_groups(features, averaged_over_neighbours(features)) == 4
    assert cluster(features, method="kmeans").labels.max() == 3


def test_the_same_seed_gives_the_same_groups(blobs):
    features, _ = blobs
    first, second = (cluster(features, groups=3, method="kmeans", seed=5).labels for _ in range(2))
    assert (first == second).all()


def test_equal_rows_are_no_obstacle():
    features = np.repeat(np.eye(2, 4), 10, axis=0)
    assert np.bincount(cluster(features, groups=2, method="kmeans").labels).tolist() == [10, 10]


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        (7, {}, "at least 8 rows"),
        (20, {"groups": 11}, "at least 22 rows"),
        (20, {"groups": 1}, "`--groups` must be at least 2"),
        (20, {"method": "magic"}, "`--method` must be one of deep, kmeans, density"),
    ],
)
def test_what_cannot_be_grouped(rows, options, message):
    with pytest.raises(InputError, match=message):
        cluster(np.ones((rows, 3)), **options)


def test_similarity_to_centres():
    check_layer(lambda: CentreSimilarity(3, name="similarity"), np.ones((4, 2), "float32"))
    layer = CentreSimilarity(2)
    codes = keras.ops.convert_to_tensor([[0.0, 0.0], [3.0, 0.0]])
    layer(codes)
    layer.set_weights([np.array([[0.0, 0.0], [1.0, 0.0]])])
    expected = [[1 / 1.5, 0.5 / 1.5], [0.1 / 0.3, 0.2 / 0.3]]  # 1 / (1 + squared distance)
    np.testing.assert_allclose(layer(codes), expected, rtol=1e-5)
