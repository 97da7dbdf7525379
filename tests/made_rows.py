"""Rows whose labels follow from one word each: what is learned from them is known."""

import json
import random

from dlkit.settings import TextTraining
from dlkit.tasks import Classification
from dlkit.training.text import train_text_model

TOPICS = {"metals": "copper", "rates": "yield", "chips": "wafer"}
MOODS = {"bad": "falls", "good": "rises"}
_FILLER = ("the", "of", "in", "after", "early", "late", "market", "day", "week", "report", "says")


def made_rows(count, *, seed=0):
    """Returns rows of `text`, `topic` and `mood`, every combination about equally often."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        topic, mood = list(TOPICS)[number % 3], list(MOODS)[number // 3 % 2]
        words = [*draw.choices(_FILLER, k=draw.randint(2, 9)), TOPICS[topic], MOODS[mood]]
        draw.shuffle(words)
        rows.append({"text": " ".join(words), "topic": topic, "mood": mood})
    return rows


def write_rows(path, rows):
    """Writes rows as JSON lines and returns the path as a string."""
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def quick_settings(**changes):
    """Returns settings under which made-up rows are learned within seconds."""
    settings = {
        "network": "bag_of_ngrams",
        "network_arguments": '{"units": 16}',
        "epochs": 8,
        "batch_size": 16,
        "learning_rate": 0.02,
        "validation_fraction": 0.2,
        "test_fraction": 0.2,
        "baseline": False,
    }
    return TextTraining(**settings | changes)


def train_on(sources, folder, tasks=None, **changes):
    """Trains on files, by default `topic` and `mood`, and returns what a training leaves."""
    tasks = tasks or [Classification(name="topic"), Classification(name="mood")]
    labels = {task.name: task.name for task in tasks}
    folder.mkdir(exist_ok=True)
    return train_text_model(quick_settings(**changes), sources, labels, tasks, folder)
