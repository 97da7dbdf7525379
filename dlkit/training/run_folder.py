"""The folder of a run: what was asked, what came of it, and what a kill leaves behind."""

import csv
import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dlkit.errors import InputError


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Writes a file so that a kill at any moment leaves the old one or the new one.

    Args:
        path: The file.
        write: Gets a path in the same folder, with the same ending, and writes it.
    """
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a mapping as indented JSON, atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_history(path: Path, history: Mapping[str, list[float]]) -> None:
    """Writes one line an epoch, atomically."""

    def write(temporary: Path) -> None:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["epoch", *history])
            writer.writerows(
                [epoch, *values]
                for epoch, values in enumerate(zip(*history.values(), strict=True), start=1)
            )

    write_atomically(path, write)


def new_run(root: Path, network: str) -> Path:
    """Makes `<root>/<time>-<network>/` and points `<root>/latest` at it."""
    stem = time.strftime("%Y%m%d-%H%M%S") + "-" + network.replace(":", ".").replace("/", ".")
    number = 0
    while True:
        folder = root / (f"{stem}-{number}" if number else stem)
        try:
            folder.mkdir(parents=True)
            break
        except FileExistsError:
            number += 1
    _point_latest(root, folder)
    return folder


def create_run(folder: Path) -> Path:
    """Makes the folder of a run that a user named.

    Raises:
        InputError: It holds a run already.
    """
    if (folder / "config.json").exists():
        msg = (
            f"`--run-dir` must be a new folder. Received: {folder}, which holds a run. "
            "Add --resume to go on with it, or name another."
        )
        raise InputError(msg)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _point_latest(root: Path, folder: Path) -> None:
    temporary = root / f".{os.getpid()}-latest"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(folder.name, target_is_directory=True)
    os.replace(temporary, root / "latest")


def find_run(folder: Path) -> Path:
    """Returns the folder of a run, `latest` resolved.

    Raises:
        InputError: There is no finished or unfinished run in the folder.
    """
    if not (folder / "config.json").is_file():
        msg = (
            f"`--run` must be the folder of a run, with a config.json. Received: {folder}. "
            "Train first, or name the folder that `train` printed."
        )
        raise InputError(msg)
    return folder.resolve()


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON object of a run.

    Raises:
        InputError: The file is missing or broken.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        msg = f"`{path.name}` of the run cannot be read: {error}. Train the run again."
        raise InputError(msg) from error
