"""The verbs that make images, as a user calls them."""

import numpy as np
import pytest
from PIL import Image

from apps.vision.app import APP
from dlkit.cli import main


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with bright and dark images, and a run that has learned to make them."""
    folder = tmp_path_factory.mktemp("generate")
    draw = np.random.default_rng(0)
    for name, level in (("bright", 200), ("dark. ✓", 20)):
        place = folder / "images" / name
        place.mkdir(parents=True)
        for number in range(64):
            pixels = draw.integers(level, level + 40, (8, 8)).astype(np.uint8)
            Image.fromarray(pixels).save(place / f"{number}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        arguments = ["--data", "images", "--epochs", "8", "--batch-size", "8", "--no-augment"]
        main(APP, ["train-generator", *arguments, "--learning-rate", "0.002"])
    return folder


@pytest.fixture
def call(project, monkeypatch, capsys):
    monkeypatch.chdir(project)
    capsys.readouterr()

    def call(*arguments):
        main(APP, list(arguments))
        return capsys.readouterr().out.splitlines()

    return call


def pixels(folder):
    return {path: np.asarray(Image.open(path)) for path in sorted(folder.rglob("*.png"))}


def test_a_run_shows_its_progress(project):
    run = (project / "runs/vision/generators/latest").resolve()
    names = {path.name for path in run.iterdir()}
    assert names == {
        "checkpoint.npz",
        "classes.json",
        "config.json",
        "data.json",
        "history.csv",
        "model.keras",
        "samples",
    }
    assert len(list((run / "samples").iterdir())) == 8


def test_images_are_of_their_class_and_can_be_learned_from(call, project, tmp_path):
    lines = call("generate", "--output", str(tmp_path / "made"), "--count", "20")
    assert lines == [f"images: {tmp_path / 'made'}", f"picture: {tmp_path / 'made.png'}"]
    made = pixels(tmp_path / "made")
    assert len(made) == 20
    folders = {path.parent.name for path in made}
    assert len(folders) == 2
    assert "bright" in folders
    means = {True: [], False: []}
    for path, image in made.items():
        assert image.shape == (8, 8)
        means[path.parent.name == "bright"].append(image.mean())
    assert np.mean(means[True]) > np.mean(means[False]) + 50
    from dlkit.data.images import read_images

    assert read_images([str(tmp_path / "made")]).pixels.shape == (20, 8, 8, 1)
    assert np.asarray(Image.open(tmp_path / "made.png")).shape == (16, 80)


def test_one_class_and_other_seeds(call, tmp_path):
    for seed in ("0", "1"):
        arguments = ["--label", "bright", "--count", "3", "--seed", seed]
        call("generate", "--output", str(tmp_path / seed), *arguments)
    first, second = (pixels(tmp_path / seed) for seed in ("0", "1"))
    assert {path.parent.name for path in first} == {"bright"}
    assert len(first) == 3
    assert any((a != b).any() for a, b in zip(first.values(), second.values(), strict=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generate", "--output", "new", "--label", "red"], "`--label` must be one of: bright, "),
        (["generate", "--output", "new", "--count", "0"], "`--count` must be from 1"),
        (["generate", "--output", "images"], "`--output` must be a new folder"),
        (["train-generator", "--data", "images", "--image-size", "10"], "multiples of 4"),
    ],
)
def test_mistakes(project, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(project)
    with pytest.raises(SystemExit) as caught:
        main(APP, arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err
    assert not (project / "new").exists()
