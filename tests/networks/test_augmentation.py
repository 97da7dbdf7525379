import numpy as np
import pytest
import tensorflow as tf

from dlkit.errors import InputError
from dlkit.networks.augmentation import RandomView
from tests.contract import check_layer

IMAGES = np.arange(1, 1 + 64 * 6 * 5, dtype="float32").reshape(64, 6, 5, 1).repeat(2, axis=3)


def view(**arguments):
    return np.asarray(RandomView(seed=0, **arguments)(IMAGES, training=True))


def test_contract():
    check_layer(lambda: RandomView(flip=True, shift=1, cutout=2, seed=3, name="view"), IMAGES)


def test_only_training_changes_images():
    layer = RandomView(flip=True, shift=2, cutout=3, seed=0)
    np.testing.assert_array_equal(layer(IMAGES, training=False), IMAGES)
    first, second = (np.asarray(layer(IMAGES, training=True)) for _ in range(2))
    assert (first != second).any()


def test_flip():
    seen = view(flip=True)
    same = (seen == IMAGES).all(axis=(1, 2, 3))
    mirrored = (seen == IMAGES[:, :, ::-1]).all(axis=(1, 2, 3))
    assert (same | mirrored).all()
    assert 16 < same.sum() < 48


def test_shift():
    padded = np.pad(IMAGES, ((0, 0), (1, 1), (1, 1), (0, 0)), mode="reflect")
    found = np.zeros((3, 3), int)
    for image, larger in zip(view(shift=1), padded, strict=True):
        places = [
            (row, column)
            for row in range(3)
            for column in range(3)
            if (larger[row : row + 6, column : column + 5] == image).all()
        ]
        assert len(places) == 1
        found[places[0]] += 1
    assert (found > 0).all(), "every place occurs"


def test_cutout_hides_one_square():
    for image, given in zip(view(cutout=3), IMAGES, strict=True):
        hidden = (image == 0).all(axis=-1)
        rows, columns = hidden.any(axis=1).sum(), hidden.any(axis=0).sum()
        assert hidden.sum() == rows * columns <= 9
        assert rows >= 2
        assert columns >= 2
        np.testing.assert_array_equal(image[~hidden], given[~hidden])


def test_within_a_compiled_graph():
    layer = RandomView(flip=True, shift=2, cutout=2, seed=0)
    compiled = tf.function(lambda training: layer(IMAGES, training=training))
    np.testing.assert_array_equal(compiled(False), IMAGES)
    first, second = (np.asarray(compiled(True)) for _ in range(2))
    assert (first != second).any()


@pytest.mark.parametrize("argument", ["shift", "cutout"])
def test_bad_arguments(argument):
    with pytest.raises(InputError, match=f"`{argument}` must be .*Received: -1"):
        RandomView(**{argument: -1})
