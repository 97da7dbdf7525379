"""A search on the terminal: its progress and its tables."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as RichTable
from rich.text import Text

from dlkit.tuning.search import DEFAULTS
from dlkit.tuning.summary import Table, described

_LONGEST = 160
_NUMBERS = {"seconds", "ms", "MB", "score", "mean score", "share"}


class SearchProgress:
    """One bar over the trials; a line for each that ended stays on the screen.

    Args:
        options: The budget.
    """

    def __init__(self, options: Any) -> None:
        self._options = options
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:.0f}/{task.total:.0f} {task.fields[unit]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        by_trials = options.most_trials is not None
        self._total = float(options.most_trials or options.max_seconds or 0)
        unit = "trials" if by_trials else "seconds"
        self._by_trials = by_trials
        self._bar = self._progress.add_task("search", total=self._total, unit=unit)
        self._best: float | None = None
        self._defaults: Mapping[str, Any] = {}

    def __enter__(self) -> "SearchProgress":
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, record: Mapping[str, Any], *, trials: int, seconds: float) -> None:
        """Prints what came of a training and moves the bar."""
        if record["trial"] == DEFAULTS:
            self._defaults = record["values"]
        self._progress.console.print(_safe(self._line(record)), soft_wrap=True)
        done = trials if self._by_trials else seconds
        self._progress.update(self._bar, completed=min(done, self._total))

    def _line(self, record: Mapping[str, Any]) -> str:
        again = f" again ({record['repeat']})" if record["repeat"] else ""
        head = f"trial {int(record['trial']):>3}{again}"
        if record["status"] == "failed":
            return f"{head}  failed: {record['message']}"
        if not record["repeat"]:
            self._best = max(record["score"], self._best or record["score"])
        cost = "" if record["cost"] is None else f"  cost {record['cost']:.2f}"
        score = f"{self._options.objective} {abs(record['objective']):.4f}{cost}"
        best = "  best so far" if not record["repeat"] and record["score"] == self._best else ""
        what = described(record["values"], self._defaults)
        return f"{head}  {score}  {record['seconds']:.0f} s{best}  {what}"


def print_tables(console: Console, tables: Sequence[Table]) -> None:
    """Prints the tables of a search."""
    for table in tables:
        shown = RichTable(title=_safe(table.title), title_justify="left")
        for column in table.columns:
            numeric = column in _NUMBERS
            shown.add_column(column, justify="right" if numeric else "left", overflow="fold")
        for row in table.rows:
            shown.add_row(*map(_safe, row))
        console.print(shown)


def _safe(value: str) -> Text:
    """Keeps markup and terminal codes in foreign text from being carried out."""
    line = "".join(character if character.isprintable() else " " for character in value)
    return Text(line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…")
