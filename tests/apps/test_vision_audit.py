"""The verb `audit` of images, and training with what it wrote."""

import json

import numpy as np
import pytest
from PIL import Image

from apps.vision.app import APP
from dlkit.cli import main

QUICK = ["--epochs", "6", "--batch-size", "8"]


def read(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A folder with images of two classes, of which three are in the wrong one, audited."""
    folder = tmp_path_factory.mktemp("audited")
    wrong = {("dark", 7), ("dark", 20), ("bright", 3)}
    for bright, name in enumerate(("dark", "bright")):
        (folder / "images" / name).mkdir(parents=True)
        for number in range(36):
            noise = np.random.default_rng(2 * number + bright).integers(0, 60, (12, 12))
            noise[3:9, 3:9] += 150 * (bright != ((name, number) in wrong))
            image = Image.fromarray(noise.astype(np.uint8))
            image.save(folder / "images" / name / f"{number}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        main(APP, ["audit", "--data", "images", *QUICK, "--folds", "2", "--output", "out"])
    return folder, {f"images/{name}/{number}.png" for name, number in wrong}


def test_wrong_labels_are_found_and_shown(audited):
    folder, wrong = audited
    suspicious = read(folder / "out" / "suspicious.jsonl")
    found = {row["image"]: row for row in suspicious}
    assert wrong <= set(found)
    assert len(found) <= 6
    row = found["images/bright/3.png"]
    assert (row["label"], row["suggested"]) == ("bright", "dark")
    assert row["probability"] < row["suggested_probability"]
    page = (folder / "out" / "audit.html").read_text("utf-8")
    assert page.count('<img class="picture" src="data:image/png;base64,') == len(suspicious)
    assert 'data-subject="image"' in page


def test_a_model_is_trained_with_the_corrections(audited, monkeypatch, capsys):
    folder, wrong = audited
    monkeypatch.chdir(folder)
    arguments = ["train", "--data", "images", *QUICK, "--validation-fraction", "0.25"]
    arguments.append("--no-baseline")
    main(APP, [*arguments, "--corrections", "out/corrections.jsonl", "--run-dir", "run"])
    count = len(read(folder / "out" / "corrections.jsonl"))
    assert f"The labels of {count} rows were corrected" in (folder / "run/report.html").read_text()
    main(APP, ["predict", "--run", "run", *sorted(wrong)])
    answers = [json.loads(line)["label"] for line in capsys.readouterr().out.splitlines()[-3:]]
    assert answers == ["dark", "bright", "bright"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--folds", "1"], "`--folds` must be from 2 to 50. Received: 1."),
        (["--network", "magic"], "`--network` must be one of"),
        (["--corrections", "corrections.jsonl"], "none has image and label of theirs"),
    ],
)
def test_mistakes_end_in_one_sentence(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    row = {"image": "digit 0", "label": "7", "corrected": "1"}
    (tmp_path / "corrections.jsonl").write_text(json.dumps(row))
    with pytest.raises(SystemExit) as end:
        main(APP, ["audit", *arguments])
    assert end.value.code == 2
    assert message in " ".join(capsys.readouterr().err.split())
