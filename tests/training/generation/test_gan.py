"""Known answers: four kinds of images, all of which must be made."""

import keras
import numpy as np
import pytest

from dlkit.networks.differentiable_augmentation import DifferentiableAugmentation
from dlkit.networks.gan import discriminator, generator
from dlkit.training.generation.gan import Gan
from dlkit.training.generation.images import image_grid, make_images
from dlkit.training.generation.train import train_gan

SIDE, KINDS = 8, 4


def quarters(count, seed=0):
    """Returns images with one bright quarter, and which of the four it is."""
    draw = np.random.default_rng(seed)
    kinds = draw.integers(KINDS, size=count)
    images = draw.integers(0, 30, (count, SIDE, SIDE, 1))
    half = SIDE // 2
    for image, kind in zip(images, kinds, strict=True):
        top, left = half * (kind // 2), half * (kind % 2)
        image[top : top + half, left : left + half] += 200
    return images.astype(np.uint8), kinds


def kinds_of(images):
    """The brightest quarter of each image, and how much brighter it is than the others."""
    half = SIDE // 2
    means = images.reshape(-1, 2, half, 2, half).mean((2, 4)).reshape(-1, KINDS)
    ordered = np.sort(means, axis=1)
    return means.argmax(1), ordered[:, -1] - ordered[:, -2]


def gan(classes=0, *, augmentation=None, **arguments):
    keras.utils.set_random_seed(0)
    shape = {"image_shape": (SIDE, SIDE, 1), "classes": classes}
    networks = (
        generator(**shape, noise_units=8, filters=(32, 16)),
        discriminator(**shape, filters=(16, 32)),
    )
    return Gan(*networks, augmentation=augmentation, momentum=0.97, **arguments)


def train(model, classes, *, epochs=14, **arguments):
    images, kinds = quarters(640)
    recipe = {"batch_size": 32, "learning_rate": 1e-3, "seed": 0}
    given = kinds if classes else None
    return train_gan(model, images, given, epochs=epochs, **recipe, **arguments)


@pytest.mark.parametrize("loss", ["hinge", "non_saturating"])
def test_all_kinds_are_made(loss):
    model = gan(loss=loss)
    train(model, 0)
    kinds, contrast = kinds_of(make_images(model.averaged, 400, seed=1))
    assert np.mean(contrast > 60) > 0.6
    assert np.bincount(kinds[contrast > 60], minlength=KINDS).min() > 20


def test_the_class_says_which_kind_is_made():
    model = gan(KINDS, augmentation=DifferentiableAugmentation())
    train(model, KINDS)
    wanted = np.arange(200) % KINDS
    kinds, contrast = kinds_of(make_images(model.averaged, 200, seed=1, classes=wanted))
    assert np.mean(kinds == wanted) > 0.95
    assert np.median(contrast) > 60


def test_a_resumed_training_ends_where_one_in_one_go_does(tmp_path):
    whole, halves = gan(KINDS), gan(KINDS)
    history = train(whole, KINDS, epochs=2)
    train(halves, KINDS, epochs=1, folder=tmp_path)
    halves = gan(KINDS)
    resumed = train(halves, KINDS, epochs=2, folder=tmp_path, resume=True)
    for name, values in history.items():
        assert resumed[name] == pytest.approx(values, rel=1e-3)
    for left, right in zip(whole.averaged.weights, halves.averaged.weights, strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-3, atol=1e-5)
    assert [path.name for path in sorted((tmp_path / "samples").iterdir())] == [
        "epoch-001.png",
        "epoch-002.png",
    ]
    again = gan(KINDS)
    assert train(again, KINDS, epochs=2, folder=tmp_path, resume=True) == resumed
    np.testing.assert_array_equal(
        make_images(again.averaged, 4, seed=0, classes=np.arange(4)),
        make_images(halves.averaged, 4, seed=0, classes=np.arange(4)),
    )


def test_the_first_images_are_the_same_for_any_count():
    model = gan().averaged
    np.testing.assert_array_equal(
        make_images(model, 3, seed=5), make_images(model, 300, seed=5)[:3]
    )
    assert (make_images(model, 3, seed=5) != make_images(model, 3, seed=6)).any()


def test_a_grid_has_the_images_in_rows():
    images = np.arange(1, 6, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 3, 1), np.uint8)
    grid = image_grid(images, columns=3)
    assert grid.shape == (4, 9, 1)
    np.testing.assert_array_equal(grid[::2, ::3, 0], [[1, 2, 3], [4, 5, 0]])
