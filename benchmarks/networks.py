"""Every network over text on the validation rows of public data: what the default is chosen by.

Each run is `python -m apps.APP train` with the defaults of its network, in a process of its own. It
learns from the training rows and is scored on a fifth of them, or on the published validation part.
No test row is read. Finished runs are kept in `--results`.

    python benchmarks/networks.py --data-folder DATA --results networks.jsonl
"""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean

import tyro
from text_classification import DATA_SETS, by_task, read_results, spread, write_parts

NETWORKS = (
    "bag_of_ngrams",
    "mlp",
    "cnn",
    "rnn",
    "lstm",
    "cnn_rnn",
    "wide_and_deep+lstm",
    "wide_and_deep",
)


@dataclasses.dataclass(frozen=True)
class Options:
    """Compare the networks."""

    data_folder: Path
    """Folder of the data sets."""

    results: Path
    """Finished runs, one JSON object a line."""

    only: tuple[str, ...] = (
        "banking77",
        "clinc150",
        "smp2017_ecdt",
        "twitter_fin_sentiment",
        "twitter_fin_topic",
    )
    """Names of data sets."""

    networks: tuple[str, ...] = NETWORKS
    """What to compare; "wide_and_deep+lstm" is wide_and_deep over another deep network."""

    seeds: int = 1
    """Trainings of each, on the same rows."""

    threads: int = 2
    """Threads of every process."""


def main(options: Options) -> None:
    """Runs what is not in the results yet, then prints the table."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[variable] = str(options.threads)
    done = read_results(options.results)
    for name in options.only:
        with tempfile.TemporaryDirectory() as folder:
            parts = DATA_SETS[name].read(options.data_folder)
            parts.pop("test")
            files = write_parts(parts, Path(folder))
            for network in options.networks:
                for seed in range(options.seeds):
                    if (name, network, seed) in {(r["data"], r["model"], r["seed"]) for r in done}:
                        continue
                    found = _train(name, network, seed, files, Path(folder))
                    done.append({"data": name, "model": network, "seed": seed, **found})
                    with options.results.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(done[-1], ensure_ascii=False) + "\n")
                    print(json.dumps(done[-1], ensure_ascii=False), flush=True)
    print(_table(done, options))


def _train(name: str, network: str, seed: int, files: dict[str, Path], folder: Path) -> dict:
    data = DATA_SETS[name]
    run = folder / f"{network}-{seed}"
    body, _, deep = network.partition("+")
    command = [sys.executable, "-m", f"apps.{data.app}", "train", "--no-baseline", "--refit", "no"]
    command += ["--data", str(files["train"]), "--test-fraction", "0", "--network", body]
    command += ["--network-arguments", json.dumps({"deep": deep} if deep else {})]
    if "validation" in files:
        command += ["--validation-data", str(files["validation"])]
    else:
        command += ["--validation-fraction", "0.2"]
    command += ["--seed", str(seed), "--split-seed", "0", "--run-dir", str(run)]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return {
        "validation": by_task(metrics["validation"], data.labels),
        "train_seconds": metrics["train_seconds"],
        "model_mb": (run / "model.keras").stat().st_size / 2**20,
    }


def _table(results: list[dict], options: Options) -> str:
    """Formats accuracy and macro-F1 of every network on every data set as Markdown."""
    lines = [
        "| network | " + " | ".join(options.only) + " | mean macro-F1 | seconds |",
        "|---" * (len(options.only) + 3) + "|",
    ]
    for network in options.networks:
        runs = [
            [r for r in results if (r["data"], r["model"]) == (name, network)]
            for name in options.only
        ]
        cells = [
            f"{spread(_scores(r, 'accuracy'))} / {spread(_scores(r, 'macro_f1'))}" for r in runs
        ]
        average = mean(mean(_scores(r, "macro_f1")) for r in runs)
        seconds = sum(mean(run["train_seconds"] for run in r) for r in runs)
        lines.append(f"| {network} | {' | '.join(cells)} | {average:.2f} | {seconds:.0f} |")
    return "\n".join(lines)


def _scores(runs: list[dict], metric: str) -> list[float]:
    return [100 * mean(task[metric] for task in run["validation"].values()) for run in runs]


if __name__ == "__main__":
    main(tyro.cli(Options))
