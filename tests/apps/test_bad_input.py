"""A user's mistake ends in exit code 2 and one message that says what to do."""

import shutil

import pytest

from apps.intent.app import APP as INTENT
from apps.sentiment.app import APP as SENTIMENT
from dlkit.cli import main

TRAIN = ["train", "--data", "rows.jsonl", "--network", "bag_of_ngrams", "--epochs", "1"]


@pytest.fixture
def folder(project, tmp_path, monkeypatch):
    """A copy of the project to break, with a few more files; the working folder."""
    shutil.copytree(project, tmp_path / "project", symlinks=True)
    monkeypatch.chdir(tmp_path / "project")
    files = {
        "empty.csv": "",
        "header.csv": "text,label\n",
        "names.csv": "body,class\nhello,a\n",
        "one.csv": "text,label\nhello,a\nbye,a\n",
        "more.csv": "text,label\ncopper,metals\nsoup,lunch\n",
        "blank.csv": "text,label\ncopper,metals\n,rates\n",
        "times.csv": "text,label,time\n" + "".join(f"t{i},{'ab'[i % 2]},soon\n" for i in range(40)),
        "rows.docx": "text",
    }
    for name, content in files.items():
        (tmp_path / "project" / name).write_text(content, encoding="utf-8")
    return tmp_path / "project"


@pytest.fixture
def latest(folder):
    return (folder / "runs" / "intent" / "latest").resolve()


@pytest.fixture
def refused(capsys):
    """Calls the command line, and returns the message with which it exits with code 2."""

    def refused(*arguments, app=INTENT):
        with pytest.raises(SystemExit) as exit_info:
            main(app, arguments)
        captured = capsys.readouterr()
        assert exit_info.value.code == 2
        assert captured.out == ""
        assert "Traceback" not in captured.err
        return " ".join(captured.err.translate(dict.fromkeys(map(ord, "│╭╮╰╯─"))).split())

    return refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Expected one of {train, tune, evaluate, predict, export, serve"),
        (["trian"], "Unrecognized options: trian"),
        (["train", "--epoch-count", "3"], "Unrecognized options: --epoch-count"),
        (["train", "--epochs", "three"], "Error parsing --epochs: invalid literal for int()"),
        (["train", "--epochs", "-1"], "`--epochs` must be 0 (automatic) or more. Received: -1."),
        (["train", "--batch-size", "0"], "`--batch-size` must be at least 1. Received: 0."),
        (["train", "--learning-rate", "-1"], "`--learning-rate` must be above 0 and finite. Rec"),
        (["train", "--weight-decay", "-1"], "`--weight-decay` must be 0 or more. Received: -1.0."),
        (
            ["train", "--validation-fraction", "0"],
            "`--validation-fraction` must be between 0 and 1",
        ),
        (["train", "--test-fraction", "1.5"], "`--test-fraction` must be from 0 to below 1. Rec"),
        (["train", "--test-fraction", "0.9"], "`--test-fraction` must leave rows to learn from"),
        (["train", "--label-smoothing", "1"], "`--label-smoothing` must be from 0 to below 1"),
        (
            ["train", "--class-weights", "some"],
            "invalid choice 'some' for argument '--class-weights'",
        ),
        (["train", "--split", "sorted"], "invalid choice 'sorted' for argument '--split'"),
        (["train", "--seed", "-1"], "`--seed` must be from 0 to below 2**31. Received: -1."),
        (["train", "--out-of-scope-cost", "0"], "must be above 0 and finite. Received: 0.0."),
        (["train", "--question-cost", "2"], "`--question-cost` must be from 0 to 1. Received: 2."),
        (["train", "--false-rejection-rate", "1"], "must be from 0 to below 1. Received: 1.0."),
        (["reply", "--least-confidence", "2", "hi"], "must be from 0 to 1. Received: 2.0."),
        (["predict", "--top", "0", "hello"], "`--top` must be at least 1. Received: 0."),
        (["predict", "--batch-size", "0", "hello"], "`--batch-size` must be at least 1. Received"),
    ],
)
def test_options(refused, arguments, message):
    assert message in refused(*arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "row.jsonl"], "there is no file `row.jsonl` (did you mean `rows.jsonl`?)"),
        (
            ["--data", "rows.docx"],
            "the name must end in one of .csv, .tsv, .jsonl, .json, .parquet",
        ),
        (["--data", "empty.csv"], "`empty.csv`: a file must hold data"),
        (["--data", "header.csv"], "`header.csv`: a file must hold data, but this one has no row"),
        (["--data", "names.csv"], "must be a column `text`, but the columns are `body`, `class`"),
        (["--data", "blank.csv"], "(`--text-column`) must not be empty, but is so in 1 row, first"),
        (["--data", "one.csv"], "labels must have at least 2 classes, but there is only `a`"),
        (["--label-column", "lable"], "must be a column `lable`"),
        (["--test-data", "more.csv"], "`--label-column` of `more.csv`: every label must be one of"),
        (["--validation-data", "no.csv"], "there is no file `no.csv`"),
        (["--data", "times.csv", "--split", "time"], "every time must be ISO 8601 such as"),
        (["--split", "group"], "must be a column `group`"),
        (["--network", "lstmm"], "`--network` must be one of bag_of_ngrams, bert, cnn"),
        (["--network", "nowhere:build"], "or MODULE:BUILDER. Received: nowhere:build (No module"),
        (["--network-arguments", "{units"], "`--network-arguments` must be a JSON object"),
        (["--network-arguments", '{"unit": 1}'], "`--network-arguments` of bag_of_ngrams must be"),
        (["--network-arguments", '{"units": "many"}'], "must suit bag_of_ngrams. Received: "),
    ],
)
def test_train(refused, folder, arguments, message):
    before = sorted(folder.rglob("*"))
    arguments = [*TRAIN, "--run-dir", "new", *arguments]
    if "--data" in arguments[3:]:
        del arguments[1:3]
    assert message in refused(*arguments)
    assert sorted(folder.rglob("*")) == before, "a run in which nothing was learned is left"


def test_a_failed_start_leaves_the_latest_run(refused, folder, latest):
    refused(*TRAIN, "--label-column", "lable")
    assert (folder / "runs" / "intent" / "latest").resolve() == latest


def test_both_columns_are_missing(refused, folder):
    message = refused("train", "--data", "names.csv", "--text-column", "body", app=SENTIMENT)
    options = "`--topic-column` or `--sentiment-column` or `--strength-column`"
    assert f"{options} must name a column of labels" in message


def test_a_training_that_diverges(refused, folder):
    arguments = ["--learning-rate", "1e38", "--weight-decay", "1e38", "--run-dir", "new"]
    message = refused(*TRAIN, *arguments)
    assert "`--learning-rate` must let the training converge. Received: 1e+38, and" in message


@pytest.mark.parametrize("verb", ["evaluate", "predict", "export"])
def test_no_run(refused, tmp_path, monkeypatch, verb):
    monkeypatch.chdir(tmp_path)
    text = ["hello"] if verb == "predict" else []
    message = refused(verb, *text)
    assert "`--run` must be the folder of a run, with a config.json." in message
    assert "Received: runs/intent/latest. Train first" in message
    assert "Received: elsewhere. Train first" in refused(verb, "--run", "elsewhere", *text)


@pytest.mark.parametrize("verb", ["evaluate", "predict", "export"])
def test_a_run_of_another_application(refused, latest, verb):
    text = ["hello"] if verb == "predict" else []
    message = refused(verb, "--run", str(latest), *text, app=SENTIMENT)
    assert "`--run` must be a run of sentiment." in message
    assert f"Received: {latest} of intent. Name another, or call `python -m apps.intent`" in message


@pytest.mark.parametrize("verb", ["evaluate", "predict", "export"])
def test_an_unfinished_run(refused, latest, verb):
    (latest / "model.keras").unlink()
    text = ["hello"] if verb == "predict" else []
    message = refused(verb, *text)
    assert "`--run` must be a finished run." in message
    assert "Finish it with `train --resume --run-dir`." in message


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "other"])
def test_a_broken_model(refused, latest, damage):
    path = latest / "model.keras"
    content = path.read_bytes()
    if damage == "other":
        shutil.copy(latest / "checkpoint.npz", path)
    else:
        path.write_bytes({"cut": content[: len(content) // 2], "empty": b"", "text": b"hi"}[damage])
    message = refused("predict", "hello")
    assert "`--run` must be a run whose model can be loaded. Received: " in message
    assert message.endswith("Train it again.")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "`config.json` of the run cannot be read"),
        ('{"app": "intent"', "`config.json` of the run cannot be read"),
        ("[]", "`config.json` of the run cannot be read: it is no JSON object. Train the run"),
        ("{}", "`--run` must be a run of intent. Received: "),
        ('{"app": "intent"}', "has settings of another version: 'settings'. Train again."),
        ('{"app": "intent", "settings": []}', "has settings of another version"),
        ('{"app": "intent", "settings": {"data": [], "run_dir": null, "x": 1}}', "argument 'x'"),
        ('{"app": "intent", "settings": {"data": [], "run_dir": null, "epochs": "5"}}', "'str'"),
    ],
)
def test_a_broken_config(refused, latest, content, message):
    (latest / "config.json").write_text(content, encoding="utf-8")
    assert message in refused("predict", "hello")


def test_resume_without_a_run(refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = "`--run-dir` must be the folder of a run, with a config.json. Received: "
    assert message + "runs/intent/latest." in refused("train", "--resume")
    assert message + "mine." in refused("train", "--resume", "--run-dir", "mine")


def test_resume_with_other_settings(refused, folder):
    message = refused("train", "--resume", "--epochs", "9", "--network", "cnn")
    assert "Received others: `--network`, `--epochs`. Leave them out, or train" in message


def test_resume_after_the_data_changed(refused, folder, latest):
    with (folder / "rows.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"text": "copper again", "label": "metals"}\n')
    assert "`--resume` needs the rows that the run began with" in refused("train", "--resume")
    assert (latest / "model.keras").exists()


def test_resume_with_another_application(refused, latest):
    message = refused("train", "--resume", "--run-dir", str(latest), app=SENTIMENT)
    assert "`--run-dir` must be a run of sentiment." in message


def test_resume_from_a_broken_state(refused, latest):
    (latest / "checkpoint.npz").write_bytes(b"PK\x03\x04 and no more")
    message = refused("train", "--resume")
    assert "`--resume` needs the state of this model. Received: " in message
    assert message.endswith("Train without --resume.")


def test_a_folder_that_holds_a_run(refused, latest):
    message = refused(*TRAIN, "--run-dir", str(latest))
    assert "`--run-dir` must be a new folder." in message
    assert "Add --resume to go on with it, or name another." in message


def test_a_run_in_a_file(refused, folder):
    message = refused(*TRAIN, "--run-dir", "rows.jsonl")
    assert "`--run-dir` must be a folder that can be written. Received: rows.jsonl" in message


def test_evaluate_labels_that_were_never_learned(refused, folder):
    message = refused("evaluate", "--data", "more.csv")
    assert "`--label-column` of `more.csv`: every label must be one of the 4 classes" in message
    assert "`lunch` in row 2" in message


def test_predict_without_texts(refused, folder, monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    message = refused("predict")
    assert "`TEXTS` must be given, or `--input FILE`, or `-` for standard input." in message


def test_predict_texts_and_a_file(refused, folder):
    message = refused("predict", "hello", "--input", "names.csv")
    assert "`TEXTS` and `--input` must not be given both. Received: 1 texts and names" in message


def test_predict_a_file_without_texts(refused, folder):
    assert "there is no file `gone.csv`" in refused("predict", "--input", "gone.csv")
    message = refused("predict", "--input", "names.csv")
    assert "must be a column `text`" in message
    assert "choose one with `--text-column NAME`" in message


def test_export_a_version_that_is_taken(refused, folder):
    (folder / "saved_models" / "intent" / "3").mkdir(parents=True)
    message = refused("export", "--version", "3")
    assert "`--version` must be a new positive number. Received: 3, but " in message
    assert "Received: 0. Leave it out to take the next one." in refused("export", "--version", "0")


def test_export_into_a_file(refused, folder):
    message = refused("export", "--output", "rows.jsonl")
    assert "`--output` must be a folder that can be written" in message


def test_messages_are_plain(folder, capsys):
    with pytest.raises(SystemExit):
        main(INTENT, ["evaluate", "--data", "more.csv", "--run", "gone"])
    captured = capsys.readouterr()
    assert captured.err.startswith("error: `--run` must be")
    assert captured.err.count("\n") == 1


def test_a_key_press_that_stops(folder, monkeypatch, capsys):
    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("dlkit.text_verbs.evaluate", stop)
    with pytest.raises(SystemExit) as exit_info:
        main(INTENT, ["evaluate"])
    assert exit_info.value.code == 130
    assert capsys.readouterr().err == ""
