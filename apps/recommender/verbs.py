"""What the verbs of recommendations do."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from apps.recommender.rules import DIVERSITY, Rules
from dlkit.errors import InputError
from dlkit.runs import existing_run, load_model, saved_settings, start_run
from dlkit.serving.command import Serve
from dlkit.serving.command import serve as serve_model
from dlkit.training.retrieval.settings import RetrievalTraining
from dlkit.tuning.options import Tune

if TYPE_CHECKING:
    from starlette.routing import Route

    from apps.recommender.recommender import Recommender
    from dlkit.serving.versions import Version

_APP = "recommender"
_SAMPLE = Path(__file__).parent / "sample"


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Measure a run on events of its users that it has not learned from."""

    events: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Files of events to find, with the columns that the run was trained with. Without it, the
    test of the run again, and beside it the lists that `recommend` makes, with their diversity."""

    run: Path | None = None
    """Folder of the run; without it runs/recommender/latest."""

    diversity: float = DIVERSITY
    """The dial of `recommend`."""


@dataclasses.dataclass(frozen=True)
class Recommend:
    """Recommend items to a user: one JSON object an item, the best first."""

    user: str | None = None
    """A user of the run."""

    history: str | None = None
    """Ids of items, separated by commas, oldest first; "" is a user of whom nothing is known."""

    k: int = 20
    """How many items."""

    diversity: float = DIVERSITY
    """From 0, the best by score, to 1, the most different from each other."""

    quota: int | None = None
    """Most items of one category."""

    allow: str | None = None
    """Ids of the only items that may be recommended, separated by commas, or @FILE with one a
    line."""

    deny: str | None = None
    """Ids of items that must not be recommended, likewise."""

    new_items: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Items that came after the training, with the same columns: they stand on their texts."""

    run: Path | None = None
    """Folder of the run; without it runs/recommender/latest."""

    def __post_init__(self) -> None:
        if (self.user is None) == (self.history is None):
            raise InputError("`--user` or `--history` must be given, and not both. Give one.")
        for name in ("k", "quota"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"`--{name}` must be at least 1. Received: {value}.")
        if not 0 <= self.diversity <= 1:
            raise InputError(f"`--diversity` must be from 0 to 1. Received: {self.diversity}.")


@dataclasses.dataclass(frozen=True)
class Similar:
    """Name the items that are most like one: one JSON object an item."""

    item: tyro.conf.Positional[str]
    """Id of the item."""

    k: int = 10
    """How many."""

    new_items: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Items that came after the training, with the same columns: they stand on their texts."""

    run: Path | None = None
    """Folder of the run; without it runs/recommender/latest."""

    def __post_init__(self) -> None:
        if self.k < 1:
            raise InputError(f"`--k` must be at least 1. Received: {self.k}.")


@dataclasses.dataclass(frozen=True)
class Export:
    """Write a SavedModel for TensorFlow Serving; the last line printed is its path."""

    new_items: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Items that came after the training, with the same columns: they stand on their texts."""

    run: Path | None = None
    """Folder of the run; without it runs/recommender/latest."""

    output: Path = Path("saved_models")
    """Where OUTPUT/recommender/VERSION is written."""

    version: int | None = None
    """A new positive number; without it the next one."""


@dataclasses.dataclass(frozen=True)
class ServeWithLists(Serve):
    """Answer over HTTP as TensorFlow Serving does, with a page to try it; lists at /lists."""

    run: Path | None = None
    """Folder of a run whose lists are served, with rules, variety and reasons; without it, /lists
    is not served."""

    new_items: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Items that came after the training, in the lists."""


def train(settings: RetrievalTraining) -> Path:
    """Trains a recommender and returns its run folder."""
    folder, settings = start_run(_APP, settings)
    from dlkit.training.retrieval.train import train_retrieval
    from dlkit.training.run_folder import discard_run

    try:
        trained = train_retrieval(settings, *sources(settings), folder)
    except InputError:
        if not settings.resume:
            discard_run(folder)
        raise
    _print_report(trained.metrics)
    _say(f"run: {folder}\nreport: {folder / 'report.html'}")
    return folder


def tune(options: Tune) -> Path:
    """Searches, trains the winner, and returns the folder of its run."""
    from dlkit.tuning import verb
    from dlkit.tuning.retrieval_subject import RetrievalSubject

    return verb.tune(RetrievalSubject(_APP, sources), options)


def evaluate(options: Evaluate) -> None:
    """Measures a run and prints the metrics as JSON."""
    from apps.recommender.evaluation import evaluate_run

    folder, settings = _run(options.run)
    metrics = evaluate_run(
        folder,
        settings,
        sources(settings),
        load_model(folder),
        events=options.events,
        diversity=options.diversity,
    )
    _print_report(metrics)
    _say(json.dumps(metrics, ensure_ascii=False))


def recommend(options: Recommend) -> None:
    """Prints what a user should see, and why."""
    recommender = _recommender(options.run, options.new_items)
    if options.user is not None:
        history = recommender.history_of(options.user)
    else:
        history = recommender.numbers(_names(options.history or ""), option="--history")
    allow, deny = (
        None if given is None else frozenset(recommender.numbers(_names(given), option=option))
        for given, option in ((options.allow, "--allow"), (options.deny, "--deny"))
    )
    rules = Rules(allow, deny or frozenset(), options.quota, options.diversity)
    for line in recommender.recommend(history, rules, size=options.k):
        _say(json.dumps(line, ensure_ascii=False))


def similar(options: Similar) -> None:
    """Prints the items that are most like one."""
    recommender = _recommender(options.run, options.new_items)
    number = recommender.number(options.item, option="ITEM")
    for line in recommender.similar(number, size=options.k):
        _say(json.dumps(line, ensure_ascii=False))


def export(options: Export) -> None:
    """Writes a SavedModel and prints its path."""
    from dlkit.serving.retrieval_export import export_retrieval

    recommender = _recommender(options.run, options.new_items)
    path = export_retrieval(
        recommender.model,
        options.output / _APP,
        version=options.version,
        ids=recommender.items.ids,
    )
    _say(str(path))


def serve(options: ServeWithLists) -> None:
    """Serves the model, and the lists of a run beside it."""
    if options.run is None:
        if options.new_items:
            msg = "`--new-items` must be given with `--run`: the exported model has its own. "
            raise InputError(f"{msg}Received: {', '.join(options.new_items)} alone.")
        serve_model(_APP, options)
        return
    recommender = _recommender(options.run, options.new_items)

    def routes(version: "Version") -> "Sequence[Route]":
        from apps.recommender.endpoint import list_routes

        return list_routes(recommender, max_body=options.max_body)

    serve_model(_APP, options, routes)


def sources(settings: RetrievalTraining) -> tuple[list[str], list[str]]:
    """Returns the files of items and events, those of the sample where none are named.

    Raises:
        InputError: One of the two is missing.
    """
    if bool(settings.items) != bool(settings.events):
        msg = "`--items` and `--events` must be given together, or neither for the sample. "
        raise InputError(f"{msg}Received: {settings.items or settings.events} alone.")
    if settings.items:
        return list(settings.items), list(settings.events)
    return [str(_SAMPLE / "items.jsonl")], [str(_SAMPLE / "events.jsonl")]


def _names(given: str) -> list[str]:
    if given.startswith("@"):
        try:
            text = Path(given[1:]).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"`@FILE` must be a readable file. Received: {error}.") from error
        return text.split("\n")
    return given.split(",")


def _run(run: Path | None) -> tuple[Path, RetrievalTraining]:
    folder = existing_run(_APP, run)
    settings = saved_settings(_APP, RetrievalTraining, folder)
    import dlkit.training.retrieval.train  # noqa: F401  (the layers that a model is made of)

    return folder, settings


def _recommender(run: Path | None, new_items: Sequence[str]) -> "Recommender":
    folder, settings = _run(run)
    from apps.recommender.recommender import Recommender

    return Recommender(folder, load_model(folder), settings, new_items)


def _print_report(metrics: dict[str, Any]) -> None:
    from rich.console import Console

    from dlkit.evaluation.report import print_report

    print_report(Console(stderr=True), metrics=metrics, predictions=[])


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
