"""The examples of the README work as written."""

import json
import re
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"


def example(name: str) -> str:
    """Returns the block of code that the README marks as tested under this name."""
    found = re.search(rf"<!-- tested: {name} -->\n```python\n(.*?)```", README.read_text(), re.S)
    assert found, name
    return found.group(1)


def write_rows(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_network_in_one_file_learns(in_folder, capsys):
    from apps.intent.app import APP
    from dlkit.cli import main

    (in_folder / "my_networks.py").write_text(example("network"))
    words = {"refund": "money back please", "parcel": "where is the box", "login": "cannot sign in"}
    write_rows(
        in_folder / "rows.jsonl",
        [
            {"text": f"{text} number {number}", "label": label}
            for label, text in words.items()
            for number in range(60)
        ],
    )
    arguments = ["--data", "rows.jsonl", "--network", "my_networks:gated_mean", "--epochs", "8"]
    main(APP, ["train", *arguments, "--run-dir", "run", "--no-baseline"])
    metrics = json.loads((in_folder / "run" / "metrics.json").read_text())
    assert metrics["test"]["accuracy"] == 1.0
    sys.modules.pop("my_networks")  # as in a process that only answers
    main(APP, ["predict", "give the money back", "--run", "run"])
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["label"] == "refund"
    sys.modules.pop("my_networks")


def test_task_in_one_file_learns(in_folder):
    adjectives = ["awful", "poor", "fair", "good", "superb"]
    with (in_folder / "reviews.csv").open("w") as file:
        file.write("text,stars\n")
        for number in range(300):
            stars = number % 5
            file.write(f"a {adjectives[stars]} thing in {number % 37} ways,{stars + 1}\n")
    names: dict = {}
    exec(example("task") + example("training"), names)
    trained = names["trained"]
    assert trained.metrics["test"]["mae"] < 0.3
    from dlkit.tasks import answer_batches

    [(_, answers)] = answer_batches(
        trained.model, ["a superb thing", "an awful thing"], batch_size=2
    )
    assert answers["stars"].tolist() == [5, 1]
