import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dlkit.data.splits import group_split, random_split, time_split
from dlkit.errors import InputError

FRACTIONS = st.sampled_from([0, 0.1, 0.2, 0.4])
BOTH = {"validation": 0.1, "test": 0.2}


def assert_complete(split, rows):
    for part in split:
        assert part.dtype == np.int64
        assert (np.diff(part) > 0).all()
    assert sorted(np.concatenate(split)) == list(range(rows))
    assert len(split.train)


def split_or_refuse(splitter, *args, **kwargs):
    try:
        return splitter(*args, **kwargs)
    except InputError as error:
        assert "are too few for training" in str(error)  # noqa: PT017 - small draws may be refused


@settings(max_examples=60, deadline=None)
@given(
    heads=st.integers(1, 60).flatmap(
        lambda rows: st.lists(
            st.lists(st.sampled_from([None, "a", "b", "c", "d"]), min_size=rows, max_size=rows),
            min_size=1,
            max_size=3,
        )
    ),
    validation=FRACTIONS,
    test=FRACTIONS,
    seed=st.integers(0, 9),
)
def test_random_split_is_complete_and_trains_every_class(heads, validation, test, seed):
    options = {"validation": validation, "test": test, "seed": seed}
    split = split_or_refuse(random_split, heads, **options)
    if split is None:
        assert len(heads[0]) < 20
        return
    assert_complete(split, len(heads[0]))
    assert bool(len(split.validation)) == bool(validation)
    assert bool(len(split.test)) == bool(test)
    for head in heads:
        assert {head[i] for i in split.train} == set(head)
    again = random_split(heads, **options)
    assert all(np.array_equal(one, other) for one, other in zip(split, again, strict=True))


def test_random_split_keeps_shares_of_combinations():
    topic = np.repeat(["a", "a", "b", "b"], [40, 60, 80, 20])
    mood = np.repeat(["+", "-", "+", "-"], [40, 60, 80, 20])
    split = random_split([topic, mood], **BOTH, seed=1)
    for part, share in zip(split, [0.7, 0.1, 0.2], strict=True):
        counts = np.unique([topic[part], mood[part]], axis=1, return_counts=True)[1]
        np.testing.assert_array_equal(counts, np.array([40, 60, 80, 20]) * share)


def test_random_split_falls_back_to_the_first_label():
    topic = np.repeat(["a", "b"], [90, 10])
    mood = np.repeat(np.arange(50), 2)[np.random.default_rng(0).permutation(100)]
    split = random_split([topic, mood], validation=0, test=0.2, seed=0)
    assert 1 <= np.sum(topic[split.test] == "b") <= 3


def test_seeds_differ():
    labels = [["a", "b"] * 50]
    tests = [random_split(labels, **BOTH, seed=seed).test.tolist() for seed in range(3)]
    assert tests[0] != tests[1] != tests[2]


@settings(max_examples=60, deadline=None)
@given(
    groups=st.lists(st.sampled_from([None, *"abcdefghij"]), min_size=1, max_size=60),
    validation=FRACTIONS,
    test=FRACTIONS,
    seed=st.integers(0, 9),
)
def test_group_split_never_divides_a_group(groups, validation, test, seed):
    split = split_or_refuse(group_split, groups, validation=validation, test=test, seed=seed)
    if split is None:
        return
    assert_complete(split, len(groups))
    sides = [{groups[i] for i in part} - {None} for part in split]
    assert sum(map(len, sides)) == len(set(groups) - {None})
    again = group_split(groups, validation=validation, test=test, seed=seed)
    assert all(np.array_equal(one, other) for one, other in zip(split, again, strict=True))


def test_group_split_comes_near_the_share_of_rows():
    groups = np.repeat(np.arange(40), np.arange(1, 41))
    split = group_split(groups, validation=0, test=0.25, seed=3)
    assert abs(len(split.test) / len(groups) - 0.25) < 0.03


@settings(max_examples=60, deadline=None)
@given(
    days=st.lists(st.integers(1, 28), min_size=1, max_size=60), validation=FRACTIONS, test=FRACTIONS
)
def test_time_split_is_in_order_and_keeps_equal_times_together(days, validation, test):
    times = [f"2024-02-{day:02}T10:00:00Z" for day in days]
    split = split_or_refuse(time_split, times, validation=validation, test=test)
    if split is None:
        assert len(set(days)) < 3
        return
    assert_complete(split, len(days))
    train, *later = ([days[i] for i in part] for part in split)
    for part in later:
        if part:
            assert max(train) < min(part)
            train = part


def test_time_split_takes_the_newest_rows():
    times = [f"2024-01-{day:02}" for day in range(10, 0, -1)]
    split = time_split(times, validation=0.2, test=0.3)
    assert [part.tolist() for part in split] == [[5, 6, 7, 8, 9], [3, 4], [0, 1, 2]]


def test_time_split_knows_zones():
    times = ["2024-01-01T09:00+08:00", "2024-01-01T02:00Z", "2024-01-01 01:30:00"]
    split = time_split(times, validation=0.3, test=0.3)
    assert [part.tolist() for part in split] == [[0], [2], [1]]


@pytest.mark.parametrize(
    ("validation", "test", "message"),
    [
        (-0.1, 0.2, "`validation`: a fraction must be at least 0 and below 1, but is -0.1; take"),
        (0.1, 1, "`test`: a fraction must be at least 0 and below 1, but is 1"),
        (float("nan"), 0.1, "`validation`: .* but is nan"),
        (0.5, 0.5, "must leave rows to train on, but 0.5 [+] 0.5 is 1 or more; make them smaller"),
    ],
)
@pytest.mark.parametrize(
    "splitter",
    [
        lambda **fractions: random_split([["a"] * 9], **fractions, seed=0),
        lambda **fractions: group_split(range(9), **fractions, seed=0),
        lambda **fractions: time_split(["2024-01-01"] * 9, **fractions),
    ],
)
def test_bad_fractions(splitter, validation, test, message):
    with pytest.raises(InputError, match=message):
        splitter(validation=validation, test=test)


def test_too_few():
    with pytest.raises(InputError, match="every part must have rows, but 2 rows are too few"):
        random_split([["a", "b"]], **BOTH, seed=0)
    with pytest.raises(InputError, match="but 2 groups are too few"):
        group_split(["a", "b", "a"], **BOTH, seed=0)
    with pytest.raises(InputError, match="but 2 times are too few"):
        time_split(["2024-01-01", "2024-01-02", "2024-01-01"], **BOTH)
    with pytest.raises(InputError, match="but 0 rows are too few"):
        random_split([[]], **BOTH, seed=0)
    with pytest.raises(InputError, match="but 0 times are too few"):
        time_split([], **BOTH)


@pytest.mark.parametrize(
    ("value", "got"), [(None, "nothing"), ("", "``"), ("yesterday", "`yesterday`"), ("2024", "`2")]
)
def test_bad_times(value, got):
    with pytest.raises(InputError, match=f"must be ISO 8601 such as .*, but row 2 has {got}"):
        time_split(["2024-01-01", value], **BOTH)
