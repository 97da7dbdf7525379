import numpy as np

from dlkit.table.categories import Categories
from tests.contract import check_layer

COLORS = ["red", "blue", "red", "blue", "green", ""]
SIZES = ["red", "red", "红", "红", "", ""]


def adapted():
    layer = Categories(2)
    layer.adapt([COLORS, SIZES])
    return layer


def read(colors, sizes):
    return np.asarray(adapted()([np.array(colors, object), np.array(sizes, object)]))


def test_contract():
    check_layer(adapted, [np.array(COLORS), np.array(["red", "?", "", "a", "b", "c"])])


def test_each_category_of_each_column_has_an_id():
    ids = read(["red", "blue", "red"], ["red", "红", ""])
    assert ids[0, 0] == ids[2, 0]
    assert len({ids[0, 0], ids[1, 0], *ids[:, 1]}) == 5
    assert ids.min() > 2
    assert ids.max() < adapted().count == 1 + 2 + 2 + 3


def test_what_is_new_or_rare_is_not_known():
    assert read(["green", "", "new", "红"], ["blue", "green", "new", "x"]).tolist() == [[1, 2]] * 4


def test_space_around_a_category_does_not_count():
    np.testing.assert_array_equal(read([" red\n"], ["红 "]), read(["red"], ["红"]))
