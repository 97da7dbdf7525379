"""What the verbs that look at data write, and where."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlkit.errors import InputError
from dlkit.runs import RUNS


def named_or_new_folder(app: str, kind: str, output: Path | None, name: str) -> Path:
    """Makes the folder that the user named, or `runs/APP/KIND/TIME-NAME`.

    Raises:
        InputError: It cannot be made.
    """
    from dlkit.training.run_folder import new_folder

    if output is None:
        return new_folder(RUNS / app / kind, name)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"`--output` must be a folder that can be written. Received: {output} ({error})."
        raise InputError(msg + " Name another.") from error
    return output


def write_rows(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Writes rows as JSON lines, in one step."""
    from dlkit.training.run_folder import write_atomically

    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_atomically(path, lambda temporary: temporary.write_text(lines, encoding="utf-8"))
