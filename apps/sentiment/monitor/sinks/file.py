"""Alerts as lines of a file."""

import json
from pathlib import Path
from typing import Any

from apps.sentiment.monitor.sinks.base import Sink, SinkError
from dlkit.errors import InputError


class JsonLines(Sink):
    """Adds each alert to a file as one line of JSON.

    Args:
        path: The file; may exist.

    Raises:
        InputError: It cannot be written.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(f"file {path}")
        self._path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.open("a").close()
        except OSError as error:
            msg = f"`--alerts` must be a file that can be written. Received: {path} ({error})."
            raise InputError(msg + " Name another.") from error

    def send(self, alert: dict[str, Any]) -> None:
        """Adds one line, on a line of its own even behind one that a kill has cut."""
        line = json.dumps(alert, ensure_ascii=False) + "\n"
        try:
            with self._path.open("a+b") as file:
                size = file.seek(0, 2)
                if size:
                    file.seek(size - 1)
                    line = line if file.read() == b"\n" else f"\n{line}"
                file.write(line.encode())
        except OSError as error:
            raise SinkError(str(error)) from error
