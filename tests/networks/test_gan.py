import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.errors import InputError
from dlkit.networks.gan import discriminator, generator

SHAPE = (8, 12, 3)
NOISE = np.random.default_rng(0).normal(size=(5, 6)).astype("float32")
CLASSES = np.array([0, 1, 2, 0, 1], "int32")


def made(model, **inputs):
    return np.asarray(model({"noise": NOISE, **inputs}, training=False))


def test_images_have_their_shape_and_range():
    model = generator(image_shape=SHAPE, noise_units=6, filters=(5, 4))
    images = made(model)
    assert images.shape == (5, *SHAPE)
    assert images.dtype == np.float32
    assert np.abs(images).max() <= 1
    dense, norms = 6 * 2 * 3 * 5, 4 * (5 + 4)
    assert model.count_params() == dense + norms + (16 * 5 * 4 + 4) + (16 * 4 * 3 + 3)


def test_images_depend_on_noise_and_class():
    keras.utils.set_random_seed(0)
    model = generator(image_shape=SHAPE, classes=3, noise_units=6, filters=(5,))
    images = made(model, **{"class": CLASSES})
    other = made(model, **{"class": (CLASSES + 1) % 3})
    assert np.abs(images - other).max(axis=(1, 2, 3)).min() > 1e-4
    assert np.abs(images[0] - images[3]).max() > 1e-4


def test_scores_depend_on_the_class():
    model = discriminator(image_shape=SHAPE, classes=3, filters=(4, 5))
    images = np.random.default_rng(1).normal(size=(5, *SHAPE)).astype("float32")
    scores = [
        np.asarray(model({"image": images, "class": classes}, training=False))
        for classes in (CLASSES, (CLASSES + 1) % 3)
    ]
    assert scores[0].shape == (5, 1)
    assert np.abs(scores[0] - scores[1]).min() > 1e-6


def test_kernels_of_the_discriminator_have_spectral_norm_one():
    keras.utils.set_random_seed(0)
    model = discriminator(image_shape=SHAPE, classes=3, filters=(4, 5))
    images = np.zeros((3, *SHAPE), "float32")
    step = tf.function(lambda: model({"image": images, "class": CLASSES[:3]}, training=True))
    for _ in range(30):
        step()
    kernels = [w for w in model.trainable_weights if "bias" not in w.path]
    assert len(kernels) == 4
    for kernel in kernels:
        matrix = np.asarray(kernel).reshape(-1, kernel.shape[-1])
        assert np.linalg.norm(matrix, 2) == pytest.approx(1, abs=0.02), kernel.path


@pytest.mark.parametrize("classes", [0, 3])
def test_the_generator_is_saved(tmp_path, classes):
    model = generator(image_shape=SHAPE, classes=classes, noise_units=6, filters=(5, 4))
    inputs = {"class": CLASSES} if classes else {}
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(made(model, **inputs), made(loaded, **inputs))


@pytest.mark.parametrize("builder", [discriminator, generator])
@pytest.mark.parametrize(
    ("argument", "value"),
    [("image_shape", (8, 8)), ("image_shape", (None, 8, 1)), ("filters", ()), ("classes", -1)],
)
def test_bad_arguments(builder, argument, value):
    with pytest.raises(InputError, match=f"`{argument}` .*Received: "):
        builder(**{"image_shape": SHAPE, argument: value})


def test_sides_that_cannot_be_halved():
    with pytest.raises(InputError, match=r"multiples of 4. Received: \(28, 30, 1\)"):
        generator(image_shape=(28, 30, 1), filters=(8, 4))
