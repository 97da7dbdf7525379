"""The monitor beside VADER and an encoder of FinBERT's size, and its time to an alert.

The texts are made of the words of the bundled sample, as long as its texts, so that few are
copies. VADER and the encoder only score; the monitor also reads, removes copies, stores and
counts. All get the same two cores, one after the other.

    pip install -e '.[monitor,benchmark]'
    python -m apps.sentiment train && python -m apps.sentiment export
    python benchmarks/monitor.py

and with an encoder that was pretrained:

    python -m apps.sentiment train --network bert --pretrained minilm --run-dir runs/bert
    python -m apps.sentiment export --run runs/bert --output saved_models/bert
    python benchmarks/monitor.py --model saved_models/bert/sentiment --texts 3000 --alerts 0
"""

import dataclasses
import datetime
import itertools
import json
import multiprocessing
import os
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
import tyro
from monitor_process import made_texts, read_sample, running, stored

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
        if options.alerts:
            _time_alerts(options, folder)


def _compare(options: Options, folder: Path) -> None:
    _load_vader()  # where it is missing: a pool starts workers that fail again and again
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
    with running(options.model, path, folder / "rate.db", "--no-follow") as process:
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


def _time_alerts(options: Options, folder: Path) -> None:
    """Times alerts from the end of the window, in which the texts came, to the line of the file."""
    delays = []
    for number in range(options.alerts):
        delays.append(_time_alert(options, folder, number))
        print(f"alert {number + 1}: {delays[-1]:.2f} s after the end of its window", flush=True)
    print(f"\nalert after the end of its window: median {np.median(delays):.2f} s, "
          f"most {max(delays):.2f} s")  # fmt: skip


def _time_alert(options: Options, folder: Path, number: int) -> float:
    path, store = folder / f"live{number}.jsonl", folder / f"live{number}.db"
    alerts = folder / f"alerts{number}.jsonl"
    now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
    past = now - datetime.timedelta(days=3)
    _write(path, 3 * 1440, start=past, seconds=60.0)
    command = ["--window", "1min", "--history", "2", "--duplicates", "0s", "--follow"]
    command += ["--alerts", str(alerts)]
    with running(options.model, path, store, *command) as process:
        while stored(store) < 3 * 1440:
            time.sleep(0.2)
        time.sleep(5)
        bad = _most_negative(store)
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


def _write(path: Path, count: int, *, start: datetime.datetime, seconds: float) -> list[str]:
    """Writes rows with times at equal distances; returns their texts."""
    texts = list(itertools.islice(made_texts(read_sample()), count))
    with path.open("w", encoding="utf-8") as file:
        for number, text in enumerate(texts):
            moment = start + datetime.timedelta(seconds=seconds * number)
            row = {"id": number, "text": text, "time": f"{moment.isoformat()}Z"}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return texts


if __name__ == "__main__":
    main(tyro.cli(Options))
