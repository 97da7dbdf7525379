"""The verb as a user calls it, with a model whose answers are known."""

import json
import signal
import sqlite3
import subprocess
import sys
import time

import pytest
import requests
import tensorflow as tf

from apps.sentiment.app import APP
from dlkit.cli import main
from dlkit.serving.class_names import write_class_names
from tests.apps.conftest import ROOT
from tests.apps.monitor.made import lines, row

CLASSES = {
    "topic_probabilities": ["energy", "metals"],
    "sentiment_probabilities": ["negative", "neutral"],
}


class Model(tf.Module):
    """Metals where the text says so, negative where it says bad."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="text")])
    def serve(self, text):
        answers = {}
        for head, word, flip in (("topic", "metals", 0), ("sentiment", "bad", 1)):
            said = tf.cast(tf.strings.regex_full_match(text, f".*{word}.*"), tf.int32) ^ flip
            probabilities = f"{head}_probabilities"
            answers[probabilities] = tf.one_hot(said, 2, on_value=0.9, off_value=0.1)
            answers[f"{head}_label"] = tf.gather(CLASSES[probabilities], said)
        return answers


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    module = Model()
    tf.saved_model.save(module, str(folder / "3"), {"serving_default": module.serve})
    write_class_names(folder / "3", CLASSES)
    return folder


@pytest.fixture
def in_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def calls(folder, model, *options):
    return [
        *("-m", "apps.sentiment", "monitor", "--model", str(model)),
        *("--store", f"sqlite:///{folder}/monitor.db", "--rejects", str(folder / "rejects.jsonl")),
        *options,
    ]


def news():
    """Thirty days with a negative text an hour, then forty within an hour."""
    for hour in range(720):
        yield row(hour, minute=60 * hour, text=f"metals bad w{hour}a w{hour}b w{hour}c")
    for number in range(40):
        yield row(800 + number, minute=43_201 + number, text=f"metals bad x{number}a x{number}b")
    yield row(999, minute=43_261)


def test_from_a_pipe_to_an_alert(tmp_path, model, run_python):
    text = lines(news()).decode() + "broken\n"
    options = ["--source", "-", "--window", "1h", "--alerts", "alerts.jsonl"]
    done = run_python(*calls(tmp_path, model, *options), cwd=tmp_path, text=text)
    assert done.returncode == 0, done.stderr
    alerts = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert alerts[0]["kind"] == "start"
    assert (alerts[0]["topic"], alerts[0]["method"]) == ("metals", "surge")
    assert alerts[0]["observed"] >= 40
    assert alerts[0]["p_value"] < 1e-6
    assert len(alerts[0]["texts"]) == 5
    assert "metals: surge of negative texts" in done.stdout
    assert done.stdout.splitlines()[-1] == "-: 1 rejected, 761 stored"
    [reject] = (tmp_path / "rejects.jsonl").read_text().splitlines()
    assert json.loads(reject)["place"] == "line 762"
    with sqlite3.connect(tmp_path / "monitor.db") as store:
        assert store.execute("select count(*) from texts").fetchone() == (761,)


def test_a_file_that_grows_a_page_and_the_end_of_it(tmp_path, model):
    path = tmp_path / "posts.jsonl"
    path.write_bytes(lines([row(0)]))
    options = ["--source", str(path), "--dashboard", "0"]
    process = subprocess.Popen(
        [sys.executable, *calls(tmp_path, model, *options)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        url = process.stdout.readline().removeprefix("dashboard: ").strip()
        with path.open("ab") as file:
            file.write(lines([row(1)]))
        deadline = time.monotonic() + 60
        counts = {}
        while counts.get("stored") != 2 and time.monotonic() < deadline:
            sources = requests.get(f"{url}/api/status", timeout=30).json()["sources"]
            counts = sources.get(str(path), {})
            time.sleep(0.1)
        assert counts == {"stored": 2}
        assert requests.get(url, timeout=30).status_code == 200
    finally:
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=60)[0]
    assert process.returncode == 0
    assert rest.splitlines()[-1].endswith(": 2 stored")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "`--source` must be given"),
        (["--source", "-", "--source", "-"], "`--source` must name each only once"),
        (["--source", "nowhere"], "`--source` must be -, a file or folder that exists"),
        (["--source", "rss:/etc/passwd"], "`--source` rss: must be an http"),
        (["--source", "kafka://host"], "kafka://HOST:PORT/TOPIC"),
        (["--source", "-", "--window", "7min"], "`--window` must be at least 1s and divide a day"),
        (["--source", "-", "--window", "soon"], "`--window` must be a whole number with"),
        (["--source", "-", "--lateness", "-1s"], "`--lateness`"),
        (["--source", "-", "--dashboard", "99999"], "`--dashboard`"),
        (["--source", "-", "--webhook", "ftp://x"], "`--webhook`"),
        (["--source", "-", "--store", "mysql://x/y"], "`--store`"),
        (["--source", "-", "--store", "sqlite://"], "`--store`"),
        (["--source", "-", "--store", "sqlite:////nowhere/at/all.db"], "`--store`"),
        (["--source", "-", "--model", "nowhere"], "`--model`"),
        (["--source", "-", "--negative", "bearish"], "`--negative` must be one of"),
        (["--source", "-", "--smtp", "x", "--mail-to", "a@b.c"], "`--smtp`"),
        (["--source", "-", "--minimum-volume", "0"], "`--minimum-volume`"),
    ],
)
def test_a_mistake_ends_in_one_sentence(in_folder, model, capsys, options, message):
    if "--model" not in options:
        options = ["--model", str(model), *options]
    with pytest.raises(SystemExit) as end:
        main(APP, ["monitor", *options])
    assert end.value.code == 2
    error = " ".join(capsys.readouterr().err.replace("│", " ").split())  # a box wraps its lines
    assert message in error
    assert "Received" in error


def test_a_store_keeps_its_windows_and_its_version(in_folder, model, capsys):
    (in_folder / "posts.jsonl").write_bytes(lines([row(0)]))
    options = ["monitor", "--model", str(model), "--source", "posts.jsonl", "--no-follow"]
    main(APP, options)
    with pytest.raises(SystemExit):
        main(APP, [*options, "--window", "1h"])
    assert "`--window` must be that of the store, 900s" in capsys.readouterr().err
    with sqlite3.connect("monitor.db") as store:
        store.execute("update schema_version set version = 7")
    with pytest.raises(SystemExit):
        main(APP, options)
    assert "with version 7" in capsys.readouterr().err
