"""The verb `tune` of images."""

import json

import numpy as np
import pytest
from PIL import Image

from apps.vision.app import APP
from dlkit.cli import main


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with images of two classes, in which commands are called."""
    for bright, name in enumerate(("dark", "bright")):
        (tmp_path / "images" / name).mkdir(parents=True)
        for number in range(24):
            noise = np.random.default_rng(2 * number + bright).integers(0, 60, (12, 12))
            noise[3:9, 3:9] += 150 * bright
            image = Image.fromarray(noise.astype(np.uint8))
            image.save(tmp_path / "images" / name / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_search_leaves_a_run_that_answers(project, capsys):
    options = ["--data", "images", "--epochs", "4", "--batch-size", "8"]
    options += ["--trials", "2", "--finalists", "1", "--repeats", "0", "--retrainings", "1"]
    main(APP, ["tune", *options])
    lines = dict(line.split(": ") for line in capsys.readouterr().out.splitlines()[-3:])
    found = json.loads((project / lines["search"] / "search.json").read_text("utf-8"))
    assert [trial["status"] for trial in found["trials"]] == ["completed", "completed"]
    assert found["trials"][1]["values"]["cnn/kernel_size"] == 3, "arguments reach the network"
    assert "cnn/filters" in found["trials"][0]["values"]
    assert "kernel_size" in (project / lines["page"]).read_text("utf-8")
    metrics = json.loads((project / lines["run"] / "metrics.json").read_text("utf-8"))
    assert metrics["test"]["accuracy"] > 0.7
    main(APP, ["predict", "images/bright/0.png"])
    assert json.loads(capsys.readouterr().out)["label"] == "bright"


def test_a_search_goes_on_with_its_own_data(project, capsys):
    with pytest.raises(SystemExit) as end:
        main(APP, ["tune", "--data", "images", "--resume"])
    assert end.value.code == 2
    assert "must be the folder of a search" in " ".join(capsys.readouterr().err.split())
