"""The items and events that a recommender learns from, read, filtered and split."""

import hashlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from dlkit.data.event_splits import Cases, EventSplit, split_events
from dlkit.data.events import EventColumns, Events, k_core, read_events
from dlkit.data.histories import Histories, histories_of
from dlkit.data.items import Items, read_items
from dlkit.data.messages import count
from dlkit.errors import InputError
from dlkit.training.retrieval.settings import RetrievalTraining, names_of


class RetrievalData(NamedTuple):
    """What is learned from and what is asked.

    Args:
        items: All items.
        split: The events in parts.
        test: What the test asks; None without a test.
        notes: Sentences about the data.
    """

    items: Items
    split: EventSplit
    test: Cases | None
    notes: list[str]

    @property
    def in_order(self) -> bool:
        """Whether the order of events means something."""
        return self.split.events.times is not None

    def digest(self) -> str:
        """Returns a fingerprint of the items and of what is learned from."""
        numbers = (self.split.events.users, self.split.events.items, self.split.part)
        parts = [repr(self.items).encode(), *(part.tobytes() for part in numbers)]
        return hashlib.sha256(b"".join(parts)).hexdigest()


def load_retrieval_data(
    settings: RetrievalTraining, item_sources: Sequence[str], event_sources: Sequence[str]
) -> RetrievalData:
    """Reads, filters and splits.

    Args:
        settings: Names of columns, filters and the split.
        item_sources: Files of items.
        event_sources: Files of events.

    Returns:
        The data.

    Raises:
        InputError: A file or a setting breaks a rule, or too little is left.
    """
    items = load_items(settings, item_sources)
    events, notes = _read(settings, event_sources, items)
    events, note = k_core(
        events, user_events=settings.min_user_events, item_events=settings.min_item_events
    )
    given = settings.test_data is not None
    split = split_events(
        events,
        settings.split,
        items=len(items.ids),
        validation=settings.validation_fraction,
        test=0.0 if given else settings.test_fraction,
        seed=settings.seed_of_splits,
    )
    test = _test_cases(settings, items, split) if given else None
    if not given and settings.test_fraction:
        test = split.cases("test")
    notes.append(f"{note} {count(len(items.ids), 'item')} in all.")
    pa.default_memory_pool().release_unused()  # what reading took is not needed again
    return RetrievalData(items, split, test, notes)


def load_items(settings: RetrievalTraining, sources: Sequence[str]) -> Items:
    """Reads items with the columns of the settings.

    Raises:
        InputError: A file or a column breaks a rule.
    """
    return read_items(
        sources,
        item_column=settings.item_column,
        text_columns=names_of(settings.text_columns),
        tag_columns=names_of(settings.tag_columns),
        category_column=settings.category_column,
        feature_columns=names_of(settings.feature_columns),
    )


def read_cases(
    settings: RetrievalTraining, sources: Sequence[str], items: Items, known: Events
) -> Cases:
    """Reads events that are to be found, of users whose other events are known or not.

    Raises:
        InputError: A file breaks a rule.
    """
    wanted, _ = _read(settings, sources, items)
    numbers = {name: number for number, name in enumerate(known.user_ids)}
    of_known = np.array([numbers.get(name, -1) for name in wanted.user_ids], np.int64)
    history = histories_of(known, np.arange(len(known.users)), np.maximum(of_known, 0))
    kept = np.repeat(of_known >= 0, history.lengths)
    lengths = np.where(of_known >= 0, history.lengths, 0)
    given = Histories(np.append(0, np.cumsum(lengths)), history.items[kept], history.weights[kept])
    users = np.arange(len(wanted.user_ids))
    return Cases(of_known, given, histories_of(wanted, np.arange(len(wanted.users)), users), None)


def _test_cases(settings: RetrievalTraining, items: Items, split: EventSplit) -> Cases:
    assert settings.test_data is not None
    return read_cases(settings, [settings.test_data], items, split.events)


def _read(
    settings: RetrievalTraining, sources: Sequence[str], items: Items
) -> tuple[Events, list[str]]:
    columns = EventColumns(
        user=settings.user_column,
        item=settings.item_column,
        rating=settings.rating_column,
        kind=settings.kind_column,
        time=settings.time_column,
    )
    if not len(items.ids):
        raise InputError("`--items` must hold items, but there are none.")
    return read_events(
        sources,
        items,
        columns,
        min_rating=settings.min_rating,
        kind_weights=settings.weights_of_kinds(),
    )
