import json

import pytest

from dlkit.settings import TextTraining
from dlkit.training.fit import Recipe
from dlkit.tuning.space import QUICK_NETWORKS, SearchSpace

RECIPE = Recipe(epochs=16, batch_size=64, learning_rate=0.002, weight_decay=0.0, patience=5, seed=0)


def space_of(settings=None, **options):
    return SearchSpace(settings or TextTraining(), **{"recipe": RECIPE, "longest": 100} | options)


def test_the_defaults_are_the_settings_as_they_are():
    settings = TextTraining(seed=7, data=("a.csv",), test_data="b.csv")
    space = space_of(settings)
    assert space.settings_of(space.defaults) == settings
    assert space.networks == ["wide_and_deep", *QUICK_NETWORKS]


def test_other_values_change_the_settings():
    space = space_of()
    values = {**space.defaults, "cnn/filters": 64, "learning_rate": 0.004, "max_words": 64}
    values |= {"class_weights": "balanced", "epochs": 6, "network": "cnn"}
    found = space.settings_of(values)
    assert (found.network, found.learning_rate, found.epochs) == ("cnn", 0.004, 6)
    assert (found.class_weights, found.max_words) == ("balanced", 64)
    arguments = json.loads(found.network_arguments)
    assert arguments["filters"] == 64
    assert "wide_units" not in arguments


def test_only_the_defaults_leave_their_epochs_to_validation():
    space = space_of()
    assert space.settings_of(space.defaults).epochs == 0
    found = next(hp for hp in space.hyperparameters.space if hp.name == "epochs")
    assert found.values == [4, 6, 10]
    assert space.settings_of({**space.defaults, "batch_size": 32}).epochs == 6


def test_what_is_given_is_kept():
    given = TextTraining(learning_rate=0.001, network="lstm", epochs=3, class_weights="balanced")
    space = space_of(given)
    names = {hp.name for hp in space.hyperparameters.space}
    assert not names & {"learning_rate", "epochs", "class_weights", "cnn/filters"}
    assert "lstm/units" in names
    assert space.networks == ["lstm"]
    assert space.settings_of(space.defaults) == given


def test_given_arguments_keep_the_network():
    given = TextTraining(network="cnn", network_arguments='{"filters": 32}')
    space = space_of(given)
    assert {hp.name.split("/")[0] for hp in space.hyperparameters.space} == {
        "learning_rate",
        "epochs",
        "batch_size",
        "label_smoothing",
        "weight_decay",
        "class_weights",
        "max_words",
    }
    changed = space.settings_of({**space.defaults, "batch_size": 32})
    assert changed.network_arguments == '{"filters": 32}'
    assert changed.batch_size == 32


def test_named_networks():
    space = space_of(networks=["cnn", "wide_and_deep"])
    assert space.networks == ["wide_and_deep", "cnn"]
    space = space_of(networks=["wide_and_deep+lstm", "cnn"])
    defaults = space.settings_of(space.defaults)
    assert (defaults.network, defaults.network_arguments) == ("wide_and_deep", '{"deep": "lstm"}')
    assert (
        json.loads(space.settings_of({**space.defaults, "lstm/units": 32}).network_arguments)[
            "units"
        ]
        == 32
    )


@pytest.mark.parametrize("values", [{}, {"tuner/epochs": 5}])
def test_hyperband_sets_the_epochs(values):
    space = space_of(search_epochs=False)
    assert "epochs" not in space.defaults
    expected = values.get("tuner/epochs", 0)
    assert space.settings_of({**space.defaults, **values}).epochs == expected


@pytest.mark.parametrize(("longest", "choices"), [(20, []), (33, [32]), (500, [32, 64, 128])])
def test_texts_are_cut_only_where_they_are_longer(longest, choices):
    space = space_of(longest=longest)
    found = next(hp for hp in space.hyperparameters.space if hp.name == "max_words")
    assert sorted(found.values) == sorted({*choices, 128})
