"""Text classification from scratch, beside TF-IDF with linear models and fastText.

Each run of ours is `python -m apps.APP train` in a process of its own, with the same defaults for
all data. The peers learn from the same files: from all rows, since they choose nothing on a
validation share. Test rows are scored once. Finished runs are kept in `--results`, so that a
second call goes on where the first one stopped.

    python benchmarks/text_classification.py --data-folder DATA --results results.jsonl

The data folder holds the public sets by name; the README says where each comes from.
"""

import dataclasses
import gzip
import json
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, stdev

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import tyro


@dataclasses.dataclass(frozen=True)
class Options:
    """Compare on public data."""

    data_folder: Path
    """Folder of the data sets."""

    results: Path
    """Finished runs, one JSON object a line."""

    only: tuple[str, ...] = ()
    """Names of data sets; without it all."""

    seeds: int = 3
    """Runs of each network."""

    network: str = "wide_and_deep"
    """The network to train."""

    train_options: str = ""
    """More options of `train`, as on the command line, such as '--pretrained multilingual
    --freeze-encoder'."""

    peers: bool = True
    """Whether to train the peers too."""

    threads: int = 2
    """Threads of every process."""


@dataclasses.dataclass(frozen=True)
class DataSet:
    """A data set: how to read it, and the columns of its labels by task."""

    app: str
    read: Callable[[Path], dict[str, pa.Table]]
    labels: tuple[str, ...]


def _csv(path: Path, **columns: str) -> pa.Table:
    """Reads columns of a csv file as strings; `columns` maps new names to those in the file."""
    options = pa_csv.ConvertOptions(
        column_types={name: pa.string() for name in columns.values()},
        include_columns=list(columns.values()),
    )
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    table = pa_csv.read_csv(path, convert_options=options, parse_options=parse)
    return table.rename_columns(list(columns))


def _banking77(folder: Path) -> dict[str, pa.Table]:
    return {
        part: _csv(folder / "banking77" / f"{part}.csv.gz", text="text", label="category")
        for part in ("train", "test")
    }


def _clinc150(folder: Path) -> dict[str, pa.Table]:
    with gzip.open(folder / "clinc150" / "data_full.json.gz", "rt", encoding="utf-8") as file:
        parts = json.load(file)
    return {
        part: pa.table(
            {"text": [row[0] for row in parts[name]], "label": [r[1] for r in parts[name]]}
        )
        for part, name in (("train", "train"), ("validation", "val"), ("test", "test"))
    }


def _smp2017(folder: Path) -> dict[str, pa.Table]:
    files = {"train": "train", "validation": "develop", "test": "test"}
    return {
        part: _csv(folder / "smp2017_ecdt" / f"{name}.csv.gz", text="text", label="domain")
        for part, name in files.items()
    }


def _twitter(name: str, task: str) -> Callable[[Path], dict[str, pa.Table]]:
    def read(folder: Path) -> dict[str, pa.Table]:
        return {
            part: _csv(folder / name / f"{file}.csv.gz", text="text", **{task: "label"})
            for part, file in (("train", "train"), ("test", "valid"))
        }

    return read


def _twitter_both(folder: Path) -> dict[str, pa.Table]:
    """The rows of both sets, each with one of the two labels."""
    topic, sentiment = (
        _twitter(f"twitter_fin_{task}", task)(folder) for task in ("topic", "sentiment")
    )
    return {
        part: pa.concat_tables([topic[part], sentiment[part]], promote_options="default")
        for part in topic
    }


def _shopping(folder: Path) -> dict[str, pa.Table]:
    """Reviews without published splits: every fifth of the distinct ones is a test row."""
    path = folder / "zh_sentiment" / "online_shopping_10_cats.csv.gz"
    table = _csv(path, text="review", topic="cat", sentiment="label")
    text = pc.fill_null(pc.utf8_trim_whitespace(table["text"]), "")
    table = table.filter(pc.not_equal(text, ""))
    table = table.group_by("text", use_threads=False).aggregate(
        [("topic", "first"), ("sentiment", "first")]
    )
    table = table.rename_columns(["text", "topic", "sentiment"])
    fifth = pa.array([row % 5 == 0 for row in range(len(table))])
    return {"train": table.filter(pc.invert(fifth)), "test": table.filter(fifth)}


DATA_SETS = {
    "banking77": DataSet("intent", _banking77, ("label",)),
    "clinc150": DataSet("intent", _clinc150, ("label",)),
    "twitter_fin_sentiment": DataSet(
        "sentiment", _twitter("twitter_fin_sentiment", "sentiment"), ("sentiment",)
    ),
    "twitter_fin_topic": DataSet("sentiment", _twitter("twitter_fin_topic", "topic"), ("topic",)),
    "twitter_fin_both": DataSet("sentiment", _twitter_both, ("topic", "sentiment")),
    "smp2017_ecdt": DataSet("intent", _smp2017, ("label",)),
    "online_shopping_10_cats": DataSet("sentiment", _shopping, ("topic", "sentiment")),
}


def main(options: Options) -> None:
    """Runs what is not in the results yet, then prints the table."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[variable] = str(options.threads)
    done = read_results(options.results)
    for name in options.only or DATA_SETS:
        with tempfile.TemporaryDirectory() as folder:
            files = write_parts(DATA_SETS[name].read(options.data_folder), Path(folder))
            for model, seed, run in _runs(name, options):
                if (name, model, seed) in {(r["data"], r["model"], r["seed"]) for r in done}:
                    continue
                result = {"data": name, "model": model, "seed": seed, **run(files, Path(folder))}
                done.append(result)
                with options.results.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(result, ensure_ascii=False) + "\n")
                print(json.dumps(result, ensure_ascii=False), flush=True)
    print(_table(done))


def _runs(name: str, options: Options) -> Iterator[tuple[str, int, Callable]]:
    for seed in range(options.seeds):

        def ours(files: dict[str, Path], folder: Path, seed: int = seed) -> dict:
            return _train(DATA_SETS[name], options, seed, files, folder)

        yield f"{options.network} {options.train_options}".strip(), seed, ours
    if options.peers:
        for peer in ("svc", "logreg", "fasttext"):

            def theirs(files: dict[str, Path], folder: Path, peer: str = peer) -> dict:
                return _in_process(peer, DATA_SETS[name], files)

            yield peer, 0, theirs


def _train(
    data: DataSet, options: Options, seed: int, files: dict[str, Path], folder: Path
) -> dict:
    run = folder / f"{options.network}-{seed}"
    command = [sys.executable, "-m", f"apps.{data.app}", "train", "--no-baseline"]
    command += ["--data", str(files["train"]), "--test-data", str(files["test"])]
    if "validation" in files:
        command += ["--validation-data", str(files["validation"])]
    command += ["--network", options.network, "--seed", str(seed), "--run-dir", str(run)]
    command += shlex.split(options.train_options)
    start = time.perf_counter()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    return {
        "test": by_task(metrics["test"], data.labels),
        "validation": by_task(metrics["validation"], data.labels),
        "test_without_copies": by_task(metrics.get("test_without_copies", {}), data.labels),
        "seconds": seconds,
        "train_seconds": metrics["train_seconds"],
        "memory_mb": metrics["peak_memory_mb"],
        "model_mb": (run / "model.keras").stat().st_size / 2**20,
    }


def by_task(metrics: dict, labels: tuple[str, ...]) -> dict:
    """Names the task where a run has only one."""
    return metrics if len(labels) > 1 or not metrics else {labels[0]: metrics}


def _in_process(peer: str, data: DataSet, files: dict[str, Path]) -> dict:
    """Runs a peer in a process of its own, for its memory."""
    command = [
        sys.executable,
        __file__,
        "--peer",
        peer,
        json.dumps([str(files["train"]), str(files["test"]), data.labels]),
    ]
    process = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(process.stdout.splitlines()[-1])


def _peer(peer: str, arguments: str) -> None:
    from dlkit.data.validation import duplicate_rows

    train_path, test_path, labels = json.loads(arguments)
    result: dict = {"test": {}, "test_without_copies": {}, "seconds": 0.0, "model_mb": 0.0}
    for task in labels:
        train = pq.read_table(train_path, columns=["text", task]).to_pydict()
        test = pq.read_table(test_path, columns=["text", task]).to_pydict()
        fit = _fasttext if peer == "fasttext" else _linear
        start = time.perf_counter()
        predict, megabytes = fit(peer, train["text"], train[task])
        result["seconds"] += time.perf_counter() - start
        result["model_mb"] += megabytes
        answers = predict(test["text"])
        result["test"][task] = _scores(test[task], answers)
        copies = duplicate_rows(train["text"], test["text"])
        if copies.any():
            kept = [i for i, copy in enumerate(copies) if not copy]
            result["test_without_copies"][task] = _scores(
                [test[task][i] for i in kept], [answers[i] for i in kept]
            )
    result["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(result, ensure_ascii=False))


def _scores(labels: list[str], answers: list[str]) -> dict[str, float]:
    from sklearn.metrics import accuracy_score, f1_score

    return {
        "accuracy": float(accuracy_score(labels, answers)),
        "macro_f1": float(f1_score(labels, answers, average="macro", zero_division=0)),
    }


def _linear(peer: str, texts: list[str], labels: list[str]) -> tuple[Callable, float]:
    from dlkit.evaluation.baselines import TfidfBaseline

    model = TfidfBaseline(peer).fit(texts, labels)
    return lambda rows: model.predict(rows).tolist(), model.megabytes


def _fasttext(peer: str, texts: list[str], labels: list[str]) -> tuple[Callable, float]:
    from fasttext_peer import train_fasttext

    model = train_fasttext(texts, labels)
    return model.predict, model.megabytes


def write_parts(parts: dict[str, pa.Table], folder: Path) -> dict[str, Path]:
    """Writes the parts of a data set and returns their files."""
    paths = {}
    for part, table in parts.items():
        paths[part] = folder / f"{part}.parquet"
        pq.write_table(table, paths[part])
    return paths


def read_results(path: Path) -> list[dict]:
    """Returns the finished runs of a file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _table(results: list[dict]) -> str:
    """Formats mean and spread of every model on every task as Markdown."""
    lines = [
        "| data | model | accuracy | macro-F1 | without copies | seconds | peak MB | model MB |",
        "|---|---|---|---|---|---|---|---|",
    ]
    groups: dict[tuple[str, str, str], list[dict]] = {}
    for result in results:
        for task in result["test"]:
            groups.setdefault((result["data"], task, result["model"]), []).append(result)
    for (data, task, model), runs in groups.items():
        distinct = [run["test_without_copies"].get(task) for run in runs]
        cells = [
            f"{data}, {task}",
            f"{model}, {len(runs)} seeds" if len(runs) > 1 else model,
            spread([100 * run["test"][task]["accuracy"] for run in runs]),
            spread([100 * run["test"][task]["macro_f1"] for run in runs]),
            " / ".join(
                f"{100 * mean(scores[metric] for scores in distinct):.2f}"
                for metric in ("accuracy", "macro_f1")
            )
            if all(distinct)
            else "",
            f"{mean(run['seconds'] for run in runs):.0f}",
            f"{mean(run['memory_mb'] for run in runs):.0f}",
            f"{mean(run['model_mb'] for run in runs):.0f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def spread(values: list[float]) -> str:
    """Formats a mean and, of several values, their standard deviation."""
    if len(values) == 1:
        return f"{values[0]:.2f}"
    return f"{mean(values):.2f} ± {stdev(values):.2f}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        _peer(*sys.argv[2:])
    else:
        main(tyro.cli(Options))
