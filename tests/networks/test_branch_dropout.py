import keras
import numpy as np
import pytest

from dlkit.networks.branch_dropout import BranchDropout
from tests.contract import check_layer

ROWS = 4000
BRANCHES = [np.ones((ROWS, 2), "float32"), np.full((ROWS, 3), 5, "float32")]


def patterns(rate, seed=0):
    """Returns the values of the first column of each branch, by how often they come together."""
    joined = np.asarray(BranchDropout(rate, seed=seed)(BRANCHES, training=True))
    assert (joined[:, 0] == joined[:, 1]).all()
    assert (joined[:, 2] == joined[:, 4]).all()
    rows, counts = np.unique(joined[:, [0, 2]], axis=0, return_counts=True)
    return {tuple(row): count / ROWS for row, count in zip(rows.tolist(), counts, strict=True)}


def test_contract():
    check_layer(lambda: BranchDropout(0.5, seed=1), [branch[:3] for branch in BRANCHES])


def test_inference_joins_the_branches():
    joined = BranchDropout(0.9)(BRANCHES)
    np.testing.assert_array_equal(joined, np.concatenate(BRANCHES, axis=1))


def test_training_shows_some_rows_one_branch_at_twice_its_size():
    shares = patterns(0.4)
    assert shares == pytest.approx({(1, 5): 0.6, (2, 0): 0.2, (0, 10): 0.2}, abs=0.03)


def test_rates_of_zero_and_one():
    assert patterns(0.0) == {(1, 5): 1.0}
    assert set(patterns(1.0)) == {(2, 0), (0, 10)}


def test_the_seed_decides():
    first, again, other = (
        np.asarray(BranchDropout(0.5, seed=seed)(BRANCHES, training=True)) for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_a_branch_that_answers_at_once_leaves_something_to_learn_for_the_other():
    random = np.random.default_rng(0)
    target = random.normal(size=(512, 1)).astype("float32")
    easy, weak = target * 10, target * 0.1
    kernels = {}
    for rate in (0.0, 0.5):
        keras.utils.set_random_seed(0)
        inputs = [keras.Input((1,)), keras.Input((1,))]
        head = keras.layers.Dense(1, use_bias=False, kernel_initializer="zeros")
        model = keras.Model(inputs, head(BranchDropout(rate)(inputs)))
        model.compile(keras.optimizers.SGD(0.005), "mse", jit_compile=False)
        model.fit([easy, weak], target, epochs=20, batch_size=64, verbose=0)
        kernels[rate] = head.get_weights()[0].ravel()
    assert kernels[0.5][1] > 5 * kernels[0.0][1]


def test_a_rate_out_of_range_is_refused():
    with pytest.raises(ValueError, match="`rate` must be from 0 to 1"):
        BranchDropout(1.5)
