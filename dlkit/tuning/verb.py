"""The verb `tune`: a search in a folder of its own, and the run that comes of it."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from dlkit.errors import InputError
from dlkit.runs import RUNS
from dlkit.settings import Training, changed, from_json, to_json
from dlkit.training.run_folder import new_folder, read_json, write_json
from dlkit.tuning.console import SearchProgress, print_tables
from dlkit.tuning.options import Tune
from dlkit.tuning.oracle import make_oracle
from dlkit.tuning.page import write_search_page
from dlkit.tuning.retraining import land, retrain
from dlkit.tuning.search import Search
from dlkit.tuning.subject import Rows, Space, Subject
from dlkit.tuning.summary import search_summary, summary_tables
from dlkit.tuning.workers import InProcess, Processes, Request


def tune(subject: Subject, asked: Tune) -> Path:
    """Searches, trains the winner, and returns the folder of its run.

    Args:
        subject: What is searched for.
        asked: Its settings and how to search.

    Raises:
        InputError: The data, the settings or the options break a rule.
    """
    runs = RUNS / subject.name
    asked, folder = _asked(subject, asked, runs)
    settings, options = asked.settings, asked.search
    _check_test_data(settings)
    rows = subject.rows(settings)
    space = subject.space(rows, settings, options)
    folder = folder or _new_search(subject, asked, rows, runs)
    saved = read_json(folder / "search.json")
    if saved["rows"] != rows.digest:
        msg = "`--resume` needs the rows that the search began with, but the data has changed."
        raise InputError(msg + " Search without --resume.")
    search = _searched(subject, rows, space, options, folder)
    retrained = retrain(
        subject,
        search.settings_of(search.standings()[0]["trial"]),
        folder / "retrained",
        count=options.retrainings,
        objective=options.objective,
    )
    summary = search_summary(search, retrained)
    if "run" not in saved:
        saved["run"] = str(land(folder / "retrained", runs, retrained, search=folder))
    write_json(folder / "search.json", {**saved, **summary})
    write_search_page(folder / "search.html", search, summary)
    tables = summary_tables(summary, objective=options.objective, cost=options.cost)
    print_tables(Console(stderr=True), tables)
    _say(f"search: {folder}\npage: {folder / 'search.html'}\nrun: {saved['run']}")
    return Path(saved["run"])


def _searched(subject: Subject, rows: Rows, space: Space, options: Any, folder: Path) -> Search:
    """Runs what the budget lets in."""
    settings = space.settings
    oracle = make_oracle(options.tuner, space, seed=settings.seed, path=folder / "oracle.json")
    workers: InProcess | Processes = InProcess(rows, options)
    if options.processes > 1:
        workers = Processes(Request(subject, settings, options), options.processes)
    with SearchProgress(options) as progress:

        def show(record: Mapping[str, Any]) -> None:
            progress.show(record, trials=len(search.trials), seconds=search.seconds)

        search = Search(
            folder, space=space, oracle=oracle, workers=workers, options=options, show=show
        )
        try:
            search.run()
        finally:
            workers.close()
    return search


def _asked(subject: Subject, asked: Tune, runs: Path) -> tuple[Tune, Path | None]:
    """Returns what to do and, if the search exists, its folder."""
    settings, options = asked.settings, asked.search
    if not settings.resume:
        folder = settings.run_dir
        if folder is not None and (folder / "search.json").exists():
            msg = f"`--run-dir` must be a new folder. Received: {folder}, which holds a search. "
            raise InputError(msg + "Add --resume to go on with it, or name another.")
        return asked, None
    folders = [path.parent for path in sorted(runs.glob("*/search.json"))]
    folder = settings.run_dir or (folders[-1] if folders else runs / "TIME-search")
    if not (folder / "search.json").is_file():
        msg = f"`--run-dir` must be the folder of a search. Received: {folder}. "
        raise InputError(msg + "Search without --resume first.")
    saved = read_json(folder / "search.json")
    try:
        before = from_json(subject.settings, saved["settings"])
        lists = {k: tuple(v) for k, v in saved["search"].items() if isinstance(v, list)}
        search = type(options)(**{**saved["search"], **lists})
    except (KeyError, TypeError) as error:
        msg = f"`search.json` of {folder} has settings of another version: {error}."
        raise InputError(msg + " Search again.") from error
    if different := [*changed(settings, before), *changed(options, search)]:
        names = ", ".join(f"`--{name.replace('_', '-')}`" for name in different)
        msg = f"`--resume` goes on with the settings of {folder}. Received others: {names}."
        raise InputError(msg + " Leave them out, or search without --resume.")
    return Tune(before, search), folder


def _new_search(subject: Subject, asked: Tune, rows: Rows, runs: Path) -> Path:
    folder = asked.settings.run_dir
    try:
        folder = folder or new_folder(runs, "search")
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"`--run-dir` must be a folder that can be written. Received: {folder} ({error})."
        raise InputError(msg + " Name another.") from error
    content = {
        "app": subject.name,
        "settings": to_json(asked.settings),
        "search": dataclasses.asdict(asked.search),
        "rows": rows.digest,
    }
    write_json(folder / "search.json", content)
    return folder


def _check_test_data(settings: Training) -> None:
    """Finds a mistyped name now, not after the search; the rows are read at the end."""
    source: str | None = getattr(settings, "test_data", None)
    if source is not None and not source.startswith("tfds:") and not Path(source).exists():
        msg = f"`--test-data` must be a file or tfds:NAME. Received: {source}, which is not there."
        raise InputError(msg + " Correct the path.")


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
