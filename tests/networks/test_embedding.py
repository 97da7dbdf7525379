import numpy as np

from dlkit.networks.embedding import EmbeddingBag
from tests.contract import check_layer

IDS = np.array([[1, 2, 0], [3, 3, 3], [0, 0, 0]], "int32")
WEIGHTS = np.array([[0.5, 2.0, 0.0], [1.0, 1.0, -3.0], [0.0, 0.0, 0.0]], "float32")
TABLE = np.array([[9, 9], [1, 10], [2, 20], [3, 30]], "float32")


def bag():
    layer = EmbeddingBag(4, 2)
    layer.build(IDS.shape)
    layer.set_weights([TABLE])
    return layer


def test_contract():
    check_layer(lambda: EmbeddingBag(4, 2), IDS)
    check_layer(lambda: EmbeddingBag(4, 2, initializer="ones"), (IDS, WEIGHTS))


def test_without_weights_it_is_the_mean_of_what_is_there():
    np.testing.assert_allclose(bag()(IDS), [[1.5, 15], [3, 30], [0, 0]])


def test_with_weights_it_is_their_sum():
    np.testing.assert_allclose(bag()(IDS, WEIGHTS), [[4.5, 45], [-3, -30], [0, 0]])


def test_bags_within_rows():
    ids = IDS.reshape(1, 3, 3)
    np.testing.assert_allclose(bag()(ids), bag()(IDS)[None])


def test_only_the_table_of_a_weighted_bag_damps_rare_rows():
    plain, weighted = EmbeddingBag(4, 2), EmbeddingBag(4, 2)
    plain(IDS)
    weighted(IDS, WEIGHTS)
    assert not plain.table.damp_rare_rows
    assert weighted.table.damp_rare_rows
