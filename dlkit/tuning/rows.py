"""The rows of a search, whatever they are."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import keras

from dlkit.app import App, TextApp
from dlkit.settings import ImageTraining, Training
from dlkit.tuning.options import SearchOptions
from dlkit.tuning.settings_space import SettingsSpace


class Trained(NamedTuple):
    """A training of a search, measured on its validation rows.

    Args:
        metrics: As `metrics.json` holds them.
        history: A value an epoch by name.
        model: Makes the answering model.
        answer: Compiles it for string `(batch,)`.
        probes: What it can be asked.
    """

    metrics: dict[str, Any]
    history: Mapping[str, list[float]]
    model: Callable[[], keras.Model]
    answer: Callable[[keras.Model], Callable[[Any], dict[str, Any]]]
    probes: Sequence[str | bytes]


class Rows(Protocol):
    """Rows read once, and no test row among them.

    `digest` tells these rows from others.
    """

    digest: str

    def space(self, options: SearchOptions) -> SettingsSpace:
        """Returns what to search."""

    def prepared(self, repeat: int, settings: Any) -> Any:
        """Returns the rows of a repeat as the settings read them."""

    def trained(self, prepared: Any, settings: Any) -> Trained:
        """Trains on prepared rows."""

    def run(self, settings: Any, folder: Path) -> dict[str, Any]:
        """Does what `train` does, and returns the metrics."""


def read_rows(app: App, settings: Training) -> Rows:
    """Reads the rows of an application.

    Raises:
        InputError: The data or its labels break a rule.
    """
    if isinstance(settings, ImageTraining):
        from dlkit.tuning.image_data import ImageSearchRows

        return ImageSearchRows(settings)
    from dlkit.tuning.data import SearchRows

    assert isinstance(app, TextApp)
    return SearchRows(app, settings)
