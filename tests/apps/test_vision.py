"""Every verb of images as a user calls it."""

import asyncio
import base64
import json

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from apps.vision.app import APP
from dlkit.cli import main
from dlkit.serving.page import page_routes
from dlkit.serving.rest.request import read_request
from dlkit.serving.versions import load_versions


def square(bright, seed, size=12):
    """A noisy gray image, bright or dark in the middle."""
    noise = np.random.default_rng(seed).integers(0, 60, (size, size))
    noise[3:9, 3:9] += 150 * bright
    return Image.fromarray(noise.astype(np.uint8))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with images of two classes, one of them broken, and a run on the others."""
    folder = tmp_path_factory.mktemp("vision")
    for bright, name in enumerate(("dark", "<b>bright</b>".replace("/", "\u2215"))):
        (folder / "images" / name).mkdir(parents=True)
        for number in range(40):
            square(bright, 2 * number + bright).save(folder / "images" / name / f"{number}.png")
    (folder / "images" / "dark" / "broken.png").write_bytes(b"no image")
    square(1, 0).save(folder / "images" / "dark" / "wrong.png")  # a mistake that stays one
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        arguments = ["--data", "images", "--broken-images", "skip", "--flip", "--shift", "0.1"]
        arguments += ["--epochs", "8", "--batch-size", "8", "--validation-fraction", "0.3"]
        main(APP, ["train", *arguments])
    return folder


@pytest.fixture
def call(project, monkeypatch, capsys):
    """Calls a verb in the folder of the run and returns the lines that it printed."""
    monkeypatch.chdir(project)
    capsys.readouterr()

    def call(*arguments):
        main(APP, list(arguments))
        return capsys.readouterr().out.splitlines()

    return call


@pytest.fixture
def refused(project, monkeypatch, capsys):
    """Calls a verb and returns the message with which it exits with code 2."""
    monkeypatch.chdir(project)

    def refused(*arguments):
        with pytest.raises(SystemExit) as end:
            main(APP, list(arguments))
        assert end.value.code == 2
        return " ".join(capsys.readouterr().err.split())

    return refused


def test_train_leaves_a_run(project):
    run = project / "runs" / "vision" / "latest"
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics) == {"validation", "test", "baseline", "train_seconds", "peak_memory_mb"}
    assert metrics["validation"]["accuracy"] > 0.9
    assert metrics["baseline"]["accuracy"] > 0.7
    assert (run / "checkpoint.npz").exists()
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "broken.png: no image by its content" in page
    assert "<b>bright" not in page, "labels are text"


def test_evaluate_shows_the_wrong_label(call, project):
    [line] = call("evaluate", "--data", "images", "--broken-images", "skip")
    assert 0.95 < json.loads(line)["accuracy"] < 1


def test_predict(call, project):
    square(1, 999).save(project / "new.jpg")
    first, second = map(json.loads, call("predict", "new.jpg", "images/dark/3.png", "--top", "1"))
    assert first["image"] == "new.jpg"
    assert first["label"].startswith("<b>bright")
    assert second["label"] == "dark"
    assert list(second["probabilities"]) == ["dark"]
    assert second["probabilities"]["dark"] == second["confidence"]


def test_predict_a_folder_with_broken_images(call, refused, project):
    message = refused("predict", "images/dark")
    assert "broken.png: no image by its content" in message
    lines = call("predict", "images/dark", "--broken-images", "skip", "--batch-size", "7")
    answers = [json.loads(line) for line in lines]
    assert len(answers) == 41
    wrong = [answer["image"] for answer in answers if answer["label"] != "dark"]
    assert wrong == ["images/dark/wrong.png"]


def test_resume_with_other_images_is_refused(refused, project):
    (project / "images" / "dark" / "9.png").rename(project / "9.png")
    try:
        assert "the data has changed" in refused("train", "--resume")
    finally:
        (project / "9.png").rename(project / "images" / "dark" / "9.png")


def test_export_takes_encoded_images(call, project):
    path = project / call("export")[-1]
    assert path == project / "saved_models" / "vision" / "1"
    [version] = load_versions(path.parent, count=1).values()
    signature = version.signatures["serving_default"]
    assert signature.inputs["image"] == tf.TensorSpec([None], tf.string, "image")
    files = [project / "images" / "dark" / f"{i}.png" for i in range(3)]
    rows = [{"b64": base64.b64encode(file.read_bytes()).decode()} for file in files]
    request = read_request({"instances": rows}, signature.inputs)
    served = signature(request.inputs)
    answers = [json.loads(line) for line in call("predict", *map(str, files))]
    assert [label.decode() for label in served["label"]] == [a["label"] for a in answers]
    np.testing.assert_allclose(served["confidence"], [a["confidence"] for a in answers], atol=1e-5)
    assert version.classes["probabilities"] == sorted(version.classes["probabilities"])
    page = next(route for route in page_routes("vision", version) if route.path == "/")
    assert b'type="file"' in asyncio.run(page.endpoint(None)).body


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["train", "--data", "images"],
            "`--data` must have images alone. Received: 1 file: images",
        ),
        (["train", "--data", "nowhere"], "must be a folder of images, tfds:NAME or sample"),
        (["train", "--shift", "0.5"], "`--shift` must be from 0 to below 0.5. Received: 0.5."),
        (["train", "--image-size", "1"], "`--image-size` must be from 2 to 1024. Received: 1."),
        (["train", "--network", "vgg"], "`--network` must be one of cnn, resnet, or MODULE"),
        (["train", "--network-arguments", '{"depth": 3}'], "`--network-arguments` of cnn must be"),
        (["evaluate"], "every label must be one of the 2 classes seen in training"),
        (["predict"], "`IMAGES` must be files or folders of images. Received none."),
        (["predict", "nothing.png"], "`IMAGES` must be files or folders. Received: nothing.png."),
        (["predict", "x", "--top", "0"], "`--top` must be at least 1. Received: 0."),
    ],
)
def test_mistakes(refused, arguments, message):
    assert message in refused(*arguments)


def test_resnet_averages_its_weights_and_goes_on_after_a_kill(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["--network", "resnet", "--network-arguments", '{"filters": [8, 16]}', "--flip"]
    arguments += ["--epochs", "2", "--batch-size", "32", "--no-baseline", "--cutout", "0.2"]
    arguments += ["--learning-rate", "0.1"]
    main(APP, ["train", *arguments, "--run-dir", "whole"])

    from dlkit.training import checkpoint

    class KilledError(Exception):
        pass

    saved = checkpoint.Checkpoint.on_epoch_end

    def killed(self, epoch, logs=None):
        saved(self, epoch, logs)
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint.Checkpoint, "on_epoch_end", killed)
        with pytest.raises(KilledError):
            main(APP, ["train", *arguments, "--run-dir", "parts"])
    main(APP, ["train", "--resume", "--run-dir", "parts"])
    whole, parts = (
        json.loads((tmp_path / run / "metrics.json").read_text()) for run in ("whole", "parts")
    )
    assert whole["test"]["accuracy"] > 0.3
    assert parts["test"]["log_loss"] == pytest.approx(whole["test"]["log_loss"], rel=0.02)
