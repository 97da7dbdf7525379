import numpy as np
import pytest

from dlkit.data.event_splits import split_events
from dlkit.data.events import Events
from dlkit.errors import InputError

USERS, EACH, ITEMS = 40, 10, 30


def events(times=True):
    draw = np.random.default_rng(0)
    users = np.repeat(np.arange(USERS), EACH)
    items = np.concatenate([draw.permutation(ITEMS)[:EACH] for _ in range(USERS)])
    when = np.sort(draw.random((USERS, EACH)), axis=1).ravel() if times else None
    names = [str(user) for user in range(USERS)]
    return Events(users, items, np.ones(len(users), np.float32), when, names)


def split(kind, **changes):
    options = {"items": ITEMS, "validation": 0.1, "test": 0.2, "seed": 0, **changes}
    return split_events(events(), kind, **options)


@pytest.mark.parametrize("kind", ["time", "leave-one-out", "per-user", "users", "items"])
def test_what_is_wanted_is_neither_given_nor_learned(kind):
    parts = split(kind)
    for name in ("validation", "test"):
        cases = parts.cases(name)
        given, wanted = cases.given.matrix(ITEMS), cases.wanted.matrix(ITEMS)
        assert len(cases.users) == given.shape[0] > 0
        assert given.multiply(wanted).nnz == 0
        assert (cases.wanted.lengths > 0).all()
        learned = parts.training(with_validation=name == "test")
        assert len(learned.items) + len(cases.wanted.items) <= USERS * EACH


def test_the_last_event_of_each_user_tests():
    cases = split("leave-one-out").cases("test")
    assert cases.wanted.items.tolist() == events().items[EACH - 1 :: EACH].tolist()
    assert cases.given.lengths.tolist() == [EACH - 1] * USERS


def test_the_newest_events_test():
    parts = split("time")
    times = parts.events.times
    assert times[parts.part == 2].min() > times[parts.part == 1].max()
    assert times[parts.part == 1].min() > times[parts.part == 0].max()
    assert (parts.part == 2).mean() == pytest.approx(0.2, abs=0.01)


def test_a_share_of_each_user_tests():
    parts = split("per-user")
    assert np.bincount(parts.events.users[parts.part == 2]).tolist() == [2] * USERS
    assert (parts.part == 1).sum() == pytest.approx(0.1 * 8 * USERS, rel=0.3)


def test_nothing_is_learned_of_users_that_test():
    parts = split("users")
    cases = parts.cases("test")
    assert len(cases.users) == 8
    assert cases.wanted.lengths.tolist() == [2] * 8
    learned = np.unique(parts.events.users[parts.part == 0])
    assert not np.intersect1d(learned, cases.users).size


def test_nothing_is_learned_of_items_that_test():
    parts = split("items")
    cases = parts.cases("test")
    assert len(cases.candidates) == 6
    assert np.isin(cases.wanted.items, cases.candidates).all()
    assert not np.isin(parts.training(with_validation=True).items, cases.candidates).any()


def test_the_seed_decides():
    assert (split("per-user").part == split("per-user").part).all()
    assert (split("per-user").part != split("per-user", seed=1).part).any()


def test_times_are_needed_for_a_split_by_time():
    with pytest.raises(InputError, match=r"`--split time` needs `--time-column`"):
        split_events(events(times=False), "time", items=ITEMS, validation=0.1, test=0.1, seed=0)
