"""Every verb of tables as a user calls it."""

import json

import numpy as np
import pytest
import tensorflow as tf

from apps.tabular.app import APP
from dlkit.cli import main
from dlkit.serving.versions import load_versions

TRAIN = ["--network-arguments", '{"members": 4, "units": [16]}', "--epochs", "3", "--no-baseline"]


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with a run on the bundled sample."""
    folder = tmp_path_factory.mktemp("tables")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        main(APP, ["train", *TRAIN])
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
    run = project / "runs" / "tabular" / "latest"
    metrics = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    assert set(metrics) == {"validation", "test", "train_seconds", "peak_memory_mb"}
    assert set(metrics["test"]) == {"mae", "rmse", "r2", "coverage", "interval_width"}
    assert json.loads((run / "config.json").read_text(encoding="utf-8"))["app"] == "tabular"
    assert (run / "report.html").exists()


def test_evaluate(call):
    [line] = call("evaluate", "--data", "sklearn:diabetes")
    assert json.loads(line)["rmse"] < 80


def test_predict_rows(call, project):
    one, empty = map(json.loads, call("predict", '{"age": 59, "bmi": 32.1}', "{}"))
    assert list(one) == ["value", "lower", "upper"]
    assert one["lower"] < one["value"] < one["upper"]
    assert one["value"] > empty["value"], "a heavier patient is not worse"
    (project / "rows.csv").write_text("bmi,age,name\n32.1,59,x\n,,y\n", encoding="utf-8")
    assert list(map(json.loads, call("predict", "--input", "rows.csv"))) == [one, empty]


def test_predict_standard_input(call, monkeypatch, tmp_path):
    (tmp_path / "lines").write_text('{"bmi": 20}\n\n{"bmi": 40}\n', encoding="utf-8")
    with (tmp_path / "lines").open(encoding="utf-8") as lines:
        monkeypatch.setattr("sys.stdin", lines)
        low, high = map(json.loads, call("predict", "-", "--batch-size", "1"))
    assert low["value"] < high["value"]


def test_export_takes_a_column_an_input(call, project):
    path = project / call("export")[-1]
    assert path == project / "saved_models" / "tabular" / "1"
    serve = tf.saved_model.load(path).signatures["serving_default"]
    specs = serve.structured_input_signature[1]
    names = ["age", "sex", "bmi", "bp", *(f"s{i}" for i in range(1, 7))]
    assert sorted(specs) == sorted(names)
    assert {(spec.dtype, spec.shape.rank) for spec in specs.values()} == {(tf.float32, 1)}
    row = {name: np.array([np.nan, np.nan], "float32") for name in specs}
    row["bmi"] = np.array([32.1, np.nan], "float32")
    row["age"] = np.array([59, np.nan], "float32")
    served = serve(**{name: tf.constant(value) for name, value in row.items()})
    one, empty = map(json.loads, call("predict", '{"age": 59, "bmi": 32.1}', "{}"))
    np.testing.assert_allclose(served["value"], [one["value"], empty["value"]], rtol=1e-4)
    versions = load_versions(path.parent, count=1)
    again = versions[1].signatures["serving_default"](row)
    np.testing.assert_allclose(again["upper"], [one["upper"], empty["upper"]], rtol=1e-4)


def test_classes_columns_of_strings_and_resuming(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    rows = [
        {
            "价格": i % 7,
            "farbe": "rb"[i % 2],
            "note": f"text {i}",
            "wann": f"2024-01-{i % 28 + 1:02}",
        }
        | {"target": "好" if i % 2 else "bad"}
        for i in range(80)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    arguments = ["--data", "rows.jsonl", "--learning-rate", "0.02", "--batch-size", "8"]
    main(APP, ["train", *TRAIN, *arguments])
    main(APP, ["train", "--resume"])
    capsys.readouterr()
    main(APP, ["predict", '{"farbe": "b", "价格": 3}', "--top", "1"])
    [answer] = map(json.loads, capsys.readouterr().out.splitlines())
    decision = ["out_of_scope", "decision", "runner_up", "scope_score"]
    assert list(answer) == ["label", "confidence", *decision, "probabilities"]
    assert answer["label"] == "好"
    assert list(answer["probabilities"]) == ["好"]
    main(APP, ["export"])
    [version] = load_versions(tmp_path / "saved_models" / "tabular", count=1).values()
    inputs = version.signatures["serving_default"].inputs
    assert sorted(inputs) == ["column_0", "farbe", "note", "wann"]
    assert version.classes == {"probabilities": ["bad", "好"]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "--data", "sklearn:iris"], "must be one of diabetes, breast_cancer, wine"),
        (["train", "--coverage", "1"], "`--coverage` must be between 0 and 1. Received: 1.0."),
        (["train", "--target-column", "x", "--data", "no.csv"], "there is no file `no.csv`"),
        (["predict", "[1]"], "`ROWS` must be JSON objects. Received: [1] as row 1"),
        (["predict", '{"bmi": "tall"}'], "every value of `bmi` must be a number"),
        (["predict", "{}", "--input", "a.csv"], "`ROWS` and `--input` must not be given both"),
        (["predict", "{}", "--top", "0"], "`--top` must be at least 1. Received: 0."),
        (["evaluate", "--run", "nowhere"], "`--run` must be the folder of a run"),
        (["export", "--version", "0"], "`--version` must be a new positive number"),
    ],
)
def test_mistakes(refused, arguments, message):
    assert message in refused(*arguments)
