import numpy as np
import pytest
import tensorflow as tf

from dlkit.text.normalization import normalize
from dlkit.text.segmentation import segment
from dlkit.text.subwords import subword_slots, subwords


def buckets_of(*texts: str, length: int = 10, buckets: int = 1 << 30) -> np.ndarray:
    characters = normalize(tf.constant(list(texts)), 512)
    return subwords(characters, segment(characters, 512), length=length, buckets=buckets).numpy()


@pytest.mark.parametrize(
    ("word", "count"),
    [("a", 1), ("ab", 2 + 1), ("abc", 3 + 2), ("abcdefgh", 8 + 7), ("abcdefghijkl", 8 + 7)],
)
def test_a_word_has_its_3_and_4_grams_with_boundaries(word, count):
    (ids,) = buckets_of(word)
    assert len(ids) == subword_slots(10) == 15
    assert (ids > 0).sum() == count == len(np.unique(ids[ids > 0]))


def test_equal_pieces_have_equal_buckets():
    whole, middle, end = buckets_of("stable", "xtabx", "able")
    assert whole[2] == middle[2]  # "tab": 3-grams begin with the boundary
    assert whole[5] == end[3]  # "le" and the end of the word
    assert not set(whole[8:][whole[8:] > 0]) & set(whole[:8])  # 4-grams and 3-grams


def test_neighbours_of_a_word_do_not_matter():
    alone = buckets_of("parcel")[0]
    np.testing.assert_array_equal(buckets_of("(parcel)我", "x parcel")[1], alone)
    np.testing.assert_array_equal(buckets_of("(parcel)我", "x parcel")[-1], alone)


@pytest.mark.parametrize("buckets", [1, 7, 64, 1000])
def test_buckets_stay_within_their_number(buckets):
    ids = buckets_of("where is my parcel 我的包裹在哪里", buckets=buckets)
    assert ids.min() == 0
    assert 1 <= ids.max() <= buckets


def test_the_shortest_length():
    assert buckets_of("ab parcel", length=4).shape == (2, 3)
