import numpy as np
import pytest

from dlkit.errors import InputError
from dlkit.networks.quantized_embedding import QuantizedEmbedding
from dlkit.networks.sentence_encoder import (
    BeforePadding,
    HideSteps,
    SplitChannels,
    TimesRootOfLength,
    sentence_encoder,
)
from tests.contract import check_layer, check_network

IDS = np.array([[1, 5, 0, 2, 0], [1, 2, 0, 0, 0], [1, 7, 8, 9, 2]], "int32")
VALID = np.array([[True, True, False], [True, False, False]])
SIZES = {"vocabulary_size": 11, "units": 8, "orders": (1, 2), "filters": 4, "hidden_units": 6}
NORMS = 2 * 8 + 2 * (8 + 8)
CONVOLUTIONS = 2 * (4 * 4 + 4) + 2 * (2 * 4 * 4 + 4)
RESIDUAL = (8 * 6 + 6 * 6 + 8 * 6) + (6 * 8 + 8 * 8 + 6 * 8)
TABLE = 11 * 8 + 2 * 11
TRAINED = (8 * 8 + 8) + NORMS + CONVOLUTIONS + (16 * 8 + 8) + RESIDUAL


def test_contract():
    check_network(
        sentence_encoder, **SIZES, inputs={"pieces": IDS}, expected_parameters=TABLE + TRAINED
    )


def test_contract_of_layers():
    steps = np.ones((2, 3, 4), "float32")
    check_layer(lambda: QuantizedEmbedding(11, 3), IDS)
    check_layer(BeforePadding, IDS)
    check_layer(HideSteps, (steps, VALID))
    check_layer(lambda: SplitChannels(2), steps)
    check_layer(TimesRootOfLength, (steps[:, 0], VALID))


def test_vectors_are_bytes_with_a_scale_and_an_offset():
    layer = QuantizedEmbedding(2, 3)
    layer.build((None,))
    table = np.array([[0, 1, 2], [255, 0, 7]], "uint8")
    layer.set_weights([table, np.array([[0.5], [2.0]]), np.array([[-1.0], [3.0]])])
    assert layer.table.dtype == "uint8"
    assert not layer.trainable_weights
    np.testing.assert_array_equal(layer(np.array([[1, 0]])), [[[513, 3, 17], [-1, -0.5, 0]]])


def test_zeros_before_the_last_id_are_steps():
    valid = BeforePadding()(IDS)
    assert np.sum(valid, 1).tolist() == [4, 2, 5]
    assert np.asarray(BeforePadding()(np.zeros((1, 3), "int32"))).tolist() == [[True, False, False]]


def test_padding_changes_nothing_and_an_unknown_piece_does():
    model = sentence_encoder(**SIZES)
    padded = np.asarray(model({"pieces": IDS}))
    np.testing.assert_allclose(padded[:1], model({"pieces": IDS[:1, :4]}), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(padded, axis=1), 1, atol=1e-5)


def test_everything_but_the_table_learns():
    model = sentence_encoder(**SIZES)
    assert sum(np.prod(weight.shape) for weight in model.trainable_weights) == TRAINED


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "`units` must be a whole number"),
        ({"orders": ()}, "`orders` must be several whole numbers"),
        ({"dropout": 1.0}, "`dropout` must be"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(InputError, match=message):
        sentence_encoder(**{**SIZES, **arguments})
