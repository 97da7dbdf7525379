"""The winner of a search, trained as `train` does, with several seeds."""

import dataclasses
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

import keras

from dlkit.settings import to_json
from dlkit.training.run_folder import new_folder, point_latest, read_json, write_json
from dlkit.tuning.subject import Subject
from dlkit.tuning.trial import objective_of

_PARTS = ("validation", "test", "test_without_copies")


class Retrained(NamedTuple):
    """The metrics of each seed, and the place of the one that becomes the run."""

    seeds: list[int]
    metrics: list[dict[str, Any]]
    best: int


def retrain(
    subject: Subject, settings: Any, folder: Path, *, count: int, objective: str
) -> Retrained:
    """Trains with several seeds on the same split; what is done already stays.

    Args:
        subject: What trains.
        settings: Those of the winner, with the seed of the search.
        folder: Gets a run for each seed.
        count: How many seeds.
        objective: What picks the best seed, on validation.

    Returns:
        What came of each seed.
    """
    seeds = [(settings.seed + number) % 2**31 for number in range(count)]
    metrics = []
    for seed in seeds:
        chosen = dataclasses.replace(
            settings, seed=seed, split_seed=settings.seed_of_splits, run_dir=None, resume=False
        )
        metrics.append(_trained(subject, chosen, folder / f"seed-{seed}"))
    scores = [objective_of(found["validation"], objective) for found in metrics]
    return Retrained(seeds, metrics, scores.index(max(scores)))


def land(folder: Path, runs: Path, retrained: Retrained, *, search: Path) -> Path:
    """Makes the best seed an ordinary run, the latest one.

    Args:
        folder: Of the runs of all seeds.
        runs: Where runs are kept.
        retrained: What came of each seed.
        search: The folder of the search, which the run's `metrics.json` names.

    Returns:
        The folder of the run.
    """
    source = folder / f"seed-{retrained.seeds[retrained.best]}"
    network = read_json(source / "config.json")["settings"]["network"]
    target = new_folder(runs, network)
    staged = target.with_name(f".{target.name}")  # so that the run appears whole
    shutil.copytree(source, staged, copy_function=_link)
    metrics = read_json(source / "metrics.json")
    summary = {"folder": str(search), "seeds": retrained.seeds, **summarize(retrained.metrics)}
    write_json(staged / "metrics.json", {**metrics, "search": summary})
    staged.rename(target)
    point_latest(runs, target)
    return target


def summarize(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Returns the mean and the spread of every number of validation and test.

    Returns:
        For each part the numbers by name (and by head), each `{"mean": m, "spread": s}`, where the
        spread is the standard deviation over the seeds, None for a single one.
    """
    parts = {part: [found[part] for found in metrics if part in found] for part in _PARTS}
    return {part: _spread(found) for part, found in parts.items() if found}


def _spread(found: Sequence[Any]) -> Any:
    if isinstance(found[0], Mapping):
        return {name: _spread([one[name] for one in found if name in one]) for name in found[0]}
    return {"mean": mean(found), "spread": stdev(found) if len(found) > 1 else None}


def _trained(subject: Subject, settings: Any, folder: Path) -> dict[str, Any]:
    if (folder / "report.html").exists():  # the last file that a training writes
        return read_json(folder / "metrics.json")
    keras.backend.clear_session()
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / "config.json", {"app": subject.name, "settings": to_json(settings)})
    resumed = dataclasses.replace(settings, resume=(folder / "checkpoint.npz").exists())
    return subject.train(resumed, folder)


def _link(source: str, target: str) -> None:
    """Shares the file between both folders where the file system can, else copies it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
