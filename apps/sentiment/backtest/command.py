"""The verb `backtest`: its options, and what it does with them."""

import dataclasses
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import tyro

from apps.sentiment.monitor.command import duration
from apps.sentiment.surge.settings import SurgeSettings
from dlkit.errors import InputError


@dataclasses.dataclass(frozen=True)
class Backtest(SurgeSettings):
    """Replay dated texts with surges put in: how many are found, how soon, how many false alarms.

    The first part of the time sets the limits of all methods to the same false-alarm budget; on
    the rest they are measured.
    """

    data: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Rows with a text and a time: csv, tsv, jsonl or parquet, each also .gz. Give it several
    times for several files."""

    model: Path = Path("saved_models/sentiment")
    """Folder of the versions that `export` wrote; the newest says topic and sentiment."""

    text_column: str = "text"
    """Column of the texts."""

    time_column: str = "time"
    """Column of ISO 8601 times or dates; without a zone they are UTC."""

    negative: str = "negative"
    """The class of the sentiments that is counted."""

    window: str = "1d"
    """Time over which texts are counted, such as 15min, 1h or 1d; it must divide a day."""

    sizes: tuple[float, ...] = (2.0, 4.0)
    """Sizes of the surges: negative texts over those that are usual there."""

    lengths: tuple[float, ...] = (1.0, 3.0)
    """Lengths of the surges in days."""

    seeds: int = 10
    """Draws of surges at other places, 60 of each size and length; each surge is put in alone."""

    known_surges: tuple[str, ...] = ()
    """Real surges in the data, such as 2020-02-20:2020-04-07, first to last day in UTC: an alarm
    there is no false one, and no other surge is put in."""

    calibration: float = 0.6
    """Share of the time that sets the limits, before the one that is measured on."""

    output: Path = Path("backtest.html")
    """Page with charts and tables; the numbers are written beside it as .json."""

    @property
    def known_spans(self) -> list[tuple[datetime, datetime]]:
        """Returns from when to before when each real surge lasts."""
        return [_span(text) for text in self.known_surges]

    @property
    def surge(self) -> SurgeSettings:
        """Returns the settings of the detector alone."""
        names = [field.name for field in dataclasses.fields(SurgeSettings)]
        return SurgeSettings(**{name: getattr(self, name) for name in names})

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.data:
            raise InputError("`--data` must be given at least once. Received none.")
        length = duration(self.window, "--window").total_seconds()
        if length < 60 or 86400 % length:
            msg = f"`--window` must be at least 1min and divide a day. Received: {self.window}."
            raise InputError(msg + " Take 1h or 1d.")
        if not self.sizes or min(self.sizes) <= 1:
            raise InputError(f"`--sizes` must be above 1. Received: {self.sizes}.")
        if not self.lengths or min(self.lengths) * 86400 < length:
            msg = f"`--lengths` must be at least a window. Received: {self.lengths}"
            raise InputError(f"{msg} days, window {self.window}.")
        _ = self.known_spans
        if self.seeds < 1:
            raise InputError(f"`--seeds` must be at least 1. Received: {self.seeds}.")
        if not 0 < self.calibration < 1:
            msg = f"`--calibration` must be between 0 and 1. Received: {self.calibration}."
            raise InputError(msg)


def _span(text: str) -> tuple[datetime, datetime]:
    try:
        first, last = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in text.split(":"))
        if first > last:
            raise ValueError
    except ValueError:
        msg = f"`--known-surges` must be FIRST:LAST, two dates in order. Received: {text}."
        raise InputError(msg + " Write 2020-02-20:2020-04-07.") from None
    return first, last + timedelta(days=1)


def backtest(options: Backtest) -> None:
    """Measures, prints a table, and writes the page; its path is the last line printed.

    Raises:
        InputError: The data or the model are not as they must be.
    """
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    from apps.sentiment.backtest.run import run

    run(options)
