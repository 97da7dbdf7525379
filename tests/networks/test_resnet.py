import keras
import numpy as np
import pytest

from dlkit.networks.resnet import resnet, whiten_stem
from tests.contract import check_network
from tests.networks.sequences import check_bad_arguments


def test_contract():
    stem, first, second = 4 * 2 * 16, 9 * 16 * 3 + 9 * 3 * 3, 9 * 3 * 4 + 9 * 4 * 4
    check_network(
        resnet,
        input_shape=(8, 9, 2),
        filters=(3, 4),
        expected_parameters=stem + first + second + 2 * 3 * (3 + 4),
    )


def test_whitened_patches_have_no_correlation():
    random = np.random.default_rng(0)
    flat = random.normal(size=(50, 3, 3, 2)).repeat(4, axis=1).repeat(4, axis=2)
    images = (flat + 0.3 * random.normal(size=flat.shape)).astype("float32")
    body = resnet(input_shape=(12, 12, 2), filters=(4,))
    whiten_stem(body, images)
    stem = keras.Model(body.input, body.get_layer("resnet_stem").output)
    parts = np.asarray(stem(images)).reshape(-1, 16)
    np.testing.assert_allclose(parts[:, :8], -parts[:, 8:], atol=1e-4)
    moments = parts[:, :8].T @ parts[:, :8] / len(parts)
    np.testing.assert_allclose(moments, np.eye(8), atol=0.02)


def test_the_stem_does_not_learn():
    body = resnet(input_shape=(8, 8, 1), filters=(4,))
    assert not body.get_layer("resnet_stem").trainable_weights
    assert body.trainable_weights


def test_learns_which_of_two_textures_lies_anywhere():
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    labels = random.integers(0, 2, 400)
    images = random.normal(scale=0.3, size=(400, 12, 12, 1)).astype("float32")
    stripes = np.tile([1.0, -1.0], 3)
    for image, label in zip(images, labels, strict=True):
        row, column = random.integers(0, 6, 2)
        place = image[row : row + 6, column : column + 6, 0]
        place += stripes if label else stripes[:, None]
    body = resnet(input_shape=(12, 12, 1), filters=(8, 8))
    whiten_stem(body, images)
    model = keras.Sequential([body, keras.layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.01), loss, jit_compile=False)
    model.fit(images[:300], labels[:300], batch_size=50, epochs=6, verbose=0)
    answers = np.asarray(model(images[300:])).argmax(-1)
    assert (answers == labels[300:]).mean() > 0.9


def test_bad_arguments():
    shape = {"input_shape": (16, 16, 3)}
    cases = [{"input_shape": (None, 16, 3)}, {"input_shape": (8, 16, 3)}]
    cases += [{"filters": (), **shape}, {"stem_size": 0, **shape}, {"dropout": 1.0, **shape}]
    check_bad_arguments(resnet, [*cases, {"activation": "loud", **shape}])


@pytest.mark.parametrize("side", [8, 2])
def test_image_too_small(side):
    with pytest.raises(
        ValueError, match=rf"after 3 blocks: 9 at least. Received: \({side}, 16, 3\)"
    ):
        resnet(input_shape=(side, 16, 3))
