import keras
import numpy as np
import tensorflow as tf

from dlkit.networks.differentiable_augmentation import DifferentiableAugmentation, _moved

IMAGES = np.random.default_rng(0).normal(size=(64, 16, 24, 2)).astype("float32")


def test_moved_as_numpy_rolls():
    offsets = np.array([0, 3, -2])
    images = IMAGES[:3].copy()
    found = np.asarray(_moved(images, offsets, axis=2))
    np.testing.assert_array_equal(found[0], images[0])
    np.testing.assert_array_equal(found[1], np.pad(images[1], ((0, 0), (3, 0), (0, 0)))[:, :-3])
    np.testing.assert_array_equal(found[2], np.pad(images[2], ((0, 0), (0, 2), (0, 0)))[:, 2:])
    down = np.asarray(_moved(images, offsets, axis=1))[2]
    np.testing.assert_array_equal(down, np.pad(images[2], ((0, 2), (0, 0), (0, 0)))[2:])


def test_every_image_is_changed_in_its_own_way():
    keras.utils.set_random_seed(0)
    same = np.repeat(IMAGES[:1], 64, axis=0)
    changed = np.asarray(DifferentiableAugmentation()(same))
    assert changed.shape == same.shape
    assert len(np.unique(changed.reshape(64, -1), axis=0)) == 64
    cut = (changed == 0).all(-1).mean((1, 2))
    assert 0.05 < cut.min() < cut.max() < 0.6  # a hole of a quarter, partly outside, and borders


def test_the_gradient_flows_through():
    layer, images = DifferentiableAugmentation(seed=1), tf.constant(IMAGES)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(tf.square(layer(images)))
    gradient = tape.gradient(total, images).numpy()
    assert np.isfinite(gradient).all()
    assert (np.abs(gradient).max((1, 2, 3)) > 0).all()


def test_config():
    layer = DifferentiableAugmentation(seed=3)
    again = DifferentiableAugmentation.from_config(layer.get_config())
    np.testing.assert_array_equal(layer(IMAGES), again(IMAGES))
