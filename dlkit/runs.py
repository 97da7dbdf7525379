"""The runs of an application: begun, found again, and loaded."""

import dataclasses
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from dlkit.errors import InputError
from dlkit.settings import Settings, changed, from_json, to_json

if TYPE_CHECKING:
    import keras

RUNS = Path("runs")
"""Where runs land that have no folder of their own: RUNS/APP/TIME-NETWORK."""


def start_run(app: str, settings: Settings) -> tuple[Path, Settings]:
    """Makes the folder of a new run, or finds the one to go on with.

    Args:
        app: Name of the application.
        settings: What the run is asked to do; with `resume`, the run is that of `run_dir`.

    Returns:
        The folder, and the settings that hold: of a resumed run those it began with.

    Raises:
        InputError: The folder holds a run already, or there is none to go on with, or it began
            with other settings.
    """
    from dlkit.training.run_folder import create_run, new_run, write_json

    if settings.resume:
        folder = existing_run(app, settings.run_dir, option="--run-dir")
        saved = saved_settings(app, type(settings), folder, option="--run-dir")
        if different := changed(settings, saved):
            options = ", ".join(f"`--{name.replace('_', '-')}`" for name in different)
            msg = f"`--resume` goes on with the settings of {folder}. Received others: {options}."
            raise InputError(msg + " Leave them out, or train without --resume.")
        return folder, dataclasses.replace(saved, resume=True)
    if settings.run_dir:
        folder = create_run(settings.run_dir)
    else:
        folder = new_run(RUNS / app, settings.network)
    write_json(folder / "config.json", {"app": app, "settings": to_json(settings)})
    return folder, settings


def existing_run(app: str, run: Path | None, *, option: str = "--run") -> Path:
    """Returns the folder of a run, by default that of the application's latest.

    Raises:
        InputError: It holds no run.
    """
    from dlkit.training.run_folder import find_run

    return find_run(run or RUNS / app / "latest", option=option)


def saved_settings(
    app: str, kind: type[Settings], folder: Path, *, option: str = "--run"
) -> Settings:
    """Returns the settings that a run began with.

    Raises:
        InputError: The run is that of another application or version.
    """
    from dlkit.training.run_folder import read_json

    config = read_json(folder / "config.json")
    if config.get("app") != app:
        msg = f"`{option}` must be a run of {app}. Received: {folder} of {config.get('app')}."
        raise InputError(msg + f" Name another, or call `python -m apps.{config.get('app')}`.")
    try:
        return from_json(kind, config["settings"])
    except (KeyError, TypeError) as error:
        msg = f"`config.json` of {folder} has settings of another version: {error}. Train again."
        raise InputError(msg) from error


def named_or_new_folder(app: str, kind: str, output: Path | None, name: str) -> Path:
    """Makes the folder that the user named, or RUNS/APP/KIND/TIME-NAME.

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


def load_model(folder: Path) -> "keras.Model":
    """Loads the model of a run; the layers that it is made of must be imported already.

    Raises:
        InputError: The run is not finished, or its model cannot be loaded.
    """
    path = folder / "model.keras"
    if not path.is_file():
        msg = f"`--run` must be a finished run. Received: {folder}, without model.keras."
        raise InputError(msg + " Finish it with `train --resume --run-dir`.")
    import keras

    from dlkit.data.messages import shown

    try:
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        cause = shown(str(error).rsplit("Exception encountered: ", 1)[-1], 300)
        msg = f"`--run` must be a run whose model can be loaded. Received: {path} ({cause})."
        raise InputError(msg + " Train it again.") from error
