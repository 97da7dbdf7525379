"""The verbs `audit` and `discover`, and training with what they wrote."""

import json

import pytest

from apps.intent.app import APP as INTENT
from apps.intent.audit import Audit, _with_network
from dlkit.cli import main
from tests.made_rows import made_rows, write_rows

QUICK = ["--network", "bag_of_ngrams", "--network-arguments", '{"units": 8}', "--epochs", "8"]
QUICK += ["--batch-size", "8", "--learning-rate", "0.02"]
WRONG = {"metals": "rates", "rates": "chips", "chips": "metals"}


def read(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A folder with rows of which five have a wrong label, audited."""
    folder = tmp_path_factory.mktemp("audited")
    rows = [
        {"text": f"{row['text']} {n}", "label": row["topic"]}
        for n, row in enumerate(made_rows(120))
    ]
    for row in rows[::24]:
        row["label"] = WRONG[row["label"]]
    rows.append({"text": f"{rows[1]['text']}!", "label": WRONG[rows[1]["label"]]})
    data = write_rows(folder / "rows.jsonl", rows)
    output = str(folder / "out")
    main(INTENT, ["audit", "--data", data, *QUICK, "--folds", "3", "--output", output])
    return folder, rows


def test_wrong_labels_are_found_and_nothing_is_changed(audited):
    folder, rows = audited
    assert read(folder / "rows.jsonl") == rows
    suspicious = read(folder / "out" / "suspicious.jsonl")
    found = {row["text"]: row for row in suspicious}
    assert {row["text"] for row in rows[::24]} <= set(found)
    assert len(suspicious) <= 9
    again = found[rows[-1]["text"]]
    assert again["suggested"] == rows[1]["label"]
    assert "nearly the same as row 2 of rows.jsonl" in again["reason"]
    assert "row 121 of rows.jsonl" in (folder / "out" / "audit.html").read_text("utf-8")


def test_a_model_is_trained_with_the_corrections(audited, tmp_path, capsys):
    folder, rows = audited
    corrections = folder / "out" / "corrections.jsonl"
    corrected = {row["text"] for row in read(corrections)}
    assert {row["text"] for row in rows[::24]} <= corrected
    suspicious = read(folder / "out" / "suspicious.jsonl")
    assert corrected == {row["text"] for row in suspicious if row["likely"]}
    assert all(row["likely"] == (row["suggested_probability"] >= 0.5) for row in suspicious)
    arguments = ["train", "--data", str(folder / "rows.jsonl"), *QUICK, "--no-baseline"]
    run = tmp_path / "run"
    main(INTENT, [*arguments, "--corrections", str(corrections), "--run-dir", str(run)])
    count = len(read(corrections))
    assert f"The labels of {count} rows were corrected" in (run / "report.html").read_text("utf-8")
    main(INTENT, ["evaluate", "--run", str(run), "--data", str(folder / "rows.jsonl")])
    metrics = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert metrics["accuracy"] < 0.97, "the wrong labels were not learned"


def test_an_output_that_cannot_be_written_is_refused_before_the_audit(
    audited, tmp_path, monkeypatch, capsys
):
    output = tmp_path / "file" / "out"
    output.parent.write_text("", encoding="utf-8")
    monkeypatch.setattr("dlkit.training.label_audit.audit_labels", pytest.fail)
    data = str(audited[0] / "rows.jsonl")
    with pytest.raises(SystemExit) as end:
        main(INTENT, ["audit", "--data", data, *QUICK, "--output", str(output)])
    assert end.value.code == 2
    assert "`--output` must be a folder that can be written" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["audit", "--folds", "1"], "`--folds` must be from 2 to 50. Received: 1."),
        (["audit", "--network", "magic"], "`--network` must be one of"),
        (["discover", "--input", "x.csv", "--groups", "1"], "`--groups` must be at least 2"),
        (
            ["discover", "--input", "x.csv", "--run", "nowhere"],
            "`--run` must be the folder of a run",
        ),
    ],
)
def test_mistakes_end_in_one_sentence(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main(INTENT, arguments)
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_the_encoder_is_taken_where_it_is_there_and_reads_the_texts(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    english, chinese = ["where is it"] * 9, ["我的快递到哪儿了"] * 9
    assert _with_network(Audit(), english).pretrained == "minilm"
    assert _with_network(Audit(), chinese).network == "wide_and_deep"
    assert _with_network(Audit(network="lstm"), english).network == "lstm"
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert _with_network(Audit(), english).network == "wide_and_deep"


def test_groups_become_rows_to_learn_from(project, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(project)
    parcels = [f"where does parcel {n} travel, the courier never came" for n in range(20)]
    refunds = [f"退款 {n} 什么时候到账" for n in range(16)]
    rows = [{"text": text} for text in [*parcels, *refunds]]
    source = write_rows(tmp_path / "questions.jsonl", [*rows, rows[0]])
    output = tmp_path / "out"
    arguments = ["discover", "--input", source, "--groups", "2", "--output", str(output)]
    main(INTENT, arguments)
    shown = capsys.readouterr()
    assert shown.out.splitlines()[-1] == f"discovered: {output / 'discovered.jsonl'}"
    found = read(output / "discovered.jsonl")
    assert sorted(row["text"] for row in found) == sorted([*parcels, *refunds]), "copies count once"
    for number, planted in enumerate((parcels, refunds), 1):
        members = {row["text"] for row in found if row["group"] == number}
        assert len(members & set(planted)) >= len(planted) - 2
    [first, second] = sorted({(row["group"], row["label"]) for row in found})
    assert set(first[1].split("_")) & {"parcel", "courier", "travel"}
    assert "退款" in second[1] or "到账" in second[1]
    page = (output / "discovery.html").read_text("utf-8")
    assert parcels[0] in page
    assert any(text in page for text in refunds)
    both = ["--data", "rows.jsonl", "--data", str(output / "discovered.jsonl")]
    main(INTENT, ["train", *both, *QUICK, "--no-baseline", "--run-dir", str(tmp_path / "run")])
    main(INTENT, ["predict", "--run", str(tmp_path / "run"), "退款什么时候到账"])
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["label"] == second[1]
