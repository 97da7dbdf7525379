import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.networks.member_dense import MemberDense
from dlkit.networks.mlp_ensemble import mlp_ensemble
from tests.contract import check_layer
from tests.networks.sequences import check_bad_arguments

INPUTS = np.random.default_rng(0).normal(size=(5, 3, 4)).astype("float32")


def test_contract_of_the_layer():
    keras.utils.set_random_seed(0)
    layer = MemberDense(2)
    layer.build((None, 3, 4))
    check_layer(lambda: layer, INPUTS)


def test_each_member_has_a_dense_layer_of_its_own():
    layer = MemberDense(2)
    outputs = np.asarray(layer(INPUTS))
    kernel, bias = layer.get_weights()
    for member in range(3):
        expected = INPUTS[:, member] @ kernel[member] + bias[member]
        np.testing.assert_allclose(outputs[:, member], expected, rtol=1e-5, atol=1e-6)
    assert np.abs(kernel).max() <= 1 / 2
    assert np.ptp(kernel, axis=0).min() > 0, "members start alike"


def test_members_do_not_see_each_other():
    keras.utils.set_random_seed(0)
    body = mlp_ensemble(input_shape=(3, 4), units=(8, 6))
    assert body.count_params() == 3 * (4 * 8 + 8 + 8 * 6 + 6)
    changed = INPUTS.copy()
    changed[:, 1] += 1
    before, after = body(INPUTS).numpy(), body(changed).numpy()
    assert before.shape == (5, 3, 6)
    np.testing.assert_array_equal(before[:, [0, 2]], after[:, [0, 2]])
    assert (before[:, 1] != after[:, 1]).any()


def test_each_member_learns_its_own():
    keras.utils.set_random_seed(0)
    x = np.random.default_rng(0).uniform(-1, 1, (256, 1, 2)).astype("float32")
    x = np.repeat(x, 2, 1)
    targets = np.stack([x[:, 0, 0] * x[:, 0, 1], np.abs(x[:, 0, 0])], 1)[..., None]
    body = mlp_ensemble(input_shape=(2, 2), units=(32, 32), dropout=0.0)
    model = keras.Model(body.input, MemberDense(1)(body.output))
    model.compile(keras.optimizers.Adam(0.01), "mse", jit_compile=False)
    model.fit(x, targets, epochs=60, batch_size=64, verbose=0)
    errors = np.mean((model(x).numpy() - targets) ** 2, (0, 2))
    assert (errors < 0.1 * targets.var((0, 2))).all()


def test_bad_arguments():
    check_bad_arguments(
        mlp_ensemble,
        [
            {"input_shape": (3,)},
            {"input_shape": (0, 3)},
            {"units": (), "input_shape": (2, 3)},
            {"activation": "loud", "input_shape": (2, 3)},
            {"dropout": 1.0, "input_shape": (2, 3)},
        ],
    )


def test_the_seed_of_dropout_differs_between_members():
    body = mlp_ensemble(input_shape=(2, 4), units=(64,))
    body.set_weights([np.ones_like(weight) for weight in body.get_weights()])
    first, second = tf.unstack(body(np.ones((1, 2, 4), "float32"), training=True), axis=1)
    assert (first.numpy() != second.numpy()).any()


@pytest.mark.parametrize("members", [2, 5])
def test_saved_and_loaded(members, tmp_path):
    body = mlp_ensemble(input_shape=(members, 4))
    body.save(tmp_path / "body.keras")
    again = keras.models.load_model(tmp_path / "body.keras")
    inputs = np.ones((2, members, 4), "float32")
    np.testing.assert_array_equal(again(inputs), body(inputs))
