"""What a search is about: the part of it that differs between kinds of applications."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import keras_tuner

from dlkit.settings import Training


class Rows(Protocol):
    """What a search learns from, no test row among it.

    Attributes:
        digest: Tells these rows from others.
    """

    digest: str

    def run(self, job: Any, options: Any) -> dict[str, Any]:
        """Trains a `Job` and measures it, see `run_guarded`."""


class Space(Protocol):
    """What may change in the settings of a training.

    Attributes:
        settings: Those of the first trial.
        hyperparameters: What may change.
    """

    settings: Any
    hyperparameters: keras_tuner.HyperParameters

    @property
    def defaults(self) -> dict[str, Any]:
        """The values that stand for the settings as they are."""

    @property
    def epochs(self) -> int:
        """How many the defaults train for, at most."""

    def settings_of(self, values: Mapping[str, Any]) -> Any:
        """Returns the settings that values of the hyperparameters stand for."""


class Subject(Protocol):
    """What is searched for; it goes to other processes.

    Attributes:
        name: That of the application.
    """

    name: str

    @property
    def settings(self) -> type[Training]:
        """The class of its settings."""

    def rows(self, settings: Any) -> Rows:
        """Reads what the settings say."""

    def space(self, rows: Any, settings: Any, options: Any) -> Space:
        """Says what may change."""

    def train(self, settings: Any, folder: Path) -> dict[str, Any]:
        """Trains as the verb does, and returns the metrics."""
