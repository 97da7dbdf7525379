import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.errors import InputError
from dlkit.networks.bert import FirstStep, IsPiece, PositionEmbedding, bert
from tests.contract import check_layer, check_network
from tests.networks.tiny_bert import SIZES

IDS = np.array([[2, 5, 6, 3, 0], [2, 3, 0, 0, 0], [2, 7, 8, 9, 3]], "int32")
BLOCK = (32 * 96 + 96) + (32 * 32 + 32) + (32 * 12 + 12) + (12 * 32 + 32) + 2 * 64
PARAMETERS = 23 * 32 + 16 * 32 + 64 + 2 * BLOCK


def test_contract():
    check_network(
        bert,
        **SIZES,
        inner_units=12,
        inputs={"pieces": IDS},
        expected_parameters=PARAMETERS,
    )


def test_contract_of_layers():
    check_layer(lambda: PositionEmbedding(7), np.ones((2, 3, 4), "float32"))
    check_layer(FirstStep, np.ones((2, 3, 4), "float32"))
    check_layer(IsPiece, IDS)


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_padding_changes_nothing(pooling):
    model = bert(**SIZES, inner_units=12, pooling=pooling)
    padded = model({"pieces": IDS})
    alone = model({"pieces": IDS[:1, :4]})
    np.testing.assert_allclose(padded[:1], alone, atol=1e-5)


@pytest.mark.parametrize(
    ("trainable_layers", "trained"),
    [(None, 64 + 2 * BLOCK), (2, 64 + 2 * BLOCK), (1, BLOCK), (0, 0)],
)
def test_only_the_last_layers_learn(trainable_layers, trained):
    model = bert(**SIZES, inner_units=12, trainable_layers=trainable_layers)
    assert sum(np.prod(weight.shape) for weight in model.trainable_weights) == trained


def test_dropout_is_for_training_alone():
    keras.utils.set_random_seed(0)
    model = bert(**SIZES, inner_units=12, dropout=0.3)
    still = model({"pieces": IDS}, training=False)
    np.testing.assert_array_equal(still, model({"pieces": IDS}, training=False))
    assert np.abs(model({"pieces": IDS}, training=True) - still).max() > 0.01


def test_a_call_has_no_slow_gelu_and_no_reshaped_weights_of_norms():
    model = bert(**SIZES, inner_units=12)
    call = tf.function(lambda ids: model({"pieces": ids}, training=False))
    graph = call.get_concrete_function(tf.TensorSpec([None, None], tf.int32)).graph
    kinds = [op.type for op in graph.get_operations()]
    assert kinds.count("Erf") == SIZES["layers"]
    assert "Erfc" not in kinds
    assert not [op for op in graph.get_operations() if op.type == "Reshape" and "norm" in op.name]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 33}, "`heads` must divide `units`"),
        ({"trainable_layers": 3}, "`trainable_layers` be 0 to `layers`"),
        ({"layers": 0}, "`layers` must be a whole number"),
        ({"pooling": "max"}, "`pooling` must be one of"),
        ({"activation": "gelu_new"}, "`activation` must be an activation"),
        ({"dropout": 1.0}, "`dropout` must be"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        bert(**{**SIZES, **arguments})
