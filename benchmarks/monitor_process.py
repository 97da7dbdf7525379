"""A monitor as a process of its own, and texts for it."""

import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

_SAMPLE = Path("apps/sentiment/sample")


@contextlib.contextmanager
def running(model: Path, source: Path, store: Path, *others: str) -> Iterator[subprocess.Popen]:
    """Starts a monitor and yields it once it reads.

    Args:
        model: Folder of the versions.
        source: File of rows.
        store: File of the database; what cannot be read is written beside it.
        others: More of the command line.
    """
    command = [sys.executable, "-m", "apps.sentiment", "monitor", "--model", str(model)]
    command += ["--source", str(source), "--store", f"sqlite:///{store}"]
    command += ["--rejects", str(store.with_name("rejects.jsonl")), *others]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        line = process.stdout.readline()
        if not line.startswith("monitor:"):
            sys.exit(f"error: the monitor has not started: {line}")
        yield process


def read_sample() -> list[dict[str, Any]]:
    """Returns the posts of the bundled sample."""
    return [
        json.loads(line)
        for file in sorted(_SAMPLE.glob("posts_*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
    ]


def made_texts(posts: Sequence[dict[str, Any]], seed: int = 0) -> Iterator[str]:
    """Yields texts without end, Chinese and English in turn.

    They are made of the words of posts and as long as those, so that few are copies.
    """
    random_ = random.Random(seed)
    english = [post["text"].split() for post in posts if post["text"].isascii()]
    chinese = [post["text"] for post in posts if not post["text"].isascii()]
    words, characters = [word for text in english for word in text], "".join(chinese)
    while True:
        length = len(random_.choice(chinese))
        yield "".join(random_.choices(characters, k=length))
        length = len(random_.choice(english))
        yield " ".join(random_.choices(words, k=length))


def stored(path: Path) -> int:
    """Returns how many texts a store holds."""
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
            return store.execute("select coalesce(max(number), 0) from texts").fetchone()[0]
    except sqlite3.OperationalError:  # not there yet
        return 0
