import keras
import numpy as np

from dlkit.networks.causal_attention import causal_attention
from tests.contract import check_network
from tests.networks.sequences import check_bad_arguments

SMALL = {"blocks": 1, "heads": 2, "units": 5, "longest": 9}


def test_contract():
    attention, dense = 4 * (4 * 4 + 4), (4 * 5 + 5) + (5 * 4 + 4)
    check_network(
        causal_attention,
        input_shape=(None, 4),
        **SMALL,
        expected_parameters=9 * 4 + attention + dense + 3 * 2 * 4,
    )


def test_no_step_sees_those_that_follow():
    keras.utils.set_random_seed(0)
    model = causal_attention(input_shape=(None, 4), every_step=True, **SMALL)
    steps = np.random.default_rng(0).normal(size=(2, 6, 4)).astype("float32")
    changed = steps.copy()
    changed[:, 4, 0] += 1  # normalization would undo the same in all channels
    before, after = np.asarray(model(steps)), np.asarray(model(changed))
    np.testing.assert_allclose(before[:, :4], after[:, :4], atol=1e-6)
    assert (np.abs(before[:, 4:] - after[:, 4:]).max(2) > 1e-3).all()


def test_padding_before_the_first_step_does_not_matter():
    keras.utils.set_random_seed(0)
    model = causal_attention(input_shape=(None, 4), **SMALL)
    steps = np.random.default_rng(0).normal(size=(2, 6, 4)).astype("float32")
    padded = np.pad(steps, [(0, 0), (3, 0), (0, 0)])
    np.testing.assert_allclose(model(padded), model(steps), atol=1e-5)
    assert np.isfinite(model(np.zeros((1, 20, 4)))).all(), "longer than it has places"


def test_bad_arguments():
    cases = [{"blocks": 0}, {"heads": 0}, {"dropout": -1}, {"longest": 0}, {"input_shape": (3,)}]
    check_bad_arguments(causal_attention, cases)
