"""Every verb as a new user calls it: in a process and a folder of its own, on the sample."""

import json

import pytest
import tensorflow as tf

from apps.intent.app import APP as INTENT
from apps.sentiment.app import APP as SENTIMENT
from dlkit.cli import main
from tests.made_rows import write_rows

HEADS = ("topic", "sentiment")
NAMES = (
    "label",
    "confidence",
    "out_of_scope",
    "decision",
    "runner_up",
    "scope_score",
    "probabilities",
)
ANSWER = ["text", *(f"{head}_{name}" for head in HEADS for name in NAMES)]


@pytest.fixture(scope="module")
def finance(tmp_path_factory, run_python):
    """A folder in which the finance monitor was trained on its sample."""
    folder = tmp_path_factory.mktemp("finance")
    options = ["--network", "bag_of_ngrams", "--epochs", "3", "--no-baseline"]
    trained = run_python("-m", "apps.sentiment", "train", *options, cwd=folder)
    assert trained.returncode == 0, trained.stderr
    [run_line, report_line] = trained.stdout.splitlines()
    run = folder / run_line.removeprefix("run: ")
    assert (folder / report_line.removeprefix("report: ")).is_file()
    assert run.resolve() == (folder / "runs" / "sentiment" / "latest").resolve()
    return folder


@pytest.fixture
def answers(finance, monkeypatch, capsys):
    """Runs `predict` on the run and returns what it printed, a JSON object a line."""
    monkeypatch.chdir(finance)

    def answers(*arguments):
        main(SENTIMENT, ["predict", *arguments])
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return answers


def test_a_run_says_what_it_is(finance):
    run = finance / "runs" / "sentiment" / "latest"
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    assert config["app"] == "sentiment"
    assert config["settings"]["network"] == "bag_of_ngrams"
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    for part in ("validation", "test"):
        assert set(metrics[part]) == set(HEADS)
        assert metrics[part]["sentiment"]["accuracy"] > 0.4
        assert metrics[part]["topic"]["accuracy"] > 0.2
    assert "baseline" not in metrics


def test_evaluate(finance, run_python):
    rows = [
        {"text": "Shares soar after record profit", "topic": "earnings"},
        {"text": "央行意外加息", "topic": "central_bank", "sentiment": "negative"},
    ]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (finance / "rows.jsonl").write_text(lines, encoding="utf-8")
    done = run_python("-m", "apps.sentiment", "evaluate", "--data", "rows.jsonl", cwd=finance)
    assert done.returncode == 0, done.stderr
    metrics = json.loads(done.stdout)
    assert set(metrics) == set(HEADS)
    assert all(0 <= metrics[head]["accuracy"] <= 1 for head in HEADS)
    assert "accuracy" in done.stderr


def test_predict_reads_what_is_piped(finance, run_python):
    text = "Oil slides again\n\n原油大跌 \ufeff\n  padded  \n"
    done = run_python("-m", "apps.sentiment", "predict", "--top", "2", cwd=finance, text=text)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["text"] for answer in answers] == [
        "Oil slides again",
        "原油大跌 \ufeff",
        "padded",
    ]
    assert all(list(answer) == ANSWER for answer in answers)
    assert all(len(answer["topic_probabilities"]) == 2 for answer in answers)


def test_export_prints_the_path_last(finance, run_python):
    done = run_python("-m", "apps.sentiment", "export", "--version", "7", cwd=finance)
    assert done.returncode == 0, done.stderr
    path = finance / done.stdout.splitlines()[-1]
    assert path == finance / "saved_models" / "sentiment" / "7"
    answers = tf.saved_model.load(path).signatures["serving_default"](
        text=tf.constant(["Oil slides again", ""])
    )
    assert set(answers) == set(ANSWER[1:])
    assert answers["topic_probabilities"].shape == (2, 8)


def test_predict_arguments(answers):
    [first, second] = answers("Oil slides again", "人民币走强")
    assert (first["text"], second["text"]) == ("Oil slides again", "人民币走强")
    assert list(first) == ANSWER
    assert len(first["topic_probabilities"]) == 3
    assert first["topic_confidence"] == first["topic_probabilities"][first["topic_label"]]
    assert first["sentiment_label"] in {"negative", "neutral", "positive"}


def test_predict_a_file(answers, finance):
    (finance / "posts.csv").write_text("id,body\n1,Oil slides\n2,Gold jumps\n", encoding="utf-8")
    found = answers("--input", "posts.csv", "--text-column", "body", "--batch-size", "1")
    assert [answer["text"] for answer in found] == ["Oil slides", "Gold jumps"]
    assert answers("Oil slides") == found[:1]


def test_predict_a_dash(answers, monkeypatch, tmp_path):
    (tmp_path / "lines").write_bytes(b"Oil slides\n\xff broken\n")
    with (tmp_path / "lines").open(encoding="utf-8") as lines:
        monkeypatch.setattr("sys.stdin", lines)
        found = answers("-")
    assert [answer["text"] for answer in found] == ["Oil slides", "\ufffd broken"]


def test_predict_an_argument_that_is_no_text(answers):
    [answer] = answers(b"caf\xe9".decode("utf-8", errors="surrogateescape"))
    assert answer["text"] == "caf\ufffd"


def test_one_head_has_plain_names(project, monkeypatch, capsys):
    monkeypatch.chdir(project)
    main(INTENT, ["predict", "copper falls"])
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["text", *NAMES]
    assert answer["label"] == "metals"


def test_evaluate_one_head(project, monkeypatch, capsys):
    monkeypatch.chdir(project)
    main(INTENT, ["evaluate", "--data", "rows.jsonl"])
    metrics = json.loads(capsys.readouterr().out)
    assert metrics["accuracy"] > 0.9
    assert {"macro_f1", "log_loss", "calibration_error", "auroc"} <= set(metrics)


def test_a_named_folder_and_the_rows_of_several_files(project, monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    rows = str(project / "rows.jsonl")
    arguments = ["--data", rows, "--data", "sample", "--network", "bag_of_ngrams", "--epochs", "1"]
    main(INTENT, ["train", *arguments, "--no-baseline", "--run-dir", "mine"])
    assert capsys.readouterr().out.startswith("run: mine\n")
    assert not (tmp_path / "runs").exists()
    main(INTENT, ["predict", "--run", "mine", "--top", "99", "where is my parcel"])
    classes = json.loads(capsys.readouterr().out)["probabilities"]
    assert {"metals", "track_order"} < set(classes)
    assert "out_of_scope" not in classes


def test_how_strong_a_sentiment_is_comes_from_a_file_of_its_own(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    words = {"plunges": -1.0, "dips": -0.3, "edges up": 0.3, "soars": 1.0}
    firms = ("copper", "the bank", "our chip maker", "wheat", "铜价")
    moods = ("negative", "negative", "positive", "positive")
    texts = {f"{firm} {word} {day}": word for firm in firms for word in words for day in range(8)}
    strengths = [{"text": text, "strength": words[word]} for text, word in texts.items()]
    of_word = dict(zip(words, moods, strict=True))
    labels = [{"text": text, "sentiment": of_word[word]} for text, word in texts.items()]
    write_rows(tmp_path / "strengths.jsonl", strengths)
    write_rows(tmp_path / "labels.jsonl", labels)
    arguments = ["--data", "strengths.jsonl", "--data", "labels.jsonl", "--no-baseline"]
    arguments += ["--network", "bag_of_ngrams", "--epochs", "12", "--learning-rate", "0.01"]
    main(SENTIMENT, ["train", *arguments, "--batch-size", "16"])
    main(SENTIMENT, ["predict", "wheat plunges 9", "wheat dips 9", "wheat soars 9"])
    answers = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "{" in line]
    values = [answer["strength_value"] for answer in answers]
    assert values == pytest.approx([-1.0, -0.3, 1.0], abs=0.3)
    assert all(a["strength_lower"] < a["strength_value"] < a["strength_upper"] for a in answers)
    assert [answer["sentiment_label"] for answer in answers] == ["negative", "negative", "positive"]
    main(SENTIMENT, ["export"])
    main(SENTIMENT, ["evaluate", "--data", "strengths.jsonl"])
    metrics = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert metrics["strength"]["rmse"] < 0.3
