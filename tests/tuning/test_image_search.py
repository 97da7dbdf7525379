import dataclasses
import json

import pytest

from dlkit.settings import ImageTraining
from dlkit.training.image_data import load_image_data
from dlkit.tuning.image_options import ImageSearch
from dlkit.tuning.image_space import ImageSpace
from dlkit.tuning.image_subject import ImageSubject

SUBJECT = ImageSubject("vision", ImageTraining)
SETTINGS = ImageTraining(seed=3)  # the digits of scikit-learn


@pytest.fixture(scope="module")
def rows():
    return SUBJECT.rows(SETTINGS)


def test_the_defaults_are_the_settings_as_they_are():
    space = ImageSpace(SETTINGS)
    assert space.settings_of(space.defaults) == SETTINGS
    assert space.networks == ["cnn"]
    assert space.epochs == 30


def test_other_values_change_the_settings():
    space = ImageSpace(SETTINGS)
    values = {"cnn/filters": "modern", "relative_learning_rate": 2.0, "shift": 0.125}
    found = space.settings_of({**space.defaults, **values, "relative_epochs": 0.5})
    assert (found.network, found.learning_rate, found.epochs) == ("cnn", 0.004, 15)
    assert (found.shift, found.cutout, found.flip) == (0.125, 0.0, False)
    assert json.loads(found.network_arguments)["filters"] == [32, 64]


def test_each_network_has_its_own_arguments_and_recipe():
    space = ImageSpace(SETTINGS, networks=["resnet", "cnn"])
    assert space.networks == ["cnn", "resnet"]
    values = {**space.defaults, "network": "resnet", "relative_learning_rate": 0.5}
    values |= {"resnet/filters": "narrow", "resnet/activation": "gelu", "resnet/dropout": 0.0}
    found = space.settings_of(values)
    assert (found.learning_rate, found.epochs, found.batch_size) == (0.2, 10, 256)
    arguments = json.loads(found.network_arguments)
    assert arguments["filters"] == [32, 64, 128]
    assert "kernel_size" not in arguments


def test_what_is_given_is_kept():
    given = dataclasses.replace(SETTINGS, shift=0.2, epochs=3, network_arguments='{"filters": [8]}')
    names = {hp.name for hp in ImageSpace(given).hyperparameters.space}
    assert names == {
        "relative_learning_rate",
        "relative_batch_size",
        "label_smoothing",
        "cutout",
    }


def test_no_test_image_is_learned_from_or_measured_on(rows):
    test = load_image_data(SETTINGS).test
    held_out = set(test.names)
    for repeat in range(2):
        data = rows.split(repeat, SETTINGS)
        assert not held_out & {*data.train.names, *data.validation.names}
        assert len(data.train.names) + len(data.validation.names) == 1797 - len(held_out)
        assert not {*data.train.names} & {*data.validation.names}
    first, again = (rows.split(0, SETTINGS).validation.names for _ in range(2))
    assert first == again
    assert first != rows.split(1, SETTINGS).validation.names


def test_the_digest_tells_rows_from_others(rows):
    assert SUBJECT.rows(SETTINGS).digest == rows.digest
    assert SUBJECT.rows(dataclasses.replace(SETTINGS, split_seed=4)).digest != rows.digest
    space = SUBJECT.space(rows, SETTINGS, ImageSearch(tuner="hyperband"))
    assert "relative_epochs" not in space.defaults
