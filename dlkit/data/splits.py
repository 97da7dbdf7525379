"""Which rows train, which choose the model and which score it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedShuffleSplit

from dlkit.errors import InputError

_DRAWS = 16


class Split(NamedTuple):
    """Row positions of the three parts: disjoint, complete, each in rising order.

    Args:
        train: int64 array (train_rows,).
        validation: int64 array (validation_rows,), empty if its fraction is 0.
        test: int64 array (test_rows,), empty if its fraction is 0.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def random_split(
    labels: Sequence[Iterable[Any]], *, validation: float, test: float, seed: int
) -> Split:
    """Splits at random, with the same share of each class in every part.

    Rows are stratified by the combination of their labels; a combination too rare for that by
    its first label, a label too rare by nothing. Each class of each head keeps a training row.

    Args:
        labels: one array (rows,) a head, null where a row has no label. Rows without classes
            take one array of equal values.
        validation: fraction of the rows, 0 for none.
        test: fraction of the rows, 0 for none.
        seed: the same seed gives the same split.

    Returns:
        The three parts.

    Raises:
        InputError: the fractions are no fractions, or the rows are too few.

    Example:
        >>> parts = random_split([["a", "b"] * 50], validation=0.1, test=0.2, seed=0)
        >>> [len(part) for part in parts]
        [70, 10, 20]
    """
    codes = np.stack([_codes(head) for head in labels], axis=1)  # (rows, heads)
    rows = len(codes)
    _check_fractions(validation, test)
    wanted = {name: _size(share, rows) for name, share in _parts(validation, test)}
    _check_enough(rows - sum(wanted.values()), "rows", rows)
    part = np.zeros(rows, np.int8)
    for number, name in enumerate(wanted, 1):
        left = np.flatnonzero(part == 0)
        part[left[_draw(codes[left], wanted[name], seed + number)]] = number
    _keep_classes(codes, part)
    return _split(part, list(wanted), "rows")


def group_split(groups: Iterable[Any], *, validation: float, test: float, seed: int) -> Split:
    """Splits at random so that no group, such as a user, is in two parts.

    Args:
        groups: the group of each row, (rows,); a row with null is a group of its own.
        validation: fraction of the groups, 0 for none; the draw is the one of several whose
            share of the rows comes closest to it too.
        test: fraction of the groups, 0 for none.
        seed: the same seed gives the same split.

    Returns:
        The three parts.

    Raises:
        InputError: the fractions are no fractions, or the groups are too few.
    """
    names = [_plain(group) for group in groups]
    keys = [(i, None) if name is None else (-1, name) for i, name in enumerate(names)]
    numbers = {key: number for number, key in enumerate(dict.fromkeys(keys))}
    codes = np.array([numbers[key] for key in keys], np.int64)
    _check_fractions(validation, test)
    wanted = {name: (_size(share, len(numbers)), share) for name, share in _parts(validation, test)}
    _check_enough(len(numbers) - sum(size for size, _ in wanted.values()), "groups", len(numbers))
    part = np.zeros(len(codes), np.int8)
    for number, (size, share) in enumerate(wanted.values(), 1):
        left = np.flatnonzero(part == 0)
        splitter = GroupShuffleSplit(_DRAWS, test_size=size, random_state=seed + number)
        draws = [drawn for _, drawn in splitter.split(left, groups=codes[left])]
        best = min(draws, key=lambda drawn: abs(len(drawn) - share * len(codes)))
        part[left[best]] = number
    return _split(part, list(wanted), "groups")


def time_split(times: Iterable[Any], *, validation: float, test: float) -> Split:
    """Splits by time: the newest rows test, those before them validate, the oldest train.

    Args:
        times: ISO 8601 strings, (rows,), such as "2024-05-01" or "2024-05-01T08:00:00+08:00";
            without a zone they count as UTC.
        validation: fraction of the rows, 0 for none; a border moves to the nearest place where
            the time changes, so equal times stay together.
        test: fraction of the rows, 0 for none.

    Returns:
        The three parts.

    Raises:
        InputError: the fractions are no fractions, a value is no time, or the times are too few.
    """
    found = moments(times)
    _check_fractions(validation, test)
    parts = _parts(validation, test)
    order = np.argsort(found, kind="stable")
    rows = len(found)
    borders = np.flatnonzero(np.diff(found[order])) + 1  # where a new time begins
    _check_enough(len(borders) + (rows > 0) - len(parts), "times", len(borders) + (rows > 0))
    part = np.zeros(rows, np.int8)
    stop, share = rows, 0.0
    for number, (_, fraction) in enumerate(parts, 1):
        share += fraction
        free = borders[len(parts) - number : np.searchsorted(borders, stop)]
        start = int(free[np.argmin(np.abs(free - (1 - share) * rows))])
        part[order[start:stop]] = number
        stop = start
    return _split(part, [name for name, _ in parts], "times")


def moments(times: Iterable[Any]) -> np.ndarray:
    """Reads times.

    Args:
        times: ISO 8601 strings, (rows,); without a zone they count as UTC.

    Returns:
        int64 array (rows,) of microseconds since 1970.

    Raises:
        InputError: a value is no time.
    """
    return np.array([_moment(time, row) for row, time in enumerate(times, 1)], np.int64)


def _check_fractions(validation: float, test: float) -> None:
    for name, value in (("validation", validation), ("test", test)):
        if not 0 <= value < 1:
            raise InputError(
                f"`{name}`: a fraction must be at least 0 and below 1, but is {value}; "
                "take one such as 0.1."
            )
    if validation + test >= 1:
        raise InputError(
            f"`validation` and `test` must leave rows to train on, but {validation} + {test} is "
            "1 or more; make them smaller."
        )


def _check_enough(left: int, noun: str, total: int) -> None:
    if left < 1:
        raise InputError(
            f"`data`: every part must have {noun}, but {total} {noun} are too few for training, "
            "validation and test; add data or set a fraction to 0."
        )


def _parts(validation: float, test: float) -> list[tuple[str, float]]:
    """The parts to take out, in the order of taking."""
    return [(name, share) for name, share in (("test", test), ("validation", validation)) if share]


def _size(share: float, total: int) -> int:
    return max(1, round(share * total))


def _draw(codes: np.ndarray, size: int, seed: int) -> np.ndarray:
    """Positions (size,) out of codes (rows, heads)."""
    for strata in (_strata(codes), _strata(codes[:, :1])):
        if len(np.unique(strata)) <= min(size, len(codes) - size):
            splitter = StratifiedShuffleSplit(1, test_size=size, random_state=seed)
            return next(splitter.split(codes, strata))[1]
    return next(ShuffleSplit(1, test_size=size, random_state=seed).split(codes))[1]


def _strata(codes: np.ndarray) -> np.ndarray:
    """A stratum for each row, (rows,), none of them of a single row."""
    strata = codes[:, 0]
    for head in codes.T[1:]:
        strata = np.unique(strata * (head.max() + 1) + head, return_inverse=True)[1]
    first = codes[:, 0] + strata.max() + 1
    for coarser in (first, np.full_like(strata, -1)):
        sizes = np.bincount(strata - strata.min(), minlength=1)
        alone = sizes[strata - strata.min()] == 1
        strata = np.where(alone, coarser, strata)
    names, sizes = np.unique(strata, return_counts=True)
    return np.where(np.isin(strata, names[sizes == 1]), names[np.argmax(sizes)], strata)


def _keep_classes(codes: np.ndarray, part: np.ndarray) -> None:
    """Moves a row to training, in place, for each class that has none there."""
    for head in codes.T:
        for label in np.setdiff1d(head, head[part == 0]):
            part[np.flatnonzero(head == label)[0]] = 0


def _split(part: np.ndarray, names: list[str], noun: str) -> Split:
    found = {name: np.flatnonzero(part == number) for number, name in enumerate(names, 1)}
    for rows in found.values():
        _check_enough(len(rows), noun, len(part))
    empty = np.empty(0, np.int64)
    train = np.flatnonzero(part == 0)
    return Split(train, found.get("validation", empty), found.get("test", empty))


def _codes(labels: Iterable[Any]) -> np.ndarray:
    names = [_plain(label) for label in labels]
    numbers = {name: number for number, name in enumerate(sorted(set(names), key=str))}
    return np.array([numbers[name] for name in names], np.int64)


def _plain(value: Any) -> str | None:
    value = value.as_py() if hasattr(value, "as_py") else value
    return None if value is None else str(value)


def _moment(time: Any, row: int) -> int:
    """Microseconds since 1970."""
    text = _plain(time)
    try:
        moment = datetime.datetime.fromisoformat(text or "")
    except ValueError as error:
        got = "nothing" if text is None else f"`{text[:60]}`"
        raise InputError(
            f"`times`: every time must be ISO 8601 such as 2024-05-01T08:00:00, but row {row} has "
            f"{got}; correct or remove it."
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    start = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (moment - start) // datetime.timedelta(microseconds=1)
