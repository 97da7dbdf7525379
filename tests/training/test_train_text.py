import csv
import itertools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from dlkit.errors import InputError
from dlkit.tasks import Classification, Regression, compiled_answers
from dlkit.text.tokenizer import Tokenizer
from dlkit.training.text_data import load_text_data
from tests.made_rows import made_rows, quick_settings, train_on, write_rows

LABELS = {"topic": "topic", "mood": "mood"}


def two_tasks():
    return [Classification(name="topic"), Classification(name="mood")]


def load(sources, tasks=None, labels=LABELS, **changes):
    return load_text_data(quick_settings(**changes), sources, labels, tasks or two_tasks())


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run with rows of no class, copies among the test rows, and files for every part."""
    folder = tmp_path_factory.mktemp("trained")
    others = [{"text": f"lunch menu number {i % 9} soup", "topic": "other"} for i in range(40)]
    rows = [{"text": row["text"], "topic": row["topic"]} for row in made_rows(180)]
    copies = [row | {"text": row["text"].upper() + "!"} for row in rows[:5]]
    parts = {
        "train": rows[:120] + others[:20],
        "validation": rows[120:150] + others[20:30],
        "test": rows[150:] + others[30:] + copies,
    }
    files = {name: write_rows(folder / f"{name}.jsonl", part) for name, part in parts.items()}
    return train_on(
        [files["train"]],
        folder / "run",
        [Classification(name="topic", out_of_scope_label="other", class_weights="balanced")],
        validation_data=files["validation"],
        test_data=files["test"],
        baseline=True,
    )


def test_a_run_holds_all_it_promises(trained):
    names = {path.name for path in trained.folder.iterdir()}
    assert names == {
        "checkpoint.npz",
        "data.json",
        "history.csv",
        "logs",
        "metrics.json",
        "model.keras",
        "report.html",
    }
    metrics = json.loads((trained.folder / "metrics.json").read_text(encoding="utf-8"))
    assert metrics == trained.metrics
    assert set(metrics) == {
        "validation",
        "test",
        "test_without_copies",
        "baseline",
        "calibration",
        "train_seconds",
        "peak_memory_mb",
    }
    assert metrics["peak_memory_mb"] > 50


def test_classes_are_learned_and_the_others_rejected(trained):
    test = trained.metrics["test"]
    assert test["accuracy"] > 0.95
    assert test["auroc"] > 0.95
    assert test["out_of_scope_recall"] > 0.8
    assert trained.metrics["baseline"]["accuracy"] > 0.95
    [head] = trained.predictions
    assert head.classes == ("chips", "metals", "rates")
    assert (head.labels == -1).sum() == 10


def test_copies_are_counted(trained):
    report = (trained.folder / "report.html").read_text(encoding="utf-8")
    assert "test rows equal a training row" in report


def test_the_saved_model_is_the_measured_one(trained):
    texts = tf.constant(["copper rises", "what is for lunch"])
    again = keras.models.load_model(trained.folder / "model.keras")
    expected, found = compiled_answers(trained.model)(texts), compiled_answers(again)(texts)
    assert found["label"].numpy().tolist()[0] == b"metals"
    for name, value in expected.items():
        assert found[name].numpy().tolist() == value.numpy().tolist()


def test_the_kept_network_learns_from_the_validation_rows_too(tmp_path):
    source = write_rows(tmp_path / "rows.jsonl", made_rows(150))
    once = train_on([source], tmp_path / "once", refit="no", seed=3)
    again = train_on([source], tmp_path / "again", seed=3, baseline=True)
    assert again.metrics["validation"] == once.metrics["validation"]
    data = load([source], seed=3)
    parts = data.train.texts, [*data.train.texts, *data.validation.texts]
    for run, texts in zip((once, again), parts, strict=True):
        tokenizer = Tokenizer()
        tokenizer.adapt(texts)
        learned = run.model.get_layer("tokenizer").ngram_hashes
        np.testing.assert_array_equal(np.sort(learned), np.sort(tokenizer.ngram_hashes))
    assert (again.folder / "refit" / "history.csv").exists()
    assert not (once.folder / "refit").exists()


def test_a_training_that_overfits_early_is_done_again_with_fewer_epochs(tmp_path):
    rows = made_rows(160)
    noise = [row | {"topic": rows[-i]["topic"]} for i, row in enumerate(rows)]
    source = write_rows(tmp_path / "rows.jsonl", noise + rows)
    run = train_on([source], tmp_path / "run", epochs=0, refit="no")
    losses = {}
    for part in ("", "shorter"):
        with (run.folder / part / "history.csv").open(encoding="utf-8") as file:
            losses[part] = [float(line["val_loss"]) for line in csv.DictReader(file)]
    best = losses[""].index(min(losses[""])) + 1
    assert len(losses["shorter"]) == 2 * best + 1 < 30


def test_epochs_that_were_given_are_kept(trained):
    assert not (trained.folder / "shorter").exists()


def test_rows_of_a_validation_file_are_never_learned_from(trained):
    assert not (trained.folder / "refit").exists()


def test_parts_share_no_row(tmp_path):
    rows = [row | {"text": f"{row['text']} {i}"} for i, row in enumerate(made_rows(100))]
    data = load([write_rows(tmp_path / "a.jsonl", rows)])
    texts = [data.train.texts, data.validation.texts, data.test.texts]
    assert [len(part) for part in texts] == [60, 20, 20]
    assert sorted(itertools.chain(*texts)) == sorted(row["text"] for row in rows)
    assert data.notes == []


def test_a_task_without_labels_is_left_out(tmp_path):
    rows = [{"text": row["text"], "mood": row["mood"]} for row in made_rows(60)]
    tasks = two_tasks()
    data = load([write_rows(tmp_path / "a.jsonl", rows)], tasks)
    assert [task.name for task in tasks] == ["mood"]
    assert set(data.train.labels) == {"mood"}


def test_a_column_that_somebody_named_must_be_there(tmp_path):
    rows = [{"text": row["text"], "mood": row["mood"]} for row in made_rows(60)]
    source = write_rows(tmp_path / "a.jsonl", rows)
    with pytest.raises(
        InputError, match=r"`--topic-column` must name .* Received: topc, which .*a"
    ):
        load([source], labels={"topic": "topc", "mood": "mood"})


@pytest.mark.parametrize("part", ["test_data", "validation_data"])
def test_other_files_hold_known_labels_only(tmp_path, part):
    source = write_rows(tmp_path / "a.jsonl", made_rows(60))
    other = write_rows(tmp_path / "b.jsonl", [*made_rows(3), {"text": "x", "topic": "metal"}])
    with pytest.raises(InputError, match=r"`--topic-column` of `b.jsonl`.*`metal` in row 4"):
        load([source], **{part: other})


def test_labels_must_repeat(tmp_path):
    rows = [*made_rows(60), {"text": "alone", "topic": "single", "mood": "good"}]
    source = write_rows(tmp_path / "a.jsonl", rows)
    with pytest.raises(
        InputError, match=r"`--topic-column` of `a.jsonl`.*`single` has only row 61"
    ):
        load([source])


def test_numbers_are_checked_with_file_and_row(tmp_path):
    rows = [{"text": f"t{i}", "mood": "ab"[i % 2], "price": i} for i in range(40)]
    rows[3]["price"], rows[7]["price"] = None, "dear"
    labels = {"mood": "mood", "price": "price"}
    tasks = [Classification(name="mood"), Regression(name="price")]
    bad = write_rows(tmp_path / "bad.jsonl", rows)
    with pytest.raises(InputError, match=r"`--price-column` of `bad.jsonl`.*row 8 .*has `dear`"):
        load([bad], tasks, labels)
    good = write_rows(tmp_path / "good.jsonl", rows[:7] + rows[8:])
    with pytest.raises(InputError, match=r"`--price-column` of `bad.jsonl`.*row 8 .*has `dear`"):
        load([good], tasks, labels, test_data=bad)


def test_the_seed_chooses_the_rows(tmp_path):
    source = write_rows(tmp_path / "a.jsonl", made_rows(90))
    first, again, other = (load([source], seed=seed).test.texts for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            "{units: 3}",
            "`--network-arguments` must be a JSON object. Received: '{units: 3}'. Write",
        ),
        ("[1]", "`--network-arguments` must be a JSON object"),
        ('{"unit": 3}', "`--network-arguments` of bag_of_ngrams must be among .*Received: unit"),
        ('{"dropout": 7}', "`--network-arguments` must suit bag_of_ngrams. Received: .*Give other"),
        ('{"sizes": 7}', "`--network-arguments` must suit bag_of_ngrams. Received: "),
    ],
)
def test_bad_network_arguments(tmp_path, arguments, message):
    source = write_rows(tmp_path / "a.jsonl", made_rows(60))
    with pytest.raises(InputError, match=message):
        train_on([source], tmp_path / "run", network_arguments=arguments)


def test_other_rows_cannot_be_gone_on_with(tmp_path):
    source = tmp_path / "a.jsonl"
    write_rows(source, made_rows(60))
    folder = tmp_path / "run"
    train_on([str(source)], folder, epochs=1)
    write_rows(source, made_rows(66))
    with pytest.raises(InputError, match=r"`--resume` needs the rows .* but the data has changed"):
        train_on([str(source)], folder, epochs=1, resume=True)


def test_test_rows_teach_no_word(trained):
    # the exclamation mark is in five test rows and in no row of the training
    tokens = trained.model.get_layer("tokenizer")(tf.constant(["!", "copper"]))["tokens"]
    assert tokens.numpy()[0, 0] == 1, "a word of the test rows is known"
    assert tokens.numpy()[1, 0] > 1


def test_more_rows_are_learned_from_alone(tmp_path):
    rows = made_rows(90)
    data = write_rows(tmp_path / "rows.jsonl", rows)
    made = [{"text": "made up", "mood": rows[0]["mood"]}, {"text": "made too", "topic": "absent"}]
    paths = [write_rows(tmp_path / f"made{i}.jsonl", [row]) for i, row in enumerate(made)]
    without, taught = load([data]), load([data], training_data=(paths[0],))
    assert taught.train.texts == [*without.train.texts, "made up"]
    assert taught.train.labels["mood"][-1] == rows[0]["mood"]
    assert taught.train.labels["topic"][-1] is None
    assert (taught.validation, taught.test) == (without.validation, without.test)
    with pytest.raises(InputError, match=r"(?s)`--topic-column`.*absent.*made1\.jsonl"):
        load([data], training_data=tuple(paths))
