"""Whether a run goes on with the rows that it began with."""

import hashlib
import json
from pathlib import Path
from typing import Any

from dlkit.errors import InputError
from dlkit.training.run_folder import read_json, write_json

_FILE = "data.json"


def check_same_data(folder: Path, rows: Any, *, resume: bool) -> None:
    """Writes what the rows are, or compares it with what the run began with.

    Args:
        folder: The run folder; gets `data.json`.
        rows: All that the run learns from, as JSON holds it.
        resume: Whether the run goes on.

    Raises:
        InputError: The rows are others.
    """
    path = folder / _FILE
    if resume and path.exists() and not began_with(folder, rows):
        msg = (
            "`--resume` needs the rows that the run began with, but the data has changed. "
            "Train without --resume."
        )
        raise InputError(msg)
    write_json(path, {"sha256": _digest(rows)})


def began_with(folder: Path, rows: Any) -> bool:
    """Returns whether a run began with these rows.

    Raises:
        InputError: The folder does not say what it began with.
    """
    return read_json(folder / _FILE).get("sha256") == _digest(rows)


def _digest(rows: Any) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()
