"""The recommender beside popularity, item-kNN, EASE and iALS, on the same splits.

goodbooks-10k: ratings of 4 and 5 are positives, of users with at least 5; a fifth of each user's
tests, a tenth of the rest validates. The same with a tenth of the books hidden and ranked among
themselves. ml-100k: the last event of each user tests, the one before it validates. The split has
seed 0 in every run. Every setting is chosen in validation, those of the peers too; then all learn
once more from training and validation together. Each run has a process of its own, for its memory.

    python benchmarks/recommender.py --data-folder DATA --results FOLDER

Finished runs are kept in `--results`, so that a second call goes on where the first one stopped.
iALS is that of `implicit` (pip install "dlkit[benchmark]").
"""

import csv
import dataclasses
import gzip
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import tyro

_PEERS: dict[str, list[dict[str, Any]]] = {
    "popularity": [{}],
    "item_knn": [{"neighbours": n, "shrinkage": s} for n in (50, 200) for s in (0.0, 10.0)],
    "ease": [{"regularization": r} for r in (50.0, 100.0, 200.0, 400.0)],
    "ials": [
        {"factors": f, "regularization": r, "alpha": a}
        for f in (64, 256)
        for r, a in ((0.01, 1.0), (0.1, 1.0), (0.1, 10.0), (1.0, 10.0))
    ],
    "text_profile": [{}],
}
_DATA: dict[str, dict[str, Any]] = {
    "ml-100k": {
        "text_columns": "title",
        "tag_columns": "genres",
        "time_column": "time",
        "split": "leave-one-out",
    },
    "goodbooks": {
        "text_columns": "title",
        "tag_columns": "authors",
        "rating_column": "rating",
        "min_rating": 4.0,
        "min_user_events": 5,
        "split": "per-user",
    },
}
_DATA["goodbooks-cold"] = {**_DATA["goodbooks"], "split": "items", "test_fraction": 0.1}
_MEASURES = {
    "ml-100k": ("hit_rate@10", "ndcg@10"),
    "goodbooks": ("recall@20", "ndcg@10"),
    "goodbooks-cold": ("recall@20", "ndcg@10"),
}
_RIVAL = {"ml-100k": "ease", "goodbooks": "ease", "goodbooks-cold": "text_profile"}


@dataclasses.dataclass(frozen=True)
class Options:
    """Compare on public data."""

    data_folder: Path
    """Folder of goodbooks-10k and ml-100k."""

    results: Path
    """Folder of finished runs."""

    only: tuple[str, ...] = ()
    """Names of data sets; without it all."""

    seeds: int = 3
    """Runs of the recommender."""

    threads: int = 2
    """Threads of every process."""


def main(options: Options) -> None:
    """Runs what is not in the results yet, then prints the tables."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[variable] = str(options.threads)
    options.results.mkdir(parents=True, exist_ok=True)
    _write_data(options.data_folder, options.results / "data")
    for data in options.only or _DATA:
        for run in _runs(data, options):
            if run not in [found["run"] for found in _finished(options.results)]:
                _in_own_process(run, options.results)
        _test_peers(data, options)
    for data in options.only or _DATA:
        print(_table(data, options.results), end="\n\n")


def _runs(data: str, options: Options) -> Iterator[dict[str, Any]]:
    """Yields our runs, and those of the peers in validation."""
    for seed in range(options.seeds):
        yield {"data": data, "model": "dlkit", "seed": seed}
    for model, settings in _peers(data).items():
        for setting in settings if len(settings) > 1 else ():
            yield {"data": data, "model": model, "setting": setting, "part": "validation"}


def _peers(data: str) -> dict[str, list[dict[str, Any]]]:
    cold = data == "goodbooks-cold"
    if not cold:
        return {name: settings for name, settings in _PEERS.items() if name != "text_profile"}
    return {"text_profile": _PEERS["text_profile"]}


def _test_peers(data: str, options: Options) -> None:
    """Tests each peer with the setting that was best in validation."""
    for model, settings in _peers(data).items():

        def quality(setting: dict[str, Any], model: str = model) -> float:
            run = {"data": data, "model": model, "setting": setting, "part": "validation"}
            [found] = [f for f in _finished(options.results) if f["run"] == run]
            return sum(found["measures"][name] for name in _MEASURES[data])

        best = max(settings, key=quality) if len(settings) > 1 else settings[0]
        run = {"data": data, "model": model, "setting": best, "part": "test"}
        if run not in [found["run"] for found in _finished(options.results)]:
            _in_own_process(run, options.results)


def _in_own_process(run: dict[str, Any], results: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_measure, args=(run, results))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)


def _measure(run: dict[str, Any], results: Path) -> None:
    """Carries one run out, and keeps what it found."""
    from dlkit.evaluation.ranked_lists import measures
    from dlkit.training.memory import peak_memory_mb

    start = time.monotonic()
    lists, more = (_ours if run["model"] == "dlkit" else _peer)(run, results)
    by_case = {name: lists.by_case()[name].astype(np.float32) for name in _MEASURES[run["data"]]}
    found = {
        "run": run,
        "measures": measures(lists),
        "seconds": round(time.monotonic() - start, 1),
        "peak_mb": peak_memory_mb(),
        **more,
    }
    finished = _finished(results)
    np.savez(results / f"cases-{len(finished)}.npz", **by_case)
    with (results / "results.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(found) + "\n")
    print(json.dumps({name: found[name] for name in found if name != "more"}), flush=True)


def _settings(data: str, seed: int) -> Any:
    from dlkit.training.retrieval.settings import RetrievalTraining

    return RetrievalTraining(**_DATA[data], seed=seed, split_seed=0, baseline=False)


def _sources(data: str, results: Path) -> tuple[list[str], list[str]]:
    name = data.removesuffix("-cold")
    folder = results / "data"
    return [str(folder / f"{name}-items.jsonl")], [str(folder / f"{name}-events.csv")]


def _ours(run: dict[str, Any], results: Path) -> tuple[Any, dict[str, Any]]:
    from dlkit.training.retrieval.assembly import rank_cases
    from dlkit.training.retrieval.data import load_retrieval_data
    from dlkit.training.retrieval.train import train_retrieval

    settings = _settings(run["data"], run["seed"])
    sources = _sources(run["data"], results)
    folder = results / "runs" / f"{run['data']}-{run['seed']}"
    settings = dataclasses.replace(settings, resume=(folder / "checkpoint.npz").exists())
    trained = train_retrieval(settings, *sources, folder)
    test = load_retrieval_data(settings, *sources).test
    lists = rank_cases(trained.model.get_layer("item_scores"), test)
    seconds = trained.metrics["train_seconds"]
    peak = trained.metrics["peak_memory_mb"]
    return lists, {"seconds": seconds, "peak_mb": peak, "more": trained.metrics}


def _peer(run: dict[str, Any], results: Path) -> tuple[Any, dict[str, Any]]:
    from dlkit.evaluation.ranked_lists import rank
    from dlkit.training.retrieval.data import load_retrieval_data

    settings = _settings(run["data"], 0)
    data = load_retrieval_data(settings, *_sources(run["data"], results))
    items, tested = len(data.items.ids), run["part"] == "test"
    cases = data.test if tested else data.split.cases("validation")
    matrix = data.split.training(with_validation=tested).matrix(items)
    given, wanted = cases.given.matrix(items), cases.wanted.matrix(items)
    start = time.monotonic()
    scorer = _scorer(run["model"], run["setting"], matrix, data.items)
    seconds = round(time.monotonic() - start, 1)
    lists = rank(
        lambda rows: scorer(given[rows]), given=given, wanted=wanted, candidates=cases.candidates
    )
    return lists, {"seconds": seconds}


def _scorer(
    model: str, setting: dict[str, Any], matrix: Any, items: Any
) -> Callable[[Any], np.ndarray]:
    from dlkit.evaluation import retrieval_baselines

    if model == "ials":
        return _ials(matrix, **setting)
    if model == "text_profile":
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts = [
            f"{text} {' '.join(tags)}" for text, tags in zip(items.texts, items.tags, strict=True)
        ]
        terms = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True).fit_transform(
            texts
        )
        return lambda given: ((given @ terms) @ terms.T).toarray()
    return getattr(retrieval_baselines, f"{model}_scorer")(matrix, **setting)


def _ials(
    matrix: Any, *, factors: int, regularization: float, alpha: float
) -> Callable[[Any], np.ndarray]:
    """Factors a new user from their history, as all our models do."""
    from implicit.als import AlternatingLeastSquares

    model = AlternatingLeastSquares(
        factors=factors, regularization=regularization, alpha=alpha, iterations=15, random_state=0
    )
    model.fit(matrix, show_progress=False)

    def score(given: Any) -> np.ndarray:
        users = model.recalculate_user(np.arange(given.shape[0]), given)
        return users @ model.item_factors.T

    return score


def _finished(results: Path) -> list[dict[str, Any]]:
    path = results / "results.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _table(data: str, results: Path) -> str:
    """Formats what was measured, and the interval of our lead over users, as Markdown."""
    from dlkit.evaluation.ranked_lists import bootstrap_interval

    rows: dict[str, list[tuple[int, dict[str, Any]]]] = {}
    for place, found in enumerate(_finished(results)):
        if found["run"]["data"] == data and found["run"].get("part") != "validation":
            rows.setdefault(found["run"]["model"], []).append((place, found))
    names = _MEASURES[data]
    lines = [f"| {data} | {' | '.join(names)} | seconds | peak MB |", "|---" * 5 + "|"]
    for model, runs in rows.items():
        cells = [_spread([found["measures"][name] for _, found in runs]) for name in names]
        seconds = mean(found["seconds"] for _, found in runs)
        peak = max(found["peak_mb"] for _, found in runs)
        lines.append(f"| {model} | {' | '.join(cells)} | {seconds:.0f} | {peak:.0f} |")
    if {"dlkit", _RIVAL[data]} <= rows.keys():
        for name in names:
            ours, theirs = (
                np.mean([np.load(results / f"cases-{place}.npz")[name] for place, _ in rows[m]], 0)
                for m in ("dlkit", _RIVAL[data])
            )
            low, high = bootstrap_interval(ours - theirs)
            lead = ours.mean() / theirs.mean() - 1
            interval = f"difference {low:+.4f} to {high:+.4f} with 95 %"
            lines.append(f"\n{name}: {lead:+.1%} against {_RIVAL[data]}, {interval}")
    return "\n".join(lines)


def _spread(values: list[float]) -> str:
    spread = f" ± {stdev(values):.4f}" if len(values) > 1 else ""
    return f"{mean(values):.4f}{spread}"


def _write_data(source: Path, target: Path) -> None:
    """Writes the public files in the form that the application reads."""
    if target.exists():
        return
    partial = target.with_name(".new-data")
    partial.mkdir(exist_ok=True)
    movies, books = source / "ml-100k", source / "goodbooks-10k"
    genres = [line.split("|")[0] for line in (movies / "u.genre").read_text().splitlines() if line]
    with gzip.open(movies / "u.item.gz", "rt", encoding="latin-1") as file:
        fields = [line.rstrip("\n").split("|") for line in file]
    items = [
        {
            "item_id": number,
            "title": title,
            "genres": ",".join(g for g, flag in zip(genres, flags, strict=True) if flag == "1"),
        }
        for number, title, _, _, _, *flags in fields
    ]
    _write_items(partial / "ml-100k-items.jsonl", items)
    with gzip.open(movies / "u.data.gz", "rt") as file:
        lines = ["user_id,item_id,rating,time", *(",".join(line.split()) for line in file)]
    (partial / "ml-100k-events.csv").write_text("\n".join(lines) + "\n")
    with gzip.open(books / "books.csv.gz", "rt", encoding="utf-8") as file:
        items = [
            {"item_id": row["book_id"], "title": row["title"], "authors": row["authors"]}
            for row in csv.DictReader(file)
        ]
    _write_items(partial / "goodbooks-items.jsonl", items)
    with gzip.open(books / "ratings_v1.csv.gz", "rt") as file:
        header, *lines = file.read().splitlines()
    header = header.replace("book_id", "item_id")
    (partial / "goodbooks-events.csv").write_text("\n".join([header, *lines]) + "\n")
    partial.rename(target)


def _write_items(path: Path, items: list[dict[str, str]]) -> None:
    lines = [json.dumps(item, ensure_ascii=False) for item in items]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(tyro.cli(Options))
