"""The monitor beside VADER and an encoder of FinBERT's size; memory, kills and time to an alert.

The texts are made of the words of the bundled sample, as long as its texts, so that few are
copies. VADER and the encoder only score; the monitor also reads, removes copies, stores and
counts. All get the same two cores, one after the other.

    pip install -e '.[monitor,benchmark]'
    python -m apps.sentiment train && python -m apps.sentiment export
    python benchmarks/monitor.py --replay 1000000 --kills 20
"""

import contextlib
import dataclasses
import datetime
import json
import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import psutil
import tyro

_SAMPLE = Path("apps/sentiment/sample")
_TOKENS = 32
_ENCODER_BATCH = 32
_BURST = 60


@dataclasses.dataclass(frozen=True)
class Options:
    """Measure the monitor."""

    model: Path = Path("saved_models/sentiment")
    """Folder of the versions of a model with two heads."""

    texts: int = 30_000
    """Read, scored and stored to measure the rate."""

    encoder_texts: int = 256
    """Scored by the encoder."""

    replay: int = 0
    """Texts of a long replay, during which the memory is watched; 0 leaves it out."""

    kills: int = 0
    """Kills of a monitor at random moments, after which its store is checked; 0 leaves it out."""

    alerts: int = 3
    """Surges whose alerts are timed; 0 leaves it out."""

    cores: int = 2
    """Of this machine, for everything that is measured."""


def main(options: Options) -> None:
    """Prints one table, and a line for each of the other measurements."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: options.cores])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.texts:
            _compare(options, folder)
        if options.replay:
            _watch_memory(options, folder)
        if options.kills:
            _kill(options, folder)
        if options.alerts:
            _time_alerts(options, folder)


def _compare(options: Options, folder: Path) -> None:
    path = folder / "posts.jsonl"
    texts = _write(path, options.texts, start=datetime.datetime(2026, 1, 1), seconds=5.0)
    rates = {
        "monitor, stream in to stored and scored": _monitor(options, path, folder),
        "VADER, scores only (English)": _vader(texts, options.cores),
        "encoder of BERT-base size, scores only": _encoder(options),
    }
    first = next(iter(rates.values()))
    print(f"{options.texts} texts, {options.cores} cores, load {os.getloadavg()[0]:.1f}\n")
    print(
        "| | texts a second | to the monitor | texts a second of processor time | to the monitor |"
    )
    print("|---|---|---|---|---|")
    for what, rate in rates.items():
        ratios = [
            f"{value:,.0f} | {value / one:.2f}x" for value, one in zip(rate, first, strict=True)
        ]
        print(f"| {what} | {' | '.join(ratios)} |", flush=True)


def _monitor(options: Options, path: Path, folder: Path) -> tuple[float, float]:
    """Measures from the loaded model to the last commit."""
    with _running(options, folder, path, "rate.db") as process:
        loaded = sum(psutil.Process(process.pid).cpu_times()[:2])
        start, before = time.perf_counter(), _seconds_of_children()
        output = process.communicate()[0]
    print(output.strip())
    seconds = time.perf_counter() - start
    return options.texts / seconds, options.texts / (_seconds_of_children() - before - loaded)


def _seconds_of_children() -> float:
    """Returns the processor time of the processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def _vader(texts: Sequence[str], cores: int) -> tuple[float, float]:
    chosen = texts[1::2]  # the English ones
    with multiprocessing.get_context("spawn").Pool(cores, _load_vader) as pool:
        pool.map(_score_vader, chosen[:100], chunksize=10)
        start = time.perf_counter()
        used = pool.map(_score_vader, chosen, chunksize=200)
        return len(chosen) / (time.perf_counter() - start), len(chosen) / sum(used)


def _load_vader() -> None:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    global _analyzer  # noqa: PLW0603
    _analyzer = SentimentIntensityAnalyzer()


def _score_vader(text: str) -> float:
    """Returns the processor time that one text takes."""
    start = time.process_time()
    _analyzer.polarity_scores(text)
    return time.process_time() - start


def _encoder(options: Options) -> tuple[float, float]:
    """Runs random weights over random ids; neither changes the time."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    from dlkit.networks.bert import bert

    tf.config.threading.set_intra_op_parallelism_threads(options.cores)
    network = bert(vocabulary_size=30522, units=768, layers=12, inner_units=3072, name="encoder")
    ids = np.random.default_rng(0).integers(1000, 30000, (_ENCODER_BATCH, _TOKENS))
    inputs = {"pieces": tf.constant(ids, tf.int32)}
    call = tf.function(lambda: network(inputs, training=False))
    call()
    batches = -(-options.encoder_texts // _ENCODER_BATCH)
    start, before = time.perf_counter(), time.process_time()
    for _ in range(batches):
        call()
    texts = batches * _ENCODER_BATCH
    return texts / (time.perf_counter() - start), texts / (time.process_time() - before)


def _watch_memory(options: Options, folder: Path) -> None:
    path = folder / "replay.jsonl"
    _write(path, options.replay, start=datetime.datetime(2025, 1, 1), seconds=10.0)
    sizes: list[tuple[int, float]] = []
    with _running(options, folder, path, "replay.db") as process:
        start = time.perf_counter()
        while process.poll() is None:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError, ValueError):
                sizes.append((_stored(folder / "replay.db"), _megabytes(process.pid)))
            time.sleep(1)
        seconds = time.perf_counter() - start
    early = [size for count, size in sizes if options.replay * 0.1 <= count]
    print(
        f"\nreplay: {options.replay} texts in {seconds:.0f} s; memory after a tenth "
        f"{early[0]:.0f} MB, most after it {max(early):.0f} MB ({max(early) / early[0]:.3f}x), "
        f"at the end {early[-1]:.0f} MB; {_stored(folder / 'replay.db')} stored",
        flush=True,
    )


def _kill(options: Options, folder: Path) -> None:
    path = folder / "kills.jsonl"
    count = 4000 * (options.kills + 1)
    _write(path, count, start=datetime.datetime(2026, 1, 1), seconds=30.0)
    moments, killed = random.Random(0), 0
    for _ in range(options.kills):
        with _running(options, folder, path, "kills.db") as process:
            time.sleep(moments.uniform(0, 1))
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
                killed += 1
    with _running(options, folder, path, "kills.db") as process:
        process.communicate()
    with sqlite3.connect(folder / "kills.db") as store:
        ask = lambda query: store.execute(query).fetchone()[0]  # noqa: E731
        rows = ask("select count(*) from texts")
        ids = ask("select count(distinct id) from texts")
        copies = ask("select count(*) from texts where copy_of is not null")
        counted = ask("select sum(texts + late) from windows")
        again = ask("select coalesce(sum(count), 0) from counts where kind = 'same_id'")
    print(
        f"\nkills: {killed} of {count} texts: {count - ids} lost, {rows - ids} doubled, "
        f"{counted + copies - count} counted too often, {again} read again after their commit",
        flush=True,
    )


def _time_alerts(options: Options, folder: Path) -> None:
    """Times alerts from the end of the window, in which the texts came, to the line of the file."""
    delays = []
    for number in range(options.alerts):
        delays.append(_time_alert(options, folder, number))
        print(f"alert {number + 1}: {delays[-1]:.2f} s after the end of its window", flush=True)
    print(f"\nalert after the end of its window: median {np.median(delays):.2f} s, "
          f"most {max(delays):.2f} s")  # fmt: skip


def _time_alert(options: Options, folder: Path, number: int) -> float:
    path, alerts = folder / f"live{number}.jsonl", folder / f"alerts{number}.jsonl"
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    past = now - datetime.timedelta(days=3)
    _write(path, 3 * 1440, start=past, seconds=60.0)
    command = ["--window", "1min", "--history", "2", "--duplicates", "0s", "--follow"]
    with _running(options, folder, path, f"live{number}.db", *command, alerts=alerts) as process:
        while _stored(folder / f"live{number}.db") < 3 * 1440:
            time.sleep(0.2)
        time.sleep(5)
        bad = _most_negative(folder / f"live{number}.db")
        while time.time() % 60 > 40:  # the burst is to lie within one window
            time.sleep(0.5)
        end = (time.time() // 60 + 1) * 60
        with path.open("a") as file:
            for place in range(_BURST):
                moment = datetime.datetime.now(datetime.UTC).isoformat()
                row = {"id": f"burst {place}", "text": bad, "time": moment}
                file.write(json.dumps(row) + "\n")
        while "start" not in alerts.read_text() and time.time() < end + 30:
            time.sleep(0.01)
        delay = time.time() - end
        process.terminate()
    return delay


def _most_negative(path: Path) -> str:
    with sqlite3.connect(path) as store:
        return store.execute("select text from texts order by negative desc limit 1").fetchone()[0]


@contextlib.contextmanager
def _running(
    options: Options,
    folder: Path,
    source: Path,
    store: str,
    *others: str,
    alerts: Path | None = None,
) -> Iterator[subprocess.Popen]:
    """Starts a monitor and yields it once it reads."""
    command = [sys.executable, "-m", "apps.sentiment", "monitor", "--model", str(options.model)]
    command += ["--source", str(source), "--store", f"sqlite:///{folder / store}"]
    command += ["--rejects", str(folder / "rejects.jsonl")]
    command += ["--alerts", str(alerts)] if alerts else []
    command += others or ["--no-follow"]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        line = process.stdout.readline()
        if not line.startswith("monitor:"):
            sys.exit(f"error: the monitor has not started: {line}")
        yield process


def _write(path: Path, count: int, *, start: datetime.datetime, seconds: float) -> list[str]:
    """Writes rows with times at equal distances; returns their texts."""
    random_ = random.Random(0)
    rows = [
        json.loads(line)
        for file in sorted(_SAMPLE.glob("posts_*.jsonl"))
        for line in file.read_text("utf-8").splitlines()
    ]
    english = [row["text"].split() for row in rows if row["text"].isascii()]
    chinese = [row["text"] for row in rows if not row["text"].isascii()]
    words, characters = [word for text in english for word in text], "".join(chinese)
    texts = []
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            if number % 2:
                length = len(random_.choice(english))
                text = " ".join(random_.choices(words, k=length))
            else:
                length = len(random_.choice(chinese))
                text = "".join(random_.choices(characters, k=length))
            moment = start + datetime.timedelta(seconds=seconds * number)
            row = {"id": number, "text": text, "time": f"{moment.isoformat()}Z"}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            texts.append(text)
    return texts


def _stored(path: Path) -> int:
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as store:
            return store.execute("select coalesce(max(number), 0) from texts").fetchone()[0]
    except sqlite3.OperationalError:  # not there yet
        return 0


def _megabytes(pid: int) -> float:
    """Returns the memory that a process holds (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(kilobytes) / 1024


if __name__ == "__main__":
    main(tyro.cli(Options))
