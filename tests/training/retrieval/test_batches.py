import numpy as np

from dlkit.data.histories import histories_of_lists
from dlkit.training.retrieval.batches import case_batches, epoch_batches

LISTS = [[1, 2, 3], [4], [5, 6], [7, 8, 9, 10], []]
OPTIONS = {"batch_size": 2, "longest": 3, "seed": 0}


def batches(**options):
    return list(epoch_batches(histories_of_lists(LISTS), **OPTIONS, **options))


def test_sets_are_parted():
    found = set()
    for epoch in range(20):
        for batch in batches(in_order=False, epoch=epoch):
            for given, wanted in zip(batch["history"], batch["targets"], strict=True):
                parts = [set((row[row > 0] - 1).tolist()) for row in (given, wanted)]
                assert all(parts), "something is given, something is to be found"
                assert not parts[0] & parts[1]
                assert any(parts[0] | parts[1] <= set(row) for row in LISTS)
                found.add((tuple(sorted(parts[0])), tuple(sorted(parts[1]))))
    assert len(found) > 12, "the parts are others each time"


def test_each_step_of_a_sequence_has_the_next_one_to_find():
    rows = {}
    for batch in batches(in_order=True, epoch=0):
        for history, targets in zip(batch["history"], batch["targets"], strict=True):
            rows[tuple(history[history > 0] - 1)] = targets[targets > 0] - 1
            assert ((history > 0) == (targets > 0)).all()
    assert {key: row.tolist() for key, row in rows.items()} == {
        (1, 2): [2, 3],
        (5,): [6],
        (7, 8, 9): [8, 9, 10],
    }


def test_an_epoch_depends_on_its_number_alone():
    one, same, other = (batches(in_order=False, epoch=epoch) for epoch in (3, 3, 4))
    assert all(
        (a["history"].shape == b["history"].shape and (a["history"] == b["history"]).all())
        for a, b in zip(one, same, strict=True)
    )
    assert any(
        not np.array_equal(a["history"], b["history"]) for a, b in zip(one, other, strict=True)
    )


def test_cases():
    given, wanted = histories_of_lists([[1, 2], []]), histories_of_lists([[3], [4, 5]])
    options = {"batch_size": 2, "longest": 3}
    [batch] = case_batches(given, wanted, in_order=False, **options)
    assert batch["targets"].tolist() == [[0, 4], [5, 6]]
    [batch] = case_batches(given, wanted, in_order=True, **options)
    assert batch["history"].tolist() == [[2, 3], [0, 0]]
    assert batch["targets"].tolist() == [[0, 4], [0, 5]]
