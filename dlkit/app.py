"""What makes an application out of the toolkit."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dlkit.settings import SAMPLE, TextTraining

if TYPE_CHECKING:
    from dlkit.tasks import Task


class Verb(NamedTuple):
    """What a word of the command line does.

    Args:
        options: The dataclass of its options, of no other verb of the application; its docstring
            is the help.
        run: Gets them; imports what is heavy only then.
    """

    options: type
    run: Callable[[Any], object]


@dataclasses.dataclass(frozen=True)
class App:
    """An application.

    Args:
        name: Names its folders: `runs/<name>` and `saved_models/<name>`.
        description: A sentence for `--help`.
        verbs: Gets the application and returns its verbs by their words.
    """

    name: str
    description: str
    verbs: Callable[[Any], Mapping[str, Verb]]


@dataclasses.dataclass(frozen=True)
class TextApp(App):
    """An application that answers texts.

    Args:
        settings: Its settings, with one `<task>_column` for each task.
        sample: The files of the bundled sample.
        tasks: Makes the tasks from the settings; imports what is heavy only when called.
    """

    settings: type[TextTraining]
    sample: tuple[Path, ...]
    tasks: Callable[[Any], Sequence["Task"]]

    def sources(self, settings: TextTraining) -> list[str]:
        """Returns the files to learn from, the sample in its place."""
        return [
            str(source)
            for chosen in settings.data or (SAMPLE,)
            for source in (self.sample if chosen == SAMPLE else (chosen,))
        ]

    def label_columns(self, settings: TextTraining, tasks: Sequence["Task"]) -> dict[str, str]:
        """Returns the column of the labels by the name of each task."""
        return {task.name: getattr(settings, f"{task.name}_column") for task in tasks}
