import numpy as np
import pytest

from dlkit.errors import InputError
from dlkit.tasks import Classification
from dlkit.training import unlabelled as module
from dlkit.training.text_data import load_text_data
from dlkit.training.unlabelled import UnlabelledTexts
from tests.made_rows import made_rows, quick_settings, train_on, write_rows


@pytest.fixture
def files(tmp_path):
    """Nine rows with labels to learn from, and two hundred without."""
    rows = made_rows(260)
    parts = {"train": rows[:18], "validation": rows[18:36], "test": rows[36:60]}
    without = [{"text": row["text"]} for row in rows[60:]]
    paths = {name: write_rows(tmp_path / f"{name}.jsonl", part) for name, part in parts.items()}
    return paths | {"unlabelled": write_rows(tmp_path / "unlabelled.jsonl", without)}


def load(files, **changes):
    settings = quick_settings(
        validation_data=files["validation"], test_data=files["test"], **changes
    )
    labels = {"topic": "topic", "mood": "mood"}
    tasks = [Classification(name=name) for name in labels]
    return settings, load_text_data(settings, [files["train"]], labels, tasks)


def test_texts_get_the_labels_of_their_neighbours(files):
    settings, data = load(files, unlabelled=(files["unlabelled"],))
    others = UnlabelledTexts(settings, data)
    taught = others.labelled(data)
    right = made_rows(260)[60:]
    known = {row["text"]: row for row in right}
    new = taught.train.texts[len(data.train.texts) :]
    assert new == others.texts
    for name in ("topic", "mood"):
        given = taught.train.labels[name]
        assert given[: len(data.train.texts)] == data.train.labels[name]
        found = given[len(data.train.texts) :]
        hits = [label == known[text][name] for label, text in zip(found, new, strict=True)]
        assert np.mean(hits) > 0.6
    assert taught.validation == data.validation
    assert taught.test == data.test


def test_for_a_gan_texts_stay_without_labels_and_the_others_come_often(files):
    settings, data = load(files, unlabelled=(files["unlabelled"],), semi_supervised="gan")
    others = UnlabelledTexts(settings, data)
    taught, times = others.labelled(data).train, len(others.texts) // len(data.train.texts)
    border = times * len(data.train.texts)
    assert times > 1
    assert taught.texts == [*(times * data.train.texts), *others.texts]
    for name in ("topic", "mood"):
        assert taught.labels[name][:border] == times * data.train.labels[name]
        assert set(taught.labels[name][border:]) == {None}


def test_a_run_learns_with_a_gan(files, tmp_path):
    changes = {
        "validation_data": files["validation"],
        "test_data": files["test"],
        "unlabelled": (files["unlabelled"],),
        "semi_supervised": "gan",
    }
    trained = train_on([files["train"]], tmp_path / "run", **changes)
    assert trained.metrics["test"]["mood"]["accuracy"] > 0.6
    assert not any("generator" in layer.name for layer in trained.model._flatten_layers())


def test_nothing_is_added_without_a_file(files):
    settings, data = load(files)
    others = UnlabelledTexts(settings, data)
    assert others.texts == []
    assert others.labelled(data) is data


def test_copies_of_labelled_rows_are_left_out(files, tmp_path):
    settings, data = load(files)
    assert data.test is not None
    copies = [data.test.texts[0].upper() + "!", data.train.texts[0], data.validation.texts[0]]
    path = write_rows(tmp_path / "copies.jsonl", [{"text": t} for t in [*copies, "new", "new"]])
    settings, data = load(files, unlabelled=(path,))
    assert UnlabelledTexts(settings, data).texts == ["new"]
    path = write_rows(tmp_path / "copies.jsonl", [{"text": text} for text in copies])
    with pytest.raises(InputError, match=r"`--unlabelled` .* 3 rows without"):
        UnlabelledTexts(settings, data)


def test_of_many_texts_some_are_drawn(files, monkeypatch):
    monkeypatch.setattr(module, "MOST_TEXTS", 20)
    settings, data = load(files, unlabelled=(files["unlabelled"],))
    others = UnlabelledTexts(settings, data)
    assert len(others.texts) == 20
    assert others.notes[0].startswith("20 of ")
    assert UnlabelledTexts(settings, data).texts == others.texts


def test_a_run_learns_from_them_and_goes_on_with_the_same(files, tmp_path):
    changes = {
        "validation_data": files["validation"],
        "test_data": files["test"],
        "unlabelled": (files["unlabelled"],),
    }
    trained = train_on([files["train"]], tmp_path / "run", **changes)
    config = trained.model.get_layer("answers").tasks
    assert [task.name for task in config] == ["topic", "mood"]
    assert trained.metrics["test"]["topic"]["accuracy"] > 0.6
    lines = (tmp_path / "unlabelled.jsonl").read_text("utf-8").splitlines()
    (tmp_path / "unlabelled.jsonl").write_text("\n".join(lines[:50]), encoding="utf-8")
    with pytest.raises(InputError, match="`--resume` needs the rows that the run began with"):
        train_on([files["train"]], tmp_path / "run", resume=True, **changes)
