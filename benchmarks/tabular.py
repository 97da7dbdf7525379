"""The ensemble of small networks over tables, beside gradient boosting and a linear model.

Five folds of each data set are the test rows in turn. All defaults are those of
`python -m apps.tabular train`, the same for all data, and so are the two baselines: both choose
their settings within the training rows. The data sets of scikit-learn need no file;
goodbooks-10k does. There the average rating of a book is learned from the other columns, but for
those that are another form of it (how many readers gave each number of stars) and for ids and
links. Each data set has a process of its own, for its memory.

    python benchmarks/tabular.py --data-folder DATA --results results.jsonl

Finished folds are kept in `--results`, so that a second call goes on where the first one stopped.
"""

import dataclasses
import gzip
import json
import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import tyro

_MODELS = {"test": "ensemble", "baseline": "boosting", "linear": "linear"}
_FOLDS = 5
_LEFT_OUT = (
    *("book_id", "goodreads_book_id", "best_book_id", "work_id", "isbn", "isbn13"),
    *("image_url", "small_image_url", *(f"ratings_{stars}" for stars in range(1, 6))),
)


@dataclasses.dataclass(frozen=True)
class Options:
    """Compare on public data."""

    results: Path
    """Finished folds, one JSON object a line."""

    data_folder: Path | None = None
    """Folder of goodbooks-10k; without it that data set is left out."""

    only: tuple[str, ...] = ()
    """Names of data sets; without it all."""

    threads: int = 1
    """Threads of every process."""


def main(options: Options) -> None:
    """Runs what is not in the results yet, then prints the tables."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[variable] = str(options.threads)
    names = ["diabetes", "breast_cancer", "wine", "digits"]
    names += ["goodbooks"] if options.data_folder else []
    for name in options.only or names:
        process = multiprocessing.get_context("spawn").Process(target=_run, args=(name, options))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(process.exitcode)
    results = _read(options.results)
    print(_table(results), _summary(results), sep="\n\n")


def _run(name: str, options: Options) -> None:
    done = {result["fold"] for result in _read(options.results) if result["data"] == name}
    for fold, (train, test) in enumerate(_folds(_rows(name, options.data_folder))):
        if fold in done:
            continue
        result = {"data": name, "fold": fold, **_measured(train, test)}
        with options.results.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result) + "\n")
        print(json.dumps(result), flush=True)


def _rows(name: str, folder: Path | None) -> pa.Table:
    if name != "goodbooks":
        from dlkit.data.bundled import read_bundled

        return read_bundled(f"sklearn:{name}")
    with gzip.open(folder / "goodbooks-10k" / "books.csv.gz") as file:
        table = pa_csv.read_csv(file)
    table = table.drop_columns(list(_LEFT_OUT))
    return table.rename_columns(
        ["target" if column == "average_rating" else column for column in table.column_names]
    )


def _folds(table: pa.Table) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Yields training and test rows; classes have the same share in every fold."""
    from sklearn.model_selection import KFold, StratifiedKFold

    target = np.array([str(value) for value in table["target"].to_pylist()])
    few = len(np.unique(target)) <= 20
    folds = (StratifiedKFold if few else KFold)(_FOLDS, shuffle=True, random_state=0)
    for train, test in folds.split(target, target):
        yield table.take(train), table.take(test)


def _measured(train: pa.Table, test: pa.Table) -> dict:
    from dlkit.settings import TableTraining
    from dlkit.training.table import train_table_model

    with tempfile.TemporaryDirectory() as folder:
        paths = {part: str(Path(folder, f"{part}.parquet")) for part in ("train", "test")}
        pq.write_table(train, paths["train"])
        pq.write_table(test, paths["test"])
        settings = TableTraining(test_data=paths["test"])
        run = Path(folder, "run")
        metrics = train_table_model(settings, [paths["train"]], run).metrics
        megabytes = (run / "model.keras").stat().st_size / 2**20
    return {**metrics, "model_mb": megabytes}


def _read(path: Path) -> list[dict]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _metric(results: list[dict]) -> str:
    return "rmse" if "rmse" in results[0]["test"] else "accuracy"


def _table(results: list[dict]) -> str:
    """Formats mean and spread over the folds as Markdown."""
    head = "| data | metric | ensemble | boosting | linear | coverage of 90 % | seconds | peak MB |"
    lines = [f"{head} model MB |", "|---|---|---|---|---|---|---|---|---|"]
    for data, runs in _by_data(results).items():
        metrics = [_metric(runs), *(["log_loss"] if _metric(runs) == "accuracy" else [])]
        for metric in metrics:
            scores = [_spread([run[part][metric] for run in runs]) for part in _MODELS]
            covered = [run["test"].get("coverage") for run in runs]
            rows = [run["baseline"]["seconds"] for run in runs]
            seconds = f"{mean(run['train_seconds'] for run in runs):.0f} / {mean(rows):.1f}"
            cells = [
                f"{data}, {len(runs)} folds",
                metric,
                *scores,
                "" if None in covered else f"{100 * mean(covered):.1f} %",
                seconds,
                f"{max(run['peak_memory_mb'] for run in runs):.0f}",
                f"{mean(run['model_mb'] for run in runs):.1f}",
            ]
            lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _summary(results: list[dict]) -> str:
    """Says the mean ranks: by RMSE or accuracy of each data set, and of each fold."""
    ranks: dict[str, list[float]] = {"data sets": [], "folds": []}
    from scipy.stats import rankdata

    for runs in _by_data(results).values():
        metric = _metric(runs)
        sign = 1 if metric == "rmse" else -1
        scores = np.array([[sign * run[part][metric] for part in _MODELS] for run in runs])
        ranks["data sets"].append(rankdata(scores.mean(0).round(9)))
        ranks["folds"].extend(rankdata(scores.round(9), axis=1))
    lines = [
        f"mean rank over {len(rows)} {what}: "
        + ", ".join(
            f"{model} {rank:.2f}"
            for model, rank in zip(_MODELS.values(), np.mean(rows, 0), strict=True)
        )
        for what, rows in ranks.items()
    ]
    return "\n".join(lines)


def _by_data(results: list[dict]) -> dict[str, list[dict]]:
    groups: dict[str, list[dict]] = {}
    for result in results:
        groups.setdefault(result["data"], []).append(result)
    return groups


def _spread(values: list[float]) -> str:
    digits = 2 if mean(values) > 10 else 4
    if len(values) == 1:
        return f"{values[0]:.{digits}f}"
    return f"{mean(values):.{digits}f} ± {stdev(values):.{digits}f}"


if __name__ == "__main__":
    main(tyro.cli(Options))
