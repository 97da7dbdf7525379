import numpy as np

from dlkit.text.vocabulary import DocumentCounts


def counted(*texts: list[int], limit: int = 100) -> DocumentCounts:
    counts = DocumentCounts(limit)
    for row, hashes in enumerate(texts):
        counts.add(np.full(len(hashes), row), np.array(hashes, np.int64))
        if row % 2:
            counts.merge()
    counts.merge()
    return counts


def test_a_hash_counts_once_in_a_text():
    counts = counted([5, 5, 7], [7, -3], [5], [])
    assert dict(zip(counts.hashes.tolist(), counts.counts.tolist(), strict=True)) == {
        -3: 1,
        5: 2,
        7: 2,
    }


def test_texts_of_one_batch_are_kept_apart():
    counts = DocumentCounts()
    counts.add(np.array([0, 0, 1, 1]), np.array([4, 4, 4, 6]))
    counts.merge()
    assert counts.hashes.tolist() == [4, 6]
    assert counts.counts.tolist() == [2, 1]


def test_floor_and_limit():
    counts = counted([1, 2, 3], [2, 3], [3])
    assert [array.tolist() for array in counts.most_frequent(10, 2)] == [[2, 3], [2, 3]]
    assert [array.tolist() for array in counts.most_frequent(1, 1)] == [[3], [3]]
    assert [array.tolist() for array in counts.most_frequent(10, 4)] == [[], []]


def test_rare_hashes_are_forgotten_above_the_limit():
    assert counted([1, 2, 3, 4], [2], limit=3).hashes.tolist() == [2]


def test_nothing_to_count():
    counts = DocumentCounts()
    counts.merge()
    assert counts.most_frequent(10, 1)[0].shape == (0,)
