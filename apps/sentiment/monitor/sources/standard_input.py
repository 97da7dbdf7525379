"""Rows that are piped in."""

import os
import select
import threading
from collections.abc import Generator

from apps.sentiment.monitor.sources.base import Batch, Positions, Source
from apps.sentiment.monitor.sources.lines import Lines, rows_of

_BYTES = 2**17
_WAIT_SECONDS = 0.2


class StandardInput(Source):
    """JSON lines from a file descriptor; ends where it ends.

    A pipe cannot be read again, so it has no position: who sends its rows again is not counted
    twice, because rows have ids.
    """

    def __init__(self, descriptor: int = 0) -> None:
        super().__init__("-")
        self._descriptor = descriptor

    def read(self, positions: Positions, stop: threading.Event) -> Generator[Batch]:
        """Yields what is piped in, at once."""
        lines = Lines()
        while not stop.is_set():
            if not select.select([self._descriptor], [], [], _WAIT_SECONDS)[0]:
                yield Batch()
                continue
            data = os.read(self._descriptor, _BYTES)
            yield Batch(*rows_of(lines.feed(data) if data else lines.rest(), ""))
            if not data:
                return
