"""The folder of a run: what was asked, what came of it, and what a kill leaves behind."""

import contextlib
import csv
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from dlkit.errors import InputError


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Writes a file so that a kill at any moment leaves the old one or the new one.

    Args:
        path: The file.
        write: Gets a path in the same folder, with the same ending, and writes it.
    """
    temporary = path.with_name(f".new-{path.name}")  # what a kill leaves, the next write replaces
    try:
        write(temporary)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Writes a mapping as indented JSON, atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_atomically(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_rows(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Writes rows as JSON lines, atomically."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_atomically(path, lambda temporary: temporary.write_text(lines, encoding="utf-8"))


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
    folder = new_folder(root, network)
    point_latest(root, folder)
    return folder


def new_folder(root: Path, name: str) -> Path:
    """Makes `<root>/<time>-<name>/`."""
    stem = time.strftime("%Y%m%d-%H%M%S") + "-" + name.replace(":", ".").replace("/", ".")
    number = 0
    while True:
        folder = root / (f"{stem}-{number}" if number else stem)
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            number += 1


def create_run(folder: Path) -> Path:
    """Makes the folder of a run that a user named.

    Raises:
        InputError: It holds a run already, or cannot be made.
    """
    if (folder / "config.json").exists():
        msg = (
            f"`--run-dir` must be a new folder. Received: {folder}, which holds a run. "
            "Add --resume to go on with it, or name another."
        )
        raise InputError(msg)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"`--run-dir` must be a folder that can be written. Received: {folder} ({error})."
        raise InputError(msg + " Name another.") from error
    return folder


def discard_run(folder: Path) -> None:
    """Removes a new run in which nothing was learned, so that its name is free again."""
    if (folder / "checkpoint.npz").exists():
        return
    for name in ("config.json", "data.json"):
        (folder / name).unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # it holds something else
        folder.rmdir()
    latest = folder.parent / "latest"
    if latest.is_symlink() and latest.readlink() == Path(folder.name):
        latest.unlink()
        if runs := sorted(path.parent for path in folder.parent.glob("*/config.json")):
            point_latest(folder.parent, runs[-1])


def point_latest(root: Path, folder: Path) -> None:
    """Points `<root>/latest` at a folder in it, in one step."""
    temporary = root / f".{os.getpid()}-latest"
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(folder.name, target_is_directory=True)
    os.replace(temporary, root / "latest")


def find_run(folder: Path, *, option: str = "--run") -> Path:
    """Returns the folder of a run, `latest` resolved; errors name the option.

    Raises:
        InputError: There is no finished or unfinished run in the folder.
    """
    if not (folder / "config.json").is_file():
        msg = (
            f"`{option}` must be the folder of a run, with a config.json. Received: {folder}. "
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
        value = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(value, dict):
            raise ValueError("it is no JSON object")
    except (OSError, ValueError) as error:
        msg = f"`{path.name}` of the run cannot be read: {error}. Train the run again."
        raise InputError(msg) from error
    return value
