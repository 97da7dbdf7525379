"""Searches of applications that answer texts."""

from pathlib import Path
from typing import Any

from dlkit.app import TextApp
from dlkit.settings import TextTraining
from dlkit.training.text import train_text_model
from dlkit.tuning.data import SearchRows
from dlkit.tuning.options import SearchOptions
from dlkit.tuning.space import SearchSpace


class TextSubject:
    """What a search of a text application is about, see `Subject`."""

    def __init__(self, app: TextApp) -> None:
        self._app = app
        self.name, self.settings = app.name, app.settings

    def rows(self, settings: TextTraining) -> SearchRows:
        """Reads labelled texts."""
        return SearchRows(self._app, settings)

    def space(
        self, rows: SearchRows, settings: TextTraining, options: SearchOptions
    ) -> SearchSpace:
        """Says which networks and settings may change."""
        prepared = rows.prepared(0, settings)
        return SearchSpace(
            settings,
            networks=options.networks,
            rows=len(prepared.data.train.texts),
            longest=int(prepared.training([prepared.front.reads], []).lengths.max()),
            search_epochs=options.tuner != "hyperband",
        )

    def train(self, settings: TextTraining, folder: Path) -> dict[str, Any]:
        """Trains on all rows."""
        tasks = self._app.tasks(settings)
        labels = self._app.label_columns(settings, tasks)
        sources = self._app.sources(settings)
        return dict(train_text_model(settings, sources, labels, tasks, folder).metrics)
