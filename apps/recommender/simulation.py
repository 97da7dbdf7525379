"""The bundled sample: readers with stated tastes, and what they do with the bundled items.

Running this file writes `sample/events.jsonl` again, the same each time.
"""

import datetime
import json
import random
from pathlib import Path
from typing import NamedTuple

_SAMPLE = Path(__file__).parent / "sample"
_USERS = 260
_EVENTS = (8, 18)
_WHIM = 0.08
_KINDS = {"view": 0.5, "click": 0.3, "buy": 0.2}
_START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)


class Reader(NamedTuple):
    """Whom an item suits.

    Args:
        user: Their id.
        topics: What they read, the first more often than the second.
        languages: What they read it in.
    """

    user: str
    topics: tuple[str, ...]
    languages: tuple[str, ...]


def readers(items: list[dict[str, str]], seed: int = 0) -> list[Reader]:
    """Draws readers: each has one topic or two, and reads one language or both."""
    draw = random.Random(seed)
    topics = sorted({item["topic"] for item in items})
    choices = (("en",), ("zh",), ("en", "zh"))
    return [
        Reader(
            f"u{number:03d}", tuple(draw.sample(topics, draw.choice((1, 2)))), draw.choice(choices)
        )
        for number in range(1, _USERS + 1)
    ]


def simulate(items: list[dict[str, str]], seed: int = 0) -> list[dict[str, str]]:
    """Makes what readers do: mostly what suits them, now and then something else.

    Args:
        items: Objects with `item_id`, `topic` and `language`.
        seed: The same seed gives the same events.

    Returns:
        Objects with `user_id`, `item_id`, `kind` and `time`, in the order of time.
    """
    draw = random.Random(seed + 1)
    appeal = {item["item_id"]: draw.lognormvariate(0, 0.7) for item in items}
    events = []
    for reader in readers(items, seed):
        left = list(items)
        moment = _START + datetime.timedelta(hours=draw.randrange(24 * 120))
        for _ in range(draw.randint(*_EVENTS)):
            weights = [appeal[item["item_id"]] * _taste(reader, item) for item in left]
            [item] = draw.choices(left, weights)
            left.remove(item)
            [kind] = draw.choices(list(_KINDS), list(_KINDS.values()))
            moment += datetime.timedelta(minutes=draw.randrange(10, 3 * 24 * 60))
            values = (reader.user, item["item_id"], kind, moment.isoformat(timespec="minutes"))
            events.append(dict(zip(("user_id", "item_id", "kind", "time"), values, strict=True)))
    return sorted(events, key=lambda event: event["time"])


def _taste(reader: Reader, item: dict[str, str]) -> float:
    if item["language"] not in reader.languages or item["topic"] not in reader.topics:
        return _WHIM / 10
    return 1.0 if item["topic"] == reader.topics[0] else 0.6


def read_items(folder: Path = _SAMPLE) -> list[dict[str, str]]:
    """Reads the bundled items."""
    text = (folder / "items.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def write_events(path: Path) -> None:
    """Writes the events of the sample."""
    lines = [json.dumps(event) for event in simulate(read_items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_events(_SAMPLE / "events.jsonl")
