"""Reads all sources side by side into one bounded queue."""

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator, Sequence

from apps.sentiment.monitor.sources.base import Batch, Positions, Source

_BATCHES = 8
_WAIT_SECONDS = 0.1
_END_SECONDS = 10


class Stream:
    """The batches of several sources in the order of their arrival.

    The queue holds few batches: where they are not taken as fast as they come, the sources wait.

    Args:
        sources: Each is read by a thread of its own.
        positions: Returns where to start a source, by its name.
    """

    def __init__(self, sources: Sequence[Source], positions: Callable[[str], Positions]) -> None:
        self._queue: queue.Queue[tuple[Source, Batch | BaseException | None]]
        self._queue = queue.Queue(_BATCHES)
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._read,
                args=(source, positions(source.name)),
                name=source.name,
                daemon=True,
            )
            for source in sources
        ]

    def stop(self) -> None:
        """Ends the stream soon; may be called by a signal."""
        self._stop.set()

    def batches(self) -> Iterator[tuple[Source, Batch | None] | None]:
        """Yields a source and its batch, or None when it has ended; None alone in silence."""
        for thread in self._threads:
            thread.start()
        left = len(self._threads)
        try:
            while left and not self._stop.is_set():
                try:
                    source, batch = self._queue.get(timeout=_WAIT_SECONDS)
                except queue.Empty:
                    yield None
                    continue
                if isinstance(batch, BaseException):
                    raise batch
                left -= batch is None
                yield source, batch
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join(_END_SECONDS)

    def _read(self, source: Source, positions: Positions) -> None:
        try:
            with contextlib.closing(source.read(positions, self._stop)) as batches:
                for batch in batches:
                    self._put(source, batch)
                    if self._stop.is_set():
                        return
            self._put(source, None)
        except BaseException as error:  # goes on in the thread that takes batches
            self._put(source, error)

    def _put(self, source: Source, batch: Batch | BaseException | None) -> None:
        while not self._stop.is_set():
            try:
                self._queue.put((source, batch), timeout=_WAIT_SECONDS)
                return
            except queue.Full:
                continue
