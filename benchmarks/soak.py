"""A long replay through a monitor that is killed again and again: memory, and what is in the store.

The rows span weeks. Some are copies, some come late, some lines cannot be read, and now and then
bad news on one topic come together. The monitor is killed (-9) at random moments and started
again; at the end the store is compared with what was put in.

    pip install -e '.[monitor]'
    python -m apps.sentiment train && python -m apps.sentiment export
    python benchmarks/soak.py                     # a quick try: --rows 20000 --kills 3
"""

import collections
import contextlib
import dataclasses
import datetime
import json
import math
import os
import random
import sqlite3
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import tyro
from monitor_process import made_texts, read_sample, running, stored

_START = datetime.datetime(2026, 1, 1)
_DAYS = 40  # a topic has to be known for 28 before it alarms
_LATE = datetime.timedelta(hours=2)
_COPY_EVERY, _LATE_EVERY, _BROKEN_EVERY = 50, 97, 1000
_COPY_OF = 120  # rows before, themselves no copies
_BURST, _BURST_SHARE = 300, 5e-5
_WINDOW = 900_000  # milliseconds, the monitor's own default
_SAMPLE_SECONDS = 0.25
_LONGEST_DELAY = 1.0
_FEWEST_ROWS = 10_000  # of a life whose memory is judged

_IS_LATE = f"(number - 1) % {_LATE_EVERY} = {_LATE_EVERY - 1}"
_IS_COPY = f"(number - 1) % {_COPY_EVERY} = {_COPY_EVERY - 1} and number > {_COPY_OF}"
_FAULTS = {
    "doubled": "select count(*) - count(distinct id) from texts",
    "out of order": "select sum(cast(id as int) <> number - 1) from texts",
    "copies that were not found": f"select sum(copy_of is null) from texts where {_IS_COPY}",
    "late or not, but marked otherwise": f"select sum(late <> ({_IS_LATE})) from texts",
}


@dataclasses.dataclass(frozen=True)
class Options:
    """Replay rows, kill, and compare."""

    model: Path = Path("saved_models/sentiment")
    """Folder of the versions of a model with two heads."""

    rows: int = 1_000_000
    """Texts that are replayed."""

    kills: int = 20
    """Kills at random moments."""

    seed: int = 0
    """Seeds texts and moments."""

    folder: Path | None = None
    """Holds rows and store, empty at first and kept; without it, one that is removed."""


class Sample(NamedTuple):
    """A moment of a process."""

    rows: int
    """In the store."""
    megabytes: float
    """Resident memory, in 2**20 bytes."""
    seconds: float
    """Processor time so far."""


def main(options: Options) -> None:
    """Prints a line for each life of the monitor, then one table."""
    with contextlib.ExitStack() as stack:
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "rows.jsonl", options)
        start = time.perf_counter()
        lives = _replay(options, folder)
        seconds = time.perf_counter() - start
        found = {
            "rows": f"{options.rows:,}",
            "kills": str(len(lives) - 1),
            "seconds, restarts too": f"{seconds:.0f} at a load of {os.getloadavg()[0]:.1f}",
            **_memory(lives, options.rows),
            **_speed(lives, options.rows),
            **_compare(folder, options.rows),
        }
    print("\n| what | found |\n|---|---|")
    for what, value in found.items():
        print(f"| {what} | {value} |")


def _write(path: Path, options: Options) -> None:
    with path.open("w", encoding="utf-8") as file:
        for number, (text, moment) in enumerate(_made_rows(options)):
            row = {"id": number, "text": text, "time": f"{moment.isoformat()}Z"}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            if number % _BROKEN_EVERY == 0:
                file.write("broken\n")


def _made_rows(options: Options) -> Iterator[tuple[str, datetime.datetime]]:
    posts, random_ = read_sample(), random.Random(options.seed)
    news = made_texts(posts, options.seed)
    bad_news = made_texts(
        [post for post in posts if (post["topic"], post["sentiment"]) == ("earnings", "negative")]
    )
    step = datetime.timedelta(days=_DAYS) / options.rows
    before: collections.deque[str] = collections.deque(maxlen=_COPY_OF)
    burst = 0
    for number in range(options.rows):
        burst = _BURST if random_.random() < _BURST_SHARE else max(burst - 1, 0)
        text = next(bad_news if burst else news)
        if _is_one(number, _COPY_EVERY) and number >= _COPY_OF:
            text = before[0]
        before.append(text)
        yield text, _START + number * step - _LATE * _is_one(number, _LATE_EVERY)


def _is_one(number: int, every: int) -> bool:
    return number % every == every - 1


def _replay(options: Options, folder: Path) -> list[list[Sample]]:
    """Returns the samples of each life of the monitor."""
    random_ = random.Random(options.seed)
    kills = sorted(random_.uniform(0, options.rows) for _ in range(options.kills))
    lives = []
    others = ["--no-follow", "--alerts", str(folder / "alerts.jsonl")]
    for kill in [*kills, math.inf]:
        with running(options.model, folder / "rows.jsonl", folder / "store.db", *others) as process:
            assert process.stdout
            printed = threading.Thread(target=process.stdout.read)
            printed.start()  # a pipe that is full would hold up its alerts
            lives.append(_watch(process, folder / "store.db", kill))
            if kill < math.inf:
                time.sleep(random_.uniform(0, _LONGEST_DELAY))
            ended = process.poll() is not None
            process.kill()
            printed.join()
        _print_life(len(lives), lives[-1])
        if ended:
            break
    return lives


def _watch(process: subprocess.Popen, store: Path, until: float) -> list[Sample]:
    """Samples a process until it ends or the store holds so many rows."""
    meter, samples = psutil.Process(process.pid), []
    while process.poll() is None:
        times = meter.cpu_times()
        megabytes = meter.memory_info().rss / 2**20
        samples.append(Sample(stored(store), megabytes, times.user + times.system))
        if samples[-1].rows >= until:
            break
        time.sleep(_SAMPLE_SECONDS)
    return samples


def _print_life(number: int, life: list[Sample]) -> None:
    early, most = _growth(life)
    print(
        f"life {number}: rows {life[0].rows:,} to {life[-1].rows:,}, {life[-1].seconds:.0f} s of "
        f"processor time, {early:.0f} MB after a tenth, most after it {most:.0f} MB",
        flush=True,
    )


def _growth(life: list[Sample], start: int | None = None) -> tuple[float, float]:
    """Returns the memory after a tenth of the rows, and the most from then on."""
    first = life[0].rows if start is None else start
    tenth = first + 0.1 * (life[-1].rows - first)
    sizes = [sample.megabytes for sample in life if sample.rows >= tenth and sample.rows > first]
    sizes = sizes or [life[-1].megabytes]
    return sizes[0], max(sizes)


def _memory(lives: list[list[Sample]], rows: int) -> dict[str, str]:
    early, most = _growth([sample for life in lives for sample in life], start=0)
    long = [life for life in lives if life[-1].rows - life[0].rows >= min(_FEWEST_ROWS, rows / 2)]
    growths = [most / early for early, most in map(_growth, long)]
    name = f"most after a tenth of its rows, worst of {len(growths)} lives"
    return {
        "memory after a tenth of all rows": f"{early:.0f} MB",
        "most after it": f"{most:.0f} MB ({most / early:.3f}x)",
        name: f"{max(growths, default=math.nan):.3f}x",
    }


def _speed(lives: list[list[Sample]], rows: int) -> dict[str, str]:
    """Tells whether the store slows down as it grows."""
    found = {}
    for what, start, end in (("first", 0, rows / 4), ("last", rows * 3 / 4, rows)):
        done, spent = 0, 0.0
        for life in lives:
            # what comes before the first row of a life is its start
            chosen = [one for one in life if one.rows > life[0].rows and start <= one.rows <= end]
            if chosen:
                done += chosen[-1].rows - chosen[0].rows
                spent += chosen[-1].seconds - chosen[0].seconds
        name = f"texts a second of processor time, {what} quarter"
        found[name] = f"{done / spent:,.0f}" if done else "unknown"
    return found


def _compare(folder: Path, rows: int) -> dict[str, Any]:
    """Counts what is not as it was put in."""
    with contextlib.closing(sqlite3.connect(folder / "store.db")) as store:
        found = {what: store.execute(query).fetchone()[0] for what, query in _FAULTS.items()}
        ids = store.execute("select count(distinct id) from texts").fetchone()[0]
        counts = dict(store.execute("select kind, sum(count) from counts group by kind"))
        alerts = {row[0] for row in store.execute("select id from alerts")}
        wrong_windows = _wrong_windows(store)
    told = [
        json.loads(line)["id"] for line in (folder / "alerts.jsonl").read_text("utf-8").splitlines()
    ]
    return {
        "lost": rows - ids,
        **found,
        "windows other than their rows": wrong_windows,
        "read again after their commit": counts.get("same_id", 0),
        "stored, as counted, too many": counts["stored"] - rows,
        "broken lines, as counted, too many": counts["rejected"] - math.ceil(rows / _BROKEN_EVERY),
        "alerts": len(alerts),
        "alerts that were not told": len(alerts - set(told)),
        "alerts told again after a kill": len(told) - len(set(told)),
    }


def _wrong_windows(store: sqlite3.Connection) -> int:
    counted = "select start, topic, language, sentiment, texts, late from windows"
    rows = (
        f"select time / {_WINDOW} * {_WINDOW}, topic, language, sentiment, "
        "sum(not late), sum(late) from texts where copy_of is null group by 1, 2, 3, 4"
    )
    one, other = set(store.execute(counted)), set(store.execute(rows))
    return len(one ^ other)


if __name__ == "__main__":
    main(tyro.cli(Options))
