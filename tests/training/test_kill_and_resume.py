"""A training that is killed and goes on ends as one that was left alone."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import dlkit
from tests.made_rows import made_rows, write_rows

_WAIT_SECONDS = 240
_EPOCHS = 6


def start(folder, *options):
    command = [
        *(sys.executable, "-m", "apps.sentiment", "train"),
        *("--data", "rows.jsonl", "--run-dir", folder, *options),
    ]
    with (folder.parent / f"{folder.name}.log").open("a") as log:
        return subprocess.Popen(
            command,
            cwd=folder.parent,
            env={**os.environ, "PYTHONPATH": str(Path(dlkit.__file__).parents[1])},
            stdout=subprocess.DEVNULL,
            stderr=log,
        )


def train(folder, *more):
    return start(
        folder,
        *("--network", "bag_of_ngrams", "--network-arguments", '{"units": 16}'),
        *("--epochs", str(_EPOCHS), "--batch-size", "4", "--patience", str(_EPOCHS)),
        *("--sentiment-column", "mood", "--deterministic", "--seed", "1", "--no-baseline", *more),
    )


def epochs_of(folder):
    path = folder / "history.csv"
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def finish(process, folder):
    code = process.wait(timeout=_WAIT_SECONDS)
    assert code == 0, (folder.parent / f"{folder.name}.log").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run that nobody killed, beside its rows."""
    folder = tmp_path_factory.mktemp("runs")
    write_rows(folder / "rows.jsonl", made_rows(900))
    finish(train(folder / "whole"), folder / "whole")
    return folder / "whole"


@pytest.mark.parametrize("when", ["", "refit"])
def test_a_killed_training_goes_on_as_if_never_killed(whole, when):
    killed = whole.parent / f"killed-{when}"
    process = train(killed)
    deadline = time.monotonic() + _WAIT_SECONDS
    while (
        len(epochs_of(killed / when)) < 2 and process.poll() is None and time.monotonic() < deadline
    ):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert 2 <= len(epochs_of(killed / when)) < len(epochs_of(whole / when))
    assert not (killed / "model.keras").exists()

    finish(start(killed, "--resume"), killed)
    assert len(epochs_of(whole)) == _EPOCHS
    assert epochs_of(killed) == epochs_of(whole)
    assert epochs_of(killed / "refit") == epochs_of(whole / "refit")
    expected, found = (
        json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        for folder in (whole, killed)
    )
    for metrics in (expected, found):
        assert metrics.pop("train_seconds") > 0
        assert metrics.pop("peak_memory_mb") > 0
    assert found == expected
    assert {path.name for path in killed.iterdir()} == {path.name for path in whole.iterdir()}
