import dataclasses
import math

import pytest

from dlkit.errors import InputError
from dlkit.settings import TextTraining, changed


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("batch_size", 0, "must be at least 1"),
        ("patience", 0, "must be at least 1"),
        ("max_words", -3, "must be at least 1"),
        ("epochs", -1, r"must be 0 \(automatic\) or more"),
        ("learning_rate", 0.0, "must be above 0 and finite"),
        ("learning_rate", math.inf, "must be above 0 and finite"),
        ("learning_rate", math.nan, "must be above 0 and finite"),
        ("weight_decay", -0.1, "must be 0 or more"),
        ("weight_decay", math.nan, "must be 0 or more"),
        ("label_smoothing", 1.0, "must be from 0 to below 1"),
        ("regularized_dropout", -1.0, "must be 0 or more"),
        ("regularized_dropout", math.inf, "must be 0 or more"),
        ("prior_correction", 1.1, "must be from 0 to 1"),
        ("validation_fraction", 0.0, "must be between 0 and 1"),
        ("validation_fraction", 1.0, "must be between 0 and 1"),
        ("test_fraction", 1.0, "must be from 0 to below 1"),
        ("test_fraction", -0.1, "must be from 0 to below 1"),
        ("test_fraction", 0.95, "must leave rows to learn from beside `--validation-fraction` 0.1"),
        ("seed", -1, "must be from 0 to below"),
        ("seed", 2**31, "must be from 0 to below"),
    ],
)
def test_a_value_that_breaks_a_rule(name, value, rule):
    option = f"--{name.replace('_', '-')}"
    with pytest.raises(InputError, match=f"`{option}` {rule}.*Received: {value}"):
        TextTraining(**{name: value})


def test_regularized_dropout_has_no_generator_beside_it():
    TextTraining(regularized_dropout=2.0, unlabelled=("more.csv",))
    with pytest.raises(InputError, match="`--regularized-dropout` must be 0 with"):
        TextTraining(regularized_dropout=2.0, unlabelled=("more.csv",), semi_supervised="gan")


def test_the_edges_are_allowed():
    TextTraining(epochs=0, test_fraction=0.0, label_smoothing=0.0, seed=2**31 - 1)
    TextTraining(test_data="test.csv", test_fraction=0.95)


def test_changed_names_what_somebody_chose():
    saved = TextTraining(epochs=7, seed=3, data=("a.csv",))
    assert changed(TextTraining(resume=True), saved) == []
    assert changed(dataclasses.replace(saved, resume=True), saved) == []
    assert changed(TextTraining(epochs=9, seed=3, network="cnn"), saved) == ["network", "epochs"]
    assert changed(TextTraining(data=("b.csv",)), saved) == ["data"]
