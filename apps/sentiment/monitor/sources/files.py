"""A file that grows, and a folder to which files are added."""

import threading
from collections.abc import Iterator
from pathlib import Path

from apps.sentiment.monitor.sources.base import Batch, Positions, Source
from apps.sentiment.monitor.sources.tail import Tail

_WAIT_SECONDS = 0.2


class Files(Source):
    """JSON lines of one file, or of all `*.jsonl` in a folder in the order of their names.

    Args:
        path: The file or the folder.
        follow: Whether to wait for more.
    """

    def __init__(self, path: Path, *, follow: bool) -> None:
        super().__init__(str(path))
        self._path = path
        self._follow = follow

    def read(self, positions: Positions, stop: threading.Event) -> Iterator[Batch]:
        """Yields what is there, then what is added."""
        tails: dict[str, Tail] = {}
        ends = False
        while not ends:
            ends = not self._follow  # an end of a writer's line is only missing at the very end
            for part, path in self._parts():
                tail = tails.setdefault(part, Tail(path, positions.get(part)))
                for batch in tail.read(part, last=ends):
                    yield batch
                    if stop.is_set():
                        return
                if part:
                    tail.close()
            if not ends:
                yield Batch()
                ends = stop.wait(_WAIT_SECONDS)

    def _parts(self) -> Iterator[tuple[str, Path]]:
        if not self._path.is_dir():
            yield "", self._path
            return
        for path in sorted(self._path.glob("*.jsonl")):
            yield path.name, path
