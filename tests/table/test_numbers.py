import keras
import numpy as np
import pytest

from dlkit.table.numbers import Numbers
from tests.contract import check_layer

NAN = np.nan
ROWS = np.array([[1, 5, 0], [2, NAN, 1], [3, 5, 0], [4, 9, 1], [100, 7, 0]], "float32")


def adapted(bins=4):
    layer = Numbers(bins=bins)
    layer.adapt(ROWS)
    return layer


def columns(rows):
    return [column.copy() for column in np.asarray(rows, "float32").T]


def test_contract():
    check_layer(adapted, [*columns(ROWS)])


def test_the_median_is_zero_and_outliers_are_drawn_in():
    linear = np.asarray(adapted()(columns([[3, 7, 0], [4, 7, 0], [1e9, 7, 0]]))["linear"])
    assert linear[0, 0] == 0
    assert linear[1, 0] == pytest.approx(1 / (2 / 1.349), rel=0.05)
    assert linear[2, 0] == pytest.approx(4.0, rel=1e-3)


def test_bins_fill_up_from_the_left():
    layer = Numbers(bins=4)
    layer.adapt(np.arange(9, dtype="float32")[:, None])  # borders 0, 2, 4, 6, 8
    bins = np.asarray(layer(columns([[-5], [3], [8], [99]]))["bins"]) + 0.5
    np.testing.assert_allclose(bins, [[0, 0, 0, 0], [1, 0.5, 0, 0], [1] * 4, [1] * 4])


def test_gaps_count_as_the_median_and_are_marked_where_training_had_them():
    layer = adapted()
    assert layer.linear_count == 3 + 1
    one, other = layer(columns([[3, NAN, NAN]])), layer(columns([[3, 6, 0]]))
    np.testing.assert_array_equal(one["bins"], other["bins"])
    np.testing.assert_array_equal(one["linear"][0, :3], other["linear"][0, :3])
    assert (one["linear"][0, 3], other["linear"][0, 3]) == (1, 0)


def test_two_values_are_a_line_already():
    layer = Numbers()
    layer.adapt(np.array([[0, 7], [1, 7], [0, 7]], "float32"))
    assert layer.bin_count == 0
    linear = np.asarray(layer(columns([[0, 7], [1, 7]]))["linear"])
    assert linear[0, 0] < linear[1, 0]
    assert (linear[:, 1] == 0).all()


def test_a_column_without_any_number():
    layer = Numbers()
    layer.adapt(np.array([[NAN], [NAN]], "float32"))
    assert np.isfinite(layer(columns([[5], [NAN]]))["linear"]).all()


def test_a_dense_part_may_stand_beside_columns():
    layer = adapted()
    whole = layer(columns(ROWS))
    parts = layer([ROWS[:, 0], ROWS[:, 1:]])
    for name in whole:
        np.testing.assert_array_equal(whole[name], parts[name])


def test_the_symbolic_sizes_are_the_real_ones():
    layer = adapted()
    symbols = layer([keras.Input(()) for _ in range(3)])
    real = layer(columns(ROWS))
    assert {k: v.shape[1] for k, v in symbols.items()} == {k: v.shape[1] for k, v in real.items()}
