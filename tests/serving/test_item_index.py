import sys

import numpy as np
import pytest

from dlkit.errors import InputError
from dlkit.serving.item_index import ItemIndex

AT = 20


@pytest.fixture(scope="module")
def vectors():
    draw = np.random.default_rng(0)
    centres = draw.normal(size=(60, 16))[draw.integers(60, size=3000)]
    return (centres + 0.5 * draw.normal(size=centres.shape)).astype(np.float32)


def recall(index, vectors, queries):
    exact = np.argsort(-(queries @ vectors.T), axis=1)[:, :AT]
    found = index.find(queries, AT)
    return np.mean([len({*a} & {*b}) / AT for a, b in zip(exact, found, strict=True)])


def test_the_best_are_found_as_often_as_asked(vectors):
    index = ItemIndex(16)
    index.add(vectors)
    found = index.widen(vectors, vectors[:100], at=AT, least=0.95)
    assert found >= 0.95
    assert recall(index, vectors, vectors[:100]) == pytest.approx(found)
    assert recall(index, vectors, vectors[100:300]) > 0.9


def test_new_items_are_added_to_an_index_that_was_written(vectors, tmp_path):
    index = ItemIndex(16)
    index.add(vectors[:2000])
    index.save(tmp_path / "items.hnsw")
    again = ItemIndex.load(tmp_path / "items.hnsw", 16)
    np.testing.assert_array_equal(again.find(vectors[:5], AT), index.find(vectors[:5], AT))
    query = 3 * vectors[2500:2501]
    assert 2500 not in again.find(query, AT)
    again.add(10 * vectors[2500:2501])
    assert len(again) == 2001
    assert again.find(query, AT)[0, 0] == 2000


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "hnswlib", None)
    with pytest.raises(InputError, match=r'pip install "dlkit\[index\]"'):
        ItemIndex(4)
