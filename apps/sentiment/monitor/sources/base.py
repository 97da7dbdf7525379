"""What every source is: batches of rows, each with the position to commit with it."""

import abc
import threading
from collections.abc import Generator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from apps.sentiment.monitor.rows import BadRow, Row

Positions = Mapping[str, Any]
"""How far each part of a source has been read, as JSON holds it."""


class Batch(NamedTuple):
    """Some rows in the order of the source; without any, all that there is has been read."""

    rows: Sequence[Row] = ()
    bad: Sequence[BadRow] = ()
    positions: Positions = MappingProxyType({})
    """The parts that have moved on. Who starts from them gets what came after this batch."""


class Source(abc.ABC):
    """A stream that can be read again from a position."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abc.abstractmethod
    def read(self, positions: Positions, stop: threading.Event) -> Generator[Batch]:
        """Yields what comes after the positions, in bounded batches.

        An empty batch says that the source has nothing more for now; a source that has lost its
        peer says nothing.

        Args:
            positions: Those of all batches that are stored.
            stop: Set when nobody wants more.
        """

    def committed(self, positions: Positions) -> None:
        """Hears that a batch is stored; called from another thread."""
        del positions  # of use to sources whose peers want to know
