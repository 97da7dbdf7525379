import json

import numpy as np
import pytest

from dlkit.data.events import EventColumns, k_core, read_events
from dlkit.data.items import Items
from dlkit.errors import InputError

ITEMS = Items(["a", "b", "c"], ["a", "b", "c"], [""] * 3, [()] * 3, [""] * 3, [()] * 3)
PLAIN = EventColumns("user", "item")


def write(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return [str(path)]


def events_of(*pairs):
    return [{"user": user, "item": item} for user, item in pairs]


def test_each_pair_counts_once_and_unknown_items_are_told(tmp_path):
    rows = events_of(("u", "b"), ("v", "a"), ("u", "b"), ("u", "a"), ("v", "zzz"))
    events, notes = read_events(write(tmp_path / "e.jsonl", rows), ITEMS, PLAIN)
    assert events.user_ids == ["u", "v"]
    assert events.users.tolist() == [0, 0, 1]
    assert events.items.tolist() == [1, 0, 0] or events.items.tolist() == [0, 1, 0]
    assert events.times is None
    assert "1 event with unknown items" in notes[0]
    assert "zzz" in notes[0]
    assert "1 event left out that repeat" in notes[1]


def test_events_come_in_the_order_of_time_with_the_highest_weight(tmp_path):
    rows = [
        {"user": "u", "item": "a", "kind": "buy", "time": "2024-01-03"},
        {"user": "u", "item": "b", "kind": "view", "time": "2024-01-01"},
        {"user": "u", "item": "a", "kind": "view", "time": "2023-12-31"},
    ]
    columns = EventColumns("user", "item", kind="kind", time="time")
    events, _ = read_events(
        write(tmp_path / "e.jsonl", rows), ITEMS, columns, kind_weights={"view": 1, "buy": 5}
    )
    assert events.items.tolist() == [1, 0]
    assert events.weights.tolist() == [1, 5]
    assert np.diff(events.times).tolist() == [2 * 86400]


def test_events_of_one_time_stay_in_the_order_of_their_rows(tmp_path):
    rows = [{"user": "u", "item": item, "time": "2024-01-01"} for item in "bca"]
    columns = EventColumns("user", "item", time="time")
    events, _ = read_events(write(tmp_path / "e.jsonl", rows), ITEMS, columns)
    assert events.items.tolist() == [1, 2, 0]


def test_low_ratings_are_left_out(tmp_path):
    rows = [{"user": "u", "item": i, "rating": r} for i, r in (("a", 5), ("b", 3.5), ("c", 4))]
    columns = EventColumns("user", "item", rating="rating")
    source = write(tmp_path / "e.jsonl", rows)
    events, notes = read_events(source, ITEMS, columns, min_rating=4)
    assert sorted(events.items.tolist()) == [0, 2]
    assert notes == ["1 event rated below 4."]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"rating": "good"}, r"`--rating-column`.*row 2 of `e.jsonl` has `good`"),
        ({"kind": "hug"}, r"`e.jsonl`.*row 2 has `hug`.*`--kind-weights`"),
        ({"time": "yesterday"}, r"row 2 has `yesterday`"),
    ],
)
def test_a_wrong_value_is_named_with_its_row(tmp_path, row, message):
    good = {"user": "u", "item": "a", "rating": 4, "kind": "view", "time": "2024-01-01"}
    source = write(tmp_path / "e.jsonl", [good, {**good, **row}])
    columns = EventColumns("user", "item", "rating", "kind", "time")
    with pytest.raises(InputError, match=message):
        read_events(source, ITEMS, columns, min_rating=1, kind_weights={"view": 1})


def test_k_core_leaves_only_users_and_items_with_enough(tmp_path):
    pairs = [("u", "a"), ("u", "b"), ("v", "a"), ("v", "b"), ("w", "a"), ("w", "c")]
    events, _ = read_events(write(tmp_path / "e.jsonl", events_of(*pairs)), ITEMS, PLAIN)
    kept, note = k_core(events, user_events=2, item_events=2)
    assert kept.user_ids == ["u", "v"], "without c, w has too few"
    assert sorted(kept.items.tolist()) == [0, 0, 1, 1]
    assert note.startswith("4 events of 2 users with 2 items")
    with pytest.raises(InputError, match=r"`--min-user-events`.*Received: 9 and 1"):
        k_core(events, user_events=9, item_events=1)
