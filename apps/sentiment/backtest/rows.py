"""Dated texts, read and labelled by the model."""

import datetime
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from apps.sentiment.backtest.grid import Grid, make_grid
from apps.sentiment.monitor.scoring import Scorer
from dlkit.data.messages import shown
from dlkit.data.tables import read_tables
from dlkit.errors import InputError

_BATCH = 1024


def read_grid(
    sources: Sequence[str],
    *,
    text_column: str,
    time_column: str,
    model: Path,
    negative: str,
    window: datetime.timedelta,
) -> Grid:
    """Reads texts, asks the model for topic and sentiment, and counts.

    Args:
        sources: Files.
        text_column: Column of the texts.
        time_column: Column of ISO 8601 times; without a zone they are UTC.
        model: Folder of the versions.
        negative: The class of the sentiments that is counted.
        window: Length of a window.

    Raises:
        InputError: A file, a time, or the model is not as it must be.
    """
    table = read_tables(sources, {"text": text_column, "time": time_column})
    times = [_moment(**row) for row in table.select(["time", "file", "row"]).to_pylist()]
    scorer, texts = Scorer(model, negative), table["text"].to_pylist()
    topics: list[str] = []
    sentiments: list[str] = []
    for first in range(0, len(texts), _BATCH):
        scores = scorer(texts[first : first + _BATCH])
        topics += scores.topics
        sentiments += scores.sentiments
    return make_grid(times, topics, np.array(sentiments) == negative, window)


def _moment(time: str, file: str, row: int) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(time)
    except ValueError:
        msg = f"`--time-column` must hold ISO 8601 times. Received: `{shown(time)}` in row {row} "
        raise InputError(f"{msg}of {file}. Write 2020-01-31 or 2020-01-31T08:00:00Z.") from None
    if moment.tzinfo is None:
        return moment.replace(tzinfo=datetime.UTC)
    return moment.astimezone(datetime.UTC)
