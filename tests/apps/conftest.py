import os
import subprocess
import sys
from pathlib import Path

import pytest

import dlkit
from apps.intent.app import APP as INTENT
from dlkit.cli import main
from tests.made_rows import made_rows, write_rows

ROOT = Path(dlkit.__file__).parents[1]


@pytest.fixture(scope="session")
def run_python():
    """Runs Python with arguments in a folder of its own; returns the finished process."""

    def run(*arguments, cwd, text=None):
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=cwd,
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
            check=False,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"},
        )

    return run


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A folder with rows and one small run of `apps.intent`, which is its latest."""
    folder = tmp_path_factory.mktemp("project")
    rows = [{"text": row["text"], "label": row["topic"]} for row in made_rows(90)]
    others = [{"text": f"lunch soup {i % 5}", "label": "out_of_scope"} for i in range(20)]
    write_rows(folder / "rows.jsonl", rows + others)
    arguments = ["train", "--data", "rows.jsonl", "--network", "bag_of_ngrams"]
    arguments += ["--learning-rate", "0.02", "--network-arguments", '{"units": 8}']
    arguments += ["--epochs", "4", "--batch-size", "8", "--no-baseline"]
    before = Path.cwd()
    os.chdir(folder)
    try:
        main(INTENT, arguments)
    finally:
        os.chdir(before)
    return folder
