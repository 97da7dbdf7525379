import json

import pytest

from dlkit.errors import InputError
from dlkit.settings import TextTraining
from dlkit.tuning.space import QUICK_NETWORKS, SearchSpace

ROWS = 6400
"""By default 16 epochs in steps of 64 rows at a rate of 0.002; 7 where an encoder learns."""


def space_of(settings=None, **options):
    return SearchSpace(settings or TextTraining(), **{"rows": ROWS, "longest": 100} | options)


def test_the_defaults_are_the_settings_as_they_are():
    settings = TextTraining(seed=7, data=("a.csv",), test_data="b.csv")
    space = space_of(settings)
    assert space.settings_of(space.defaults) == settings
    assert space.networks == ["wide_and_deep", *QUICK_NETWORKS]


def test_other_values_change_the_settings():
    space = space_of()
    values = {**space.defaults, "cnn/filters": 64, "relative_learning_rate": 2.0, "max_words": 64}
    values |= {"class_weights": "balanced", "relative_epochs": 0.4, "network": "cnn"}
    found = space.settings_of(values)
    assert (found.network, found.learning_rate, found.epochs) == ("cnn", 0.004, 6)
    assert (found.class_weights, found.max_words) == ("balanced", 64)
    arguments = json.loads(found.network_arguments)
    assert arguments["filters"] == 64
    assert "wide_units" not in arguments


def test_only_the_defaults_leave_their_epochs_to_validation():
    space = space_of()
    assert space.settings_of(space.defaults).epochs == 0
    found = [space.settings_of({**space.defaults, "relative_epochs": e}) for e in (0.25, 0.6)]
    assert [settings.epochs for settings in found] == [4, 10]
    assert space.settings_of({**space.defaults, "relative_batch_size": 0.5}).epochs == 6


def test_what_is_given_is_kept():
    given = TextTraining(learning_rate=0.001, network="lstm", epochs=3, class_weights="balanced")
    space = space_of(given)
    names = {hp.name for hp in space.hyperparameters.space}
    searched = {"relative_learning_rate", "relative_epochs", "class_weights", "cnn/filters"}
    assert not names & searched
    assert "lstm/units" in names
    assert space.networks == ["lstm"]
    assert space.settings_of(space.defaults) == given


def test_given_arguments_keep_the_network():
    given = TextTraining(network="cnn", network_arguments='{"filters": 32}')
    space = space_of(given)
    assert {hp.name.split("/")[0] for hp in space.hyperparameters.space} == {
        "relative_learning_rate",
        "relative_epochs",
        "relative_batch_size",
        "label_smoothing",
        "weight_decay",
        "class_weights",
        "prior_correction",
        "max_words",
    }
    changed = space.settings_of({**space.defaults, "relative_batch_size": 0.5})
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


def test_networks_with_and_without_an_encoder():
    asked = TextTraining(pretrained="minilm", freeze_encoder=True)
    space = space_of(asked, networks=["wide_and_deep", "wide_and_deep+bert"])
    assert space.settings_of(space.defaults) == TextTraining()
    values = {**space.defaults, "network": "wide_and_deep+bert", "bert/dropout": 0.3}
    found = space.settings_of(values)
    assert (found.network, found.pretrained, found.freeze_encoder) == (
        "wide_and_deep",
        "minilm",
        True,
    )
    assert json.loads(found.network_arguments)["deep"] == "bert"
    other = space.settings_of({**space.defaults, "relative_batch_size": 0.5})
    assert (other.pretrained, other.freeze_encoder) == (None, False)


def test_an_encoder_that_learns_beside_networks_without_one():
    space = space_of(TextTraining(pretrained="minilm"), networks=["wide_and_deep", "bert"])
    values = {**space.defaults, "relative_learning_rate": 2.0, "relative_epochs": 0.6}
    without = space.settings_of(values)
    assert (without.pretrained, without.learning_rate, without.epochs) == (None, 0.004, 10)
    found = space.settings_of({**values, "network": "bert", "bert/dropout": 0.1})
    assert (found.pretrained, found.freeze_encoder, found.batch_size) == ("minilm", False, 32)
    assert (found.learning_rate, found.epochs) == (pytest.approx(3e-4), 4)


@pytest.mark.parametrize("networks", [["wide_and_deep", "cnn"], []])
def test_an_encoder_that_no_network_takes(networks):
    with pytest.raises(InputError, match="`--pretrained` needs a network with an encoder"):
        space_of(TextTraining(pretrained="minilm", freeze_encoder=True), networks=networks)


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
