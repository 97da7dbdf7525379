"""Which events are learned from, which choose the model and which score it."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from dlkit.data.events import Events
from dlkit.data.histories import Histories, histories_of
from dlkit.errors import InputError

Kind = Literal["time", "leave-one-out", "per-user", "users", "items"]

_LEARNED, _VALIDATION, _TEST = range(3)


class Cases(NamedTuple):
    """What a ranking is asked, and what would be right.

    Args:
        users: Numbers of the users, int64 `(cases,)`.
        given: What is known of each user.
        wanted: What they did afterwards, which is to be found.
        candidates: Numbers of the items that are ranked, int64; None ranks all that are not given.
    """

    users: np.ndarray
    given: Histories
    wanted: Histories
    candidates: np.ndarray | None


class EventSplit(NamedTuple):
    """Events in parts.

    Args:
        events: All of them, in the order of users and time.
        part: Of each event, int8 `(events,)`: 0 is learned from, 1 validates, 2 tests.
        known: Events that are known of a user without being learned from, bool `(events,)`.
        hidden: Items that validation and test rank among themselves; None where they rank all.
    """

    events: Events
    part: np.ndarray
    known: np.ndarray
    hidden: tuple[np.ndarray, np.ndarray] | None = None

    def training(self, *, with_validation: bool = False) -> Histories:
        """Returns what is learned from, a row for each user who has any."""
        rows = np.flatnonzero(self.part <= (_VALIDATION if with_validation else 0))
        return histories_of(self.events, rows, np.unique(self.events.users[rows]))

    def cases(self, part: Literal["validation", "test"]) -> Cases:
        """Returns what a part asks: users with something to find, and what is known of them."""
        number = _VALIDATION if part == "validation" else _TEST
        wanted = np.flatnonzero((self.part == number) & ~self.known)
        given = np.flatnonzero((self.part < number) | ((self.part == number) & self.known))
        users = np.unique(self.events.users[wanted])
        candidates = None if self.hidden is None else self.hidden[number - 1]
        return Cases(
            users,
            histories_of(self.events, given, users),
            histories_of(self.events, wanted, users),
            candidates,
        )


def split_events(
    events: Events, kind: Kind, *, items: int, validation: float, test: float, seed: int
) -> EventSplit:
    """Splits events.

    Args:
        events: In the order of users and time.
        kind: `time` tests on the newest events of all; `leave-one-out` on the last of each user
            (one at random where there are no times), and validates on the one before it;
            `per-user` on a share of each user's; `users` on users of whom nothing is learned, a
            fifth of whose events is to be found; `items` on items of which nothing is learned,
            ranked among themselves.
        items: Number of items.
        validation: Share that validates, of what the test leaves.
        test: Share that tests.
        seed: The same seed gives the same split.

    Returns:
        The parts.

    Raises:
        InputError: A part would be empty.
    """
    draw = np.random.default_rng(seed)
    part = np.zeros(len(events.users), np.int8)
    known = np.zeros(len(part), bool)
    hidden = None
    if kind == "time":
        part = _by_time(events, validation, test)
    elif kind == "leave-one-out":
        part = _last_ones(_rank(events, draw if events.times is None else None), bool(test))
    elif kind == "per-user":
        part = _shares(events, _rank(events, draw), validation, test, draw)
    elif kind == "users":
        part, known = _users(events, _rank(events, draw), validation, test, draw)
    else:
        of_item = _draw_parts(items, validation, test, draw)
        part = of_item[events.items]
        hidden = (np.flatnonzero(of_item == _VALIDATION), np.flatnonzero(of_item == _TEST))
    split = EventSplit(events, part, known, hidden)
    for name, number in (("validation", _VALIDATION), ("test", _TEST)):
        if (number == _VALIDATION or test) and not ((part == number) & ~known).any():
            msg = f"`--split {kind}` must leave events for {name}. Received: {len(part)} events, "
            raise InputError(f"{msg}which are too few. Add events, or take another split.")
    return split


def _rank(events: Events, draw: np.random.Generator | None) -> np.ndarray:
    """Returns the place of each event from the end of its user's, newest first or at random."""
    order = np.arange(len(events.users))
    if draw is not None:
        order = np.lexsort((draw.random(len(order)), events.users))
    ends = np.cumsum(np.bincount(events.users))
    rank = np.empty(len(order), np.int64)
    rank[order] = ends[events.users[order]] - 1 - np.arange(len(order))
    return rank


def _by_time(events: Events, validation: float, test: float) -> np.ndarray:
    if events.times is None:
        msg = "`--split time` needs `--time-column`. Received none. Name it, or split otherwise."
        raise InputError(msg)
    newest = np.quantile(events.times, [(1 - test) * (1 - validation), 1 - test])
    return (events.times[:, None] > newest).sum(1).astype(np.int8)


def _last_ones(rank: np.ndarray, tested: bool) -> np.ndarray:
    part = np.zeros(len(rank), np.int8)
    part[rank == 0] = _TEST if tested else _VALIDATION
    if tested:
        part[rank == 1] = _VALIDATION
    return part


def _shares(
    events: Events, rank: np.ndarray, validation: float, test: float, draw: np.random.Generator
) -> np.ndarray:
    totals = np.bincount(events.users)
    tested = np.where(totals > 1, np.maximum(1, np.rint(test * totals)), 0) if test else 0 * totals
    # a share of few events is a matter of chance, so that users with few of them validate too
    validated = np.floor(validation * (totals - tested) + draw.random(len(totals)))
    part = np.zeros(len(rank), np.int8)
    part[rank < (tested + validated)[events.users]] = _VALIDATION
    part[rank < tested[events.users]] = _TEST
    return part


def _users(
    events: Events, rank: np.ndarray, validation: float, test: float, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    part = _draw_parts(len(events.user_ids), validation, test, draw)[events.users]
    to_find = np.maximum(1, np.rint(0.2 * np.bincount(events.users)))
    return part, (part > 0) & (rank >= to_find[events.users])


def _draw_parts(
    total: int, validation: float, test: float, draw: np.random.Generator
) -> np.ndarray:
    part = np.zeros(total, np.int8)
    order = draw.permutation(total)
    tested = round(test * total)
    part[order[:tested]] = _TEST
    part[order[tested : tested + max(1, round(validation * (total - tested)))]] = _VALIDATION
    return part
