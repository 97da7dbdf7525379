"""What users did with items: read, weighted, each pair of them once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlkit.data.items import Items, item_numbers
from dlkit.data.messages import closest, count, shown
from dlkit.data.tables import read_tables
from dlkit.data.validation import check_numbers
from dlkit.errors import InputError


class Events(NamedTuple):
    """Events in the order of users and, within a user, of time; at one time, of their rows.

    Args:
        users: Numbers, int64 `(events,)`.
        items: Numbers, int64 `(events,)`.
        weights: How much each counts, float32 `(events,)`.
        times: Seconds, float64 `(events,)`; None where no column holds them.
        user_ids: The name of each user, in the order of their numbers.
    """

    users: np.ndarray
    items: np.ndarray
    weights: np.ndarray
    times: np.ndarray | None
    user_ids: list[str]

    def take(self, rows: np.ndarray) -> Events:
        """Returns some events; users keep their numbers."""
        times = None if self.times is None else self.times[rows]
        kept = (self.users[rows], self.items[rows], self.weights[rows])
        return Events(*kept, times, self.user_ids)


class EventColumns(NamedTuple):
    """Names of the columns of events; those that are None are not read."""

    user: str
    item: str
    rating: str | None = None
    kind: str | None = None
    time: str | None = None


def read_events(
    sources: Sequence[str | Path],
    items: Items,
    columns: EventColumns,
    *,
    min_rating: float | None = None,
    kind_weights: Mapping[str, float] | None = None,
) -> tuple[Events, list[str]]:
    """Reads events; what a user did with an item several times counts once, at its most.

    Args:
        sources: Files, or `tfds:` names.
        items: What events may be with.
        columns: Names of the columns.
        min_rating: Events with a lower rating are left out.
        kind_weights: How much an event of each kind counts; other kinds are an error.

    Returns:
        The events, and sentences about what was left out.

    Raises:
        InputError: A file cannot be read, or a rating, kind or time is wrong.
    """
    wanted = {name: column for name, column in columns._asdict().items() if column is not None}
    table = read_tables(sources, wanted)
    notes, rows = [], len(table)
    weights = np.ones(rows, np.float32)
    if columns.kind is not None:
        weights = _kind_weights(table, kind_weights or {})
    numbers = item_numbers(items, table["item"])
    keep = numbers >= 0
    if dropped := rows - int(keep.sum()):
        name = table["item"][int(np.argmin(keep))].as_py()
        notes.append(f"{count(dropped, 'event')} with unknown items left out, such as {name!r}.")
    if columns.rating is not None and min_rating is not None:
        high = _numbers(table, "rating") >= min_rating
        notes.append(f"{count(int((keep & ~high).sum()), 'event')} rated below {min_rating:g}.")
        keep &= high
    times = _times(table) if columns.time is not None else None
    if not keep.any():
        raise InputError(
            f"`--events` must have events with known items. Received: {count(rows, 'event')}, "
            "none of them such. Check `--item-column` and `--min-rating`."
        )
    user_ids = pc.unique(table["user"].filter(pa.array(keep))).to_pylist()
    users = np.asarray(pc.index_in(table["user"], pa.array(user_ids)).filter(pa.array(keep)))
    kept = Events(
        users.astype(np.int64),
        numbers[keep],
        weights[keep],
        None if times is None else times[keep],
        user_ids,
    )
    once = _once(kept)
    if repeated := len(kept.users) - len(once.users):
        notes.append(f"{count(repeated, 'event')} left out that repeat a user and an item.")
    return once, notes


def k_core(events: Events, *, user_events: int, item_events: int) -> tuple[Events, str]:
    """Leaves out users and items with too few events, until all that are left have enough.

    Args:
        events: Events.
        user_events: Fewest events of a user.
        item_events: Fewest events of an item.

    Returns:
        The events that are left, with users numbered anew, and a sentence about it.

    Raises:
        InputError: Nothing is left.
    """
    kept = events
    while True:
        of_user = np.bincount(kept.users)[kept.users]
        of_item = np.bincount(kept.items)[kept.items]
        enough = (of_user >= user_events) & (of_item >= item_events)
        if enough.all():
            break
        kept = kept.take(np.flatnonzero(enough))
    if not len(kept.users):
        msg = "`--min-user-events` and `--min-item-events` must leave events. Received: "
        raise InputError(f"{msg}{user_events} and {item_events}, which leave none. Lower them.")
    names, users = np.unique(kept.users, return_inverse=True)
    kept = kept._replace(users=users, user_ids=[kept.user_ids[user] for user in names])
    note = (
        f"{count(len(kept.users), 'event')} of {count(len(names), 'user')} with "
        f"{count(len(np.unique(kept.items)), 'item')}: each user has {user_events} or more of "
        f"them, each item {item_events} or more."
    )
    return kept, note


def _once(events: Events) -> Events:
    """Keeps the newest event of each user and item, with the highest of their weights."""
    newest = np.zeros(len(events.users)) if events.times is None else events.times
    order = np.lexsort((newest, events.items, events.users))
    pairs = np.stack([events.users[order], events.items[order]])
    starts = np.flatnonzero(np.append(True, (np.diff(pairs) != 0).any(0)))
    last = order[np.append(starts[1:], len(order)) - 1]
    highest = np.maximum.reduceat(events.weights[order], starts)
    once = events.take(last)._replace(weights=highest)
    return once.take(np.lexsort((last, newest[last], once.users)))


def _kind_weights(table: pa.Table, weights: Mapping[str, float]) -> np.ndarray:
    kinds = table["kind"].to_pylist()
    for place, kind in enumerate(kinds):
        if kind not in weights:
            row = table.slice(place, 1).to_pylist()[0]
            raise InputError(
                f"`{row['file']}`: every kind must have a weight, but row {row['row']} has "
                f"`{shown(kind)}`{closest(kind, weights)}; add it to `--kind-weights`."
            )
    return np.array([weights[kind] for kind in kinds], np.float32)


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    return check_numbers(table[name].to_pylist(), name=f"--{name}-column", source="", table=table)


def _times(table: pa.Table) -> np.ndarray:
    """Returns seconds since 1970, from numbers or from ISO 8601 times."""
    try:
        return np.asarray(pc.cast(table["time"], pa.float64()))
    except pa.ArrowInvalid:
        pass
    from dlkit.data.splits import moments

    return np.array(moments(table["time"].to_pylist())) / 1e6
