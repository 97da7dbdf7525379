"""A search through the command line, left alone and killed."""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

import pytest

from apps.sentiment.app import APP as SENTIMENT
from dlkit.cli import main
from tests.apps.conftest import ROOT
from tests.made_rows import made_rows, write_rows

_WAIT_SECONDS = 600
_TRIALS = 4
_OPTIONS = [
    *("--data", "rows.jsonl", "--sentiment-column", "mood", "--no-baseline", "--deterministic"),
    *("--epochs", "2", "--seed", "1"),
    *("--network", "bag_of_ngrams", "--network-arguments", '{"units": 8}', "--batch-size", "16"),
    *("--trials", str(_TRIALS), "--finalists", "1", "--repeats", "1", "--retrainings", "2"),
]


def start(folder, *options):
    with (folder / "log").open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "apps.sentiment", "tune", *options],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        )


def finish(process, folder):
    code = process.wait(timeout=_WAIT_SECONDS)
    assert code == 0, (folder / "log").read_text(encoding="utf-8")


def new_folder(root, name):
    folder = root / name
    folder.mkdir()
    write_rows(folder / "rows.jsonl", made_rows(160))
    return folder


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


def without_times(value):
    """Leaves out what differs between equal searches: durations, memory and paths."""
    if isinstance(value, dict):
        ignored = {"seconds", "train_seconds", "peak_memory_mb", "run", "folder"}
        return {k: without_times(v) for k, v in value.items() if k not in ignored}
    return [without_times(one) for one in value] if isinstance(value, list) else value


def found_by(folder):
    """Returns all that a search found: its trials, its winner and the metrics of the run."""
    [search] = folder.glob("runs/sentiment/*-search")
    records = {path.name: read(path) for path in sorted((search / "trials").iterdir())}
    run = folder / "runs" / "sentiment" / "latest"
    return without_times(
        {
            "records": records,
            "summary": read(search / "search.json"),
            "metrics": read(run / "metrics.json"),
            "config": read(run / "config.json"),
        }
    )


def kill_after(folder, process, done):
    """Kills once `done` files have come in, perhaps while the next one is on its way."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if len(list(folder.glob("runs/sentiment/*-search/trials/[0-9]*.json"))) >= done:
            break
        time.sleep(0.01)
    time.sleep(random.random())
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, (folder / "log").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = new_folder(tmp_path_factory.mktemp("tune"), "whole")
    finish(start(folder, *_OPTIONS), folder)
    return folder


def test_a_search_leaves_a_run_that_answers(whole, monkeypatch, capsys):
    lines = (whole / "log").read_text(encoding="utf-8").splitlines()[-3:]
    paths = {line.split(": ")[0]: whole / line.split(": ")[1] for line in lines}
    assert list(paths) == ["search", "page", "run"]
    assert paths["run"].resolve() == (whole / "runs" / "sentiment" / "latest").resolve()
    found = found_by(whole)
    assert [r["trial"] for r in found["summary"]["trials"]] == [f"{n:04}" for n in range(_TRIALS)]
    assert found["metrics"]["search"]["seeds"] == [1, 2]
    assert found["config"]["settings"]["seed"] in (1, 2)
    assert found["config"]["settings"]["split_seed"] == 1
    assert found["config"]["settings"]["network_arguments"] == '{"units": 8}'
    means = found["metrics"]["search"]["test"]["topic"]["accuracy"]
    assert 0 <= means["mean"] <= 1
    assert "<h1" in paths["page"].read_text("utf-8")
    monkeypatch.chdir(whole)
    main(SENTIMENT, ["predict", "copper falls"])
    main(SENTIMENT, ["evaluate", "--data", "rows.jsonl"])
    answer, metrics = map(json.loads, capsys.readouterr().out.splitlines())
    assert answer["topic_label"] in {"metals", "rates", "chips"}
    assert set(metrics) == {"topic", "sentiment"}


def test_a_search_killed_once_ends_as_one_left_alone(whole, tmp_path):
    folder = new_folder(tmp_path, "killed")
    kill_after(folder, start(folder, *_OPTIONS), 2)
    finish(start(folder, "--resume"), folder)
    assert found_by(folder) == found_by(whole)


@pytest.mark.slow
def test_a_search_killed_three_times_ends_as_one_left_alone(whole, tmp_path):
    folder = new_folder(tmp_path, "killed")
    kill_after(folder, start(folder, *_OPTIONS), 1)
    for done in (3, _TRIALS + 1):  # the last one among the finalists
        kill_after(folder, start(folder, "--resume"), done)
    finish(start(folder, "--resume"), folder)
    assert found_by(folder) == found_by(whole)
    text = (folder / "log").read_text(encoding="utf-8")
    assert len(re.findall(r"^trial   \d  macro_f1", text, re.MULTILINE)) >= _TRIALS


def test_a_search_goes_on_only_as_it_began(whole, monkeypatch, capsys):
    monkeypatch.chdir(whole)

    def refused(*options):
        with pytest.raises(SystemExit) as end:
            main(SENTIMENT, ["tune", *options])
        assert end.value.code == 2
        return " ".join(capsys.readouterr().err.split())

    for options, message in {
        ("--resume", "--tuner", "bayesian"): "Received others: `--tuner`",
        ("--resume", "--run-dir", "nowhere"): "must be the folder of a search",
        ("--run-dir", "mine"): "`--run-dir` must be a new folder",
        ("--trials", "0"): "`--trials` must be at least 1. Received: 0.",
        ("--cost-weight", "2"): "`--cost-weight` needs `--cost latency`",
        ("--test-data", "nothing.csv"): "`--test-data` must be a file",
        ("--data", "nothing.csv"): "nothing.csv",
        ("--networks", "transformer"): "`--network` must be one of",
    }.items():
        if "mine" in options:
            shutil.copytree(next((whole / "runs" / "sentiment").glob("*-search")), "mine")
        assert message in refused(*options)
    with (whole / "rows.jsonl").open("a") as file:
        file.write('{"text": "copper rises", "topic": "metals", "mood": "good"}\n')
    assert "the data has changed" in refused("--resume")
    assert len(list(whole.glob("runs/sentiment/*-search"))) == 1
