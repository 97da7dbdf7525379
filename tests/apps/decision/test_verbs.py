"""The verbs of decisions, one after another on one small run."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from apps.decision.app import APP
from dlkit.cli import main

TRAIN = ["train", "--steps", "600", "--epochs", "2", "--warmup", "200", "--updates", "16"]
TRAIN += ["--validation-episodes", "4", "--test-episodes", "10"]
TRAIN += ["--network-arguments", '{"units": [8], "dropout": 0}']
_VERBS = ("train", "evaluate", "export", "play", "serve", "conversations")
_HELP = f"""
import contextlib, io, sys
from apps.decision.app import APP
from dlkit.cli import main

for verb in ([], *([verb] for verb in {_VERBS})):
    text = io.StringIO()
    try:
        with contextlib.redirect_stdout(text):
            main(APP, [*verb, "--help"])
    except SystemExit as end:
        assert end.code == 0
    assert text.getvalue().startswith(" ".join(["usage: python -m apps.decision", *verb]))
heavy = ("keras", "tensorflow", "numpy", "pyarrow", "gymnasium", "plotly")
assert not [name for name in heavy if name in sys.modules]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one small run, which is its latest."""
    folder = tmp_path_factory.mktemp("decisions")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        main(APP, TRAIN)
    return folder


def lines(capsys):
    return capsys.readouterr().out.strip().splitlines()


def test_help_loads_nothing_heavy(run_python, tmp_path):
    done = run_python("-c", _HELP, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_missing_gymnasium_is_asked_for(run_python, tmp_path):
    script = "import sys; sys.modules['gymnasium'] = None\n"
    script += "from apps.decision.app import APP; from dlkit.cli import main; main(APP, ['train'])"
    done = run_python("-c", script, cwd=tmp_path)
    assert done.returncode == 2
    assert 'pip install "dlkit[decision]"' in done.stderr
    assert not (tmp_path / "runs" / "decision" / "latest").exists()


def test_a_run_folder(folder):
    run = folder / "runs" / "decision" / "latest"
    names = {path.name for path in run.iterdir()}
    assert {"config.json", "model.keras", "metrics.json", "history.csv", "report.html"} <= names
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["test"]["episodes"] == metrics["baseline"]["episodes"] == 10


def test_evaluate_plays_the_same_episodes_again(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    main(APP, ["evaluate", "--episodes", "10"])
    found = json.loads(lines(capsys)[-1])
    metrics = json.loads((folder / "runs/decision/latest/metrics.json").read_text("utf-8"))
    assert found == metrics["test"]


def test_play_tells_each_episode(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    main(APP, ["play", "--episodes", "2"])
    episodes = [json.loads(line) for line in lines(capsys)]
    assert len({episode["seed"] for episode in episodes}) == 2
    for episode in episodes:
        assert episode["return"] == episode["steps"] == len(episode["actions"])
        assert set(episode["actions"]) <= {0, 1}


def test_the_export_takes_an_observation(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    main(APP, ["export"])
    path = folder / lines(capsys)[-1]
    assert path == folder / "saved_models" / "decision" / "1"
    serve = tf.saved_model.load(str(path)).signatures["serving_default"]
    [(name, spec)] = serve.structured_input_signature[1].items()
    assert (name, spec.dtype, spec.shape.as_list()) == ("observation", tf.float32, [None, 4])
    seen = np.random.default_rng(0).normal(size=(7, 4)).astype("float32")
    answers = serve(observation=tf.constant(seen))
    assert answers["action"].dtype == tf.int64
    assert answers["values"].shape == (7, 2)
    np.testing.assert_array_equal(answers["action"], np.argmax(answers["values"], axis=1))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--environment", "NoSuch-v3"], "`--environment` must be one"),
        (["train", "--environment", "SupportDesk-v1"], "`conversations` must be given"),
        (["evaluate", "--episodes", "0"], "`--episodes` must be at least 1"),
        (["evaluate", "--run", "nowhere"], "`--run` must be the folder of a run"),
        (["play", "--render", "ansi"], "--render"),
        (["export", "--version", "0"], "`--version` must be a new positive number"),
        (["conversations"], "`--data` must be given"),
        (["conversations", "--data", "x.csv"], "`--classifier` must be the folder of a run"),
    ],
)
def test_a_users_mistake(folder, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(folder)
    before = sorted((folder / "runs" / "decision").iterdir())
    with pytest.raises(SystemExit) as end:
        main(APP, arguments)
    assert end.value.code == 2
    assert message in capsys.readouterr().err
    assert sorted((folder / "runs" / "decision").iterdir()) == before


def test_conversations_of_a_text_run_train_a_desk(project, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run, data = project / "runs" / "intent" / "latest", project / "rows.jsonl"
    main(APP, ["conversations", "--classifier", str(run), "--data", str(data)])
    table = pq.read_table(lines(capsys)[-1])
    parts = table["part"].to_pylist()
    assert set(parts) == {"train", "validation", "test"}
    assert parts.count("train") > 2 * parts.count("test")
    probabilities = np.array(table["probabilities"].to_pylist())
    classes = json.loads(table.schema.metadata[b"classes"])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-4)
    assert probabilities.shape[1] == len(classes)
    assert (probabilities.argmax(axis=1) == table["label"].to_numpy()).mean() > 0.5
