"""Searches of recommenders."""

import dataclasses
import json
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras_tuner

from dlkit.networks import causal_attention, set_encoder
from dlkit.training.retrieval.data import load_retrieval_data
from dlkit.training.retrieval.fit import network_of, recipe_of
from dlkit.training.retrieval.settings import RetrievalTraining
from dlkit.training.retrieval.train import learn_from, train_retrieval
from dlkit.tuning.options import RankingSearch
from dlkit.tuning.trial import Job, objective_of, run_guarded

Sources = Callable[[RetrievalTraining], tuple[list[str], list[str]]]
_SPACES = {
    "set_encoder": set_encoder.search_space,
    "causal_attention": causal_attention.search_space,
}


class RetrievalSubject:
    """What a search of a recommender is about, see `Subject`.

    Args:
        name: That of the application.
        sources: Names the files of items and events.
    """

    settings = RetrievalTraining

    def __init__(self, name: str, sources: Sources) -> None:
        self.name, self.sources = name, sources

    def rows(self, settings: RetrievalTraining) -> "RetrievalRows":
        """Reads items and events."""
        return RetrievalRows(settings, self.sources(settings))

    def space(
        self, rows: "RetrievalRows", settings: RetrievalTraining, options: RankingSearch
    ) -> "RetrievalSpace":
        """Says what may change."""
        return RetrievalSpace(settings, rows)

    def train(self, settings: RetrievalTraining, folder: Path) -> dict[str, Any]:
        """Trains on all events but the test."""
        return train_retrieval(settings, *self.sources(settings), folder).metrics


class RetrievalRows:
    """Events read once, without those of the test; all trials share their validation."""

    def __init__(self, settings: RetrievalTraining, sources: tuple[list[str], list[str]]) -> None:
        data = load_retrieval_data(settings, *sources)
        self.data = data._replace(test=None)
        self.digest = data.digest()

    def run(self, job: Job, options: RankingSearch) -> dict[str, Any]:
        """Trains a job and measures it in validation."""
        return run_guarded(job, lambda: self._train(job.settings, options))

    def _train(self, settings: RetrievalTraining, options: RankingSearch) -> dict[str, Any]:
        settings = dataclasses.replace(settings, refit=False, ranking=False, resume=False)
        with tempfile.TemporaryDirectory() as folder:
            _, metrics, history, _ = learn_from(settings, self.data, Path(folder))
        objective = objective_of(metrics["validation"], options.objective)
        return {
            "status": "completed",
            "score": objective,
            "objective": objective,
            "cost": None,
            "metrics": metrics["validation"],
            "history": history,
        }


class RetrievalSpace:
    """What may change in the training of a recommender; what was given is kept.

    Args:
        settings: Where the search starts from.
        rows: What it learns from.
    """

    def __init__(self, settings: RetrievalTraining, rows: RetrievalRows) -> None:
        in_order = rows.data.in_order
        users = len(rows.data.split.training())
        self._recipe = recipe_of(settings, users, in_order=in_order)
        self._network = network_of(settings, in_order=in_order)
        # the test is part of the split, which no seed may change
        self.settings = dataclasses.replace(settings, split_seed=settings.seed_of_splits)
        self._free = {
            field.name
            for field in dataclasses.fields(settings)
            if getattr(settings, field.name) == getattr(RetrievalTraining(), field.name)
        }
        self.hyperparameters = keras_tuner.HyperParameters()
        self._changes(self.hyperparameters)

    @property
    def epochs(self) -> int:
        """How many the defaults train for, at most."""
        return self._recipe.epochs

    @property
    def defaults(self) -> dict[str, Any]:
        """The values that stand for the settings as they are."""
        return dict(self.hyperparameters.values)

    def settings_of(self, values: Mapping[str, Any]) -> RetrievalTraining:
        """Returns the settings that values of the hyperparameters stand for."""
        changes: dict[str, Any] = {}
        if any(values.get(name) != value for name, value in self.defaults.items()):
            hp = self.hyperparameters.copy()
            hp.values = dict(values)
            changes = self._changes(hp)
        if "tuner/epochs" in values:  # Hyperband's
            changes["epochs"] = values["tuner/epochs"]
        return dataclasses.replace(self.settings, **changes)

    def _changes(self, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
        """Declares the settings that are free, and returns their values."""
        suited = self._recipe

        def rate() -> float:
            factor = hp.Float("relative_learning_rate", 0.2, 3, sampling="log", default=1.0)
            return suited.learning_rate * factor

        def batch_size() -> int:
            factor = hp.Choice("relative_batch_size", [0.5, 1.0, 2.0], default=1.0)
            return max(1, round(suited.batch_size * factor))

        spaces: dict[str, Callable[[], Any]] = {
            "dim": lambda: hp.Choice("dim", [64, 128, 256], default=128),
            "id_dropout": lambda: hp.Float("id_dropout", 0.0, 0.5, step=0.1, default=0.1),
            "history": lambda: hp.Choice("history", [50, 100, 200], default=100),
            "learning_rate": rate,
            "batch_size": batch_size,
            "weight_decay": lambda: hp.Choice("weight_decay", [0.0, 0.001, 0.01], default=0.0),
        }
        if self._network in _SPACES:
            arguments = _SPACES[self._network]
            spaces["network_arguments"] = lambda: json.dumps(arguments(hp))
        return {name: declare() for name, declare in spaces.items() if name in self._free}
