import json

from apps.recommender.simulation import read_items, readers, simulate, write_events


def test_the_bundled_events_are_those_of_the_script(tmp_path):
    write_events(tmp_path / "events.jsonl")
    from apps.recommender import simulation

    bundled = simulation._SAMPLE / "events.jsonl"
    assert (tmp_path / "events.jsonl").read_bytes() == bundled.read_bytes()


def test_the_items():
    items = read_items()
    assert len(items) >= 200
    assert len({item["item_id"] for item in items}) == len(items)
    assert len({item["title"] for item in items}) == len(items)
    chinese = sum(item["language"] == "zh" for item in items)
    assert 0.45 < chinese / len(items) < 0.55


def test_readers_do_what_suits_them():
    items = {item["item_id"]: item for item in read_items()}
    tastes = {reader.user: reader for reader in readers(list(items.values()))}
    events = simulate(list(items.values()))
    suited = [
        items[event["item_id"]]["topic"] in tastes[event["user_id"]].topics for event in events
    ]
    assert 0.75 < sum(suited) / len(suited) < 0.99
    assert json.dumps(events) == json.dumps(simulate(list(items.values())))
