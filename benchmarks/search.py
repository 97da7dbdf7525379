r"""A search of some minutes on twitter_fin_sentiment, against the defaults.

Both are the command line of `apps.sentiment`, in processes of their own: `train` with the defaults
and three seeds, and `tune`, whose winner is trained with the same seeds on the same split. All is
chosen on a share of the training file. The published test rows are scored once for each seed.

    python benchmarks/search.py --data-folder DATA --folder search-benchmark --processes 2 \
        --networks wide_and_deep --networks bert --pretrained minilm

What is done is kept in the folder: a second call goes on where the first one stopped.
"""

import dataclasses
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import mean, stdev
from typing import Annotated, Literal

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import tyro

_PARTS = ("validation", "test", "test_without_copies")


@dataclasses.dataclass(frozen=True)
class Options:
    """Search for some minutes, and compare with the defaults."""

    data_folder: Path
    """Folder of the data sets."""

    folder: Path
    """Where runs and search are kept."""

    max_seconds: float = 1200
    """Seconds of search; training the winner comes on top."""

    tuner: Literal["random", "bayesian", "hyperband"] = "random"
    """How the next trial is chosen."""

    networks: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Networks to choose among, as `tune` takes them."""

    pretrained: str | None = None
    """An encoder for those of the networks that read one."""

    processes: int = 1
    """Trials that run at the same time."""

    seeds: int = 3
    """Trainings of the defaults, and of the winner."""


def main(options: Options) -> None:
    """Runs what is not in the folder yet, then prints the table."""
    options.folder.mkdir(parents=True, exist_ok=True)
    files = _files(options)
    defaults = [_defaults(options, files, seed) for seed in range(options.seeds)]
    search = _search(options, files)
    summary = json.loads((search / "search.json").read_text(encoding="utf-8"))
    winner = [
        _read(search / "retrained" / f"seed-{seed}") for seed in summary["retrainings"]["seeds"]
    ]
    print(_table({"defaults": defaults, "winner of the search": winner}))
    done = [trial for trial in summary["trials"] if trial["status"] == "completed"]
    failed = len(summary["trials"]) - len(done)
    print(f"\n{len(done)} trials, {failed} failed, in {summary['seconds']:.0f} seconds")
    for row in summary["finalists"]:
        [values] = [t["values"] for t in summary["trials"] if t["trial"] == row["trial"]]
        scores = "  ".join(f"{100 * score:.2f}" for score in row["scores"])
        print(f"trial {row['trial']}  mean {100 * row['score']:.2f}  ({scores})  {values}")


def _files(options: Options) -> dict[str, Path]:
    """Writes the columns under the names that the application knows."""
    paths = {}
    for part, name in (("train", "train"), ("test", "valid")):
        paths[part] = (options.folder / f"{part}.parquet").resolve()
        source = options.data_folder / "twitter_fin_sentiment" / f"{name}.csv.gz"
        convert = pa_csv.ConvertOptions(column_types={"text": pa.string(), "label": pa.string()})
        parse = pa_csv.ParseOptions(newlines_in_values=True)
        table = pa_csv.read_csv(source, convert_options=convert, parse_options=parse)
        pq.write_table(table.select(["text", "label"]), paths[part])
    return paths


def _defaults(options: Options, files: dict[str, Path], seed: int) -> dict:
    run = options.folder / f"defaults-{seed}"
    if not (run / "report.html").exists():
        seeds = ["--seed", str(seed), "--split-seed", "0"]
        _call(options, "train", [*_data(files), *seeds, "--run-dir", run.name])
    return _read(run)


def _search(options: Options, files: dict[str, Path]) -> Path:
    search = options.folder / "search"
    if not (search / "search.html").exists():
        arguments = [*_data(files), "--run-dir", search.name, "--tuner", options.tuner]
        arguments += ["--max-seconds", str(options.max_seconds)]
        arguments += [f"--networks={network}" for network in options.networks]
        if options.pretrained:
            arguments += ["--pretrained", options.pretrained]
        arguments += ["--processes", str(options.processes), "--retrainings", str(options.seeds)]
        if (search / "search.json").exists():
            arguments = ["--run-dir", search.name, "--resume"]
        start = time.perf_counter()
        _call(options, "tune", arguments)
        print(f"tune took {time.perf_counter() - start:.0f} seconds in all", flush=True)
    return search


def _data(files: dict[str, Path]) -> list[str]:
    named = ["--data", str(files["train"]), "--test-data", str(files["test"])]
    return [*named, "--sentiment-column", "label", "--no-baseline"]


def _call(options: Options, verb: str, arguments: list[str]) -> None:
    root = Path(__file__).resolve().parents[1]
    paths = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    with (options.folder / "log").open("a", encoding="utf-8") as log:
        subprocess.run(
            [sys.executable, "-m", "apps.sentiment", verb, *arguments],
            check=True,
            cwd=options.folder,
            env={**os.environ, "PYTHONPATH": paths},
            stdout=log,
            stderr=log,
        )


def _read(run: Path) -> dict:
    return json.loads((run / "metrics.json").read_text(encoding="utf-8"))


def _table(groups: dict[str, list[dict]]) -> str:
    """Formats mean and spread over the seeds as Markdown."""
    names = [(part, metric) for part in _PARTS for metric in ("accuracy", "macro_f1")]
    heading = [f"{part.replace('_', ' ')} {metric}" for part, metric in names]
    lines = ["| | " + " | ".join(heading) + " |", "|---" * (len(names) + 1) + "|"]
    for group, runs in groups.items():
        cells = [_spread([100 * run[part][metric] for run in runs]) for part, metric in names]
        lines.append(f"| {group}, {len(runs)} seeds | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    spread = f" ± {stdev(values):.2f}" if len(values) > 1 else ""
    return f"{mean(values):.2f}{spread}"


if __name__ == "__main__":
    main(tyro.cli(Options))
