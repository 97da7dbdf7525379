"""The file of rows that could not be read."""

import json
from collections.abc import Sequence
from pathlib import Path

from apps.sentiment.monitor.rows import BadRow
from dlkit.errors import InputError


class Rejects:
    """Adds bad rows to a file as lines of JSON: source, place, reason, and the row itself.

    A kill may leave a row twice, but never loses one.

    Args:
        path: The file; made with the first bad row.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, source: str, rows: Sequence[BadRow]) -> None:
        """Adds rows of a source.

        Raises:
            InputError: The file cannot be written.
        """
        if not rows:
            return
        lines = [json.dumps({"source": source} | row._asdict(), ensure_ascii=False) for row in rows]
        try:
            with self._path.open("a", encoding="utf-8", errors="replace") as file:
                file.write("\n".join(lines) + "\n")
        except OSError as error:
            msg = f"`--rejects` must be a file that can be written. Received: {self._path} "
            raise InputError(f"{msg}({error}). Name another.") from error
