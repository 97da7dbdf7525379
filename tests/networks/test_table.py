"""An ensemble over the columns of a table: each part enters it, and members share nothing."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.errors import InputError
from dlkit.networks.table import TableSizes, table_network

SIZES = TableSizes(linear=3, bins=5, categories=2, category_count=7, ngrams={"text_0": 9})
INPUTS = {
    "linear": np.random.default_rng(0).normal(size=(4, 3)).astype("float32"),
    "bins": np.random.default_rng(1).uniform(-0.5, 0.5, (4, 5)).astype("float32"),
    "categories": np.array([[1, 5], [3, 2], [4, 6], [1, 2]], "int32"),
    "text_0_ngrams": np.array([[1, 2], [3, 0], [8, 4], [0, 0]], "int32"),
    "text_0_ngram_weights": np.array([[0.6, 0.8], [1, 0], [0.6, 0.8], [0, 0]], "float32"),
}


def build(**arguments):
    keras.utils.set_random_seed(0)
    return table_network(sizes=SIZES, members=3, vector_units=2, units=(8,), **arguments)


def test_features_hold_what_is_learned_and_the_columns_as_they_are():
    network = build()
    features = network(INPUTS).numpy()
    assert features.shape == (4, 3, 8 + 3 * 2 + 3)
    for member in range(3):
        np.testing.assert_array_equal(features[:, member, -3:], INPUTS["linear"])


def test_members_share_no_weight():
    network = build()
    with tf.GradientTape(persistent=True) as tape:
        features = network(INPUTS)
        parts = [tf.reduce_sum(features[:, member] ** 2) for member in range(3)]
    touched = []
    for part in parts:
        gradients = tape.gradient(part, network.trainable_variables)
        touched.append([tf.convert_to_tensor(g).numpy() != 0 for g in gradients])
    assert all(any(mask.any() for mask in masks) for masks in touched)
    for one, two, three in zip(*touched, strict=True):
        assert not (one & two).any()
        assert not (two & three).any()


@pytest.mark.parametrize("name", list(INPUTS)[:4])
def test_every_part_counts(name):
    network = build()
    changed = {key: value.copy() for key, value in INPUTS.items()}
    changed[name][0] = changed[name][1]
    before, after = network(INPUTS).numpy(), network(changed).numpy()
    assert (before[0] != after[0]).any()
    np.testing.assert_array_equal(before[1:], after[1:])


@pytest.mark.parametrize(
    ("sizes", "names"),
    [
        (TableSizes(3, 0, 0, 0, {}), ["linear"]),
        (TableSizes(0, 0, 2, 7, {}), ["categories"]),
        (TableSizes(0, 0, 0, 0, {"text_0": 9}), ["text_0_ngrams", "text_0_ngram_weights"]),
    ],
)
def test_a_table_may_lack_kinds(sizes, names):
    network = table_network(sizes=sizes, members=2)
    assert list(network.input) == names
    assert network({name: INPUTS[name] for name in names}).shape[:2] == (4, 2)


def test_saved_and_loaded(tmp_path):
    network = build()
    network.save(tmp_path / "network.keras")
    again = keras.models.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(again(INPUTS), network(INPUTS))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"network": "mlp"}, "`--network` must be one of mlp_ensemble, or MODULE:BUILDER"),
        ({"members": 0}, "`members` must be a whole number of at least 1"),
        ({"ngram_dropout": 1.0}, "`dropout` must be at least 0"),
        ({"width": 3}, "`--network-arguments` of mlp_ensemble must be among .* Received: width"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        table_network(sizes=SIZES, **arguments)
