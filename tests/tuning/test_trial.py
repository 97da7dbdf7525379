import dataclasses
import math

import keras
import pytest

from apps.sentiment.app import APP
from apps.sentiment.app import SentimentTraining as Training
from dlkit.errors import InputError
from dlkit.training.text_data import load_text_data
from dlkit.tuning.data import SearchRows
from dlkit.tuning.options import SearchOptions
from dlkit.tuning.trial import Job, objective_of
from tests.made_rows import made_rows, write_rows

GIVEN = {
    "network": "bag_of_ngrams",
    "network_arguments": '{"units": 8}',
    "epochs": 3,
    "batch_size": 16,
    "learning_rate": 0.02,
    "sentiment_column": "mood",
    "deterministic": True,
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    rows = [row | {"text": f"{row['text']} no{i}"} for i, row in enumerate(made_rows(240))]
    return Training(data=(write_rows(path, rows),), **GIVEN)


@pytest.fixture(scope="module")
def rows(settings):
    return SearchRows(APP, settings)


def trained(rows, settings, trial="0001", repeat=0, **options):
    return rows.run(Job(trial, repeat, settings), SearchOptions(**options))


def test_no_test_row_is_learned_from_or_measured_on(rows, settings):
    tasks = list(APP.tasks(settings))
    labels = APP.label_columns(settings, tasks)
    test = load_text_data(settings, APP.sources(settings), labels, tasks).test
    for repeat in range(3):
        data = rows.split(repeat)
        assert data.test is None
        assert len(data.train.texts) + len(data.validation.texts) == 240 - len(test.texts)
        assert len(data.validation.texts) == round(0.25 * (240 - len(test.texts)))
        assert not {*test.texts} & {*data.train.texts, *data.validation.texts}
        assert not {*data.train.texts} & {*data.validation.texts}
    assert rows.split(0).validation.texts == rows.split(0).validation.texts
    assert rows.split(0).validation.texts != rows.split(1).validation.texts


def test_the_split_follows_its_own_seed(rows, settings):
    moved = SearchRows(APP, dataclasses.replace(settings, seed=9, split_seed=settings.seed))
    assert moved.split(1) == rows.split(1)
    assert SearchRows(APP, dataclasses.replace(settings, seed=9)).split(0) != rows.split(0)


def test_a_trial_is_measured_and_repeatable(rows, settings):
    first = trained(rows, settings)
    assert first["status"] == "completed"
    assert first["score"] == first["objective"] > 0.7
    assert first["cost"] is None
    assert set(first["metrics"]) == {"topic", "sentiment"}
    assert len(first["history"]["val_loss"]) == 3
    trained(rows, dataclasses.replace(settings, network="cnn", network_arguments='{"filters": 4}'))
    again = trained(rows, settings)
    assert again | {"seconds": 0} == first | {"seconds": 0}


def test_a_trial_learns_from_the_labelled_rows_alone(rows, settings):
    more = {"unlabelled": ("no such file",), "semi_supervised": "gan"}
    found = trained(rows, dataclasses.replace(settings, **more))
    assert found["metrics"] == trained(rows, settings)["metrics"]


def test_the_same_row_is_tokenized_once(rows, settings):
    short = dataclasses.replace(settings, max_words=64)
    assert rows.prepared(0, settings) is rows.prepared(0, settings)
    assert rows.prepared(0, settings) is not rows.prepared(0, short)


@pytest.mark.parametrize("cost", ["latency", "size"])
def test_a_second_objective(rows, settings, cost):
    small = trained(rows, settings, cost=cost, cost_weight=0.01)
    assert small["cost"] > 0
    assert small["score"] == pytest.approx(small["objective"] - 0.01 * small["cost"])
    if cost == "size":
        large = dataclasses.replace(settings, network_arguments='{"units": 64}')
        assert trained(rows, large, cost=cost)["cost"] > 2 * small["cost"]


def test_a_trial_that_diverges_fails(rows, settings):
    found = trained(rows, dataclasses.replace(settings, learning_rate=1e30), trial="0000")
    assert found["status"] == "failed"
    assert found["message"].startswith("DivergenceError: `--learning-rate` must let")


def test_a_trial_that_raises_fails_but_not_the_defaults(rows, settings):
    wrong = dataclasses.replace(settings, network_arguments='{"units": -3}')
    found = trained(rows, wrong)
    assert found["status"] == "failed"
    assert "units" in found["message"] or "shape" in found["message"]
    with pytest.raises(InputError, match="`--network-arguments` must suit"):
        trained(rows, wrong, trial="0000")


def test_any_other_error_is_a_failure_too(rows, settings, monkeypatch):
    def out_of_memory(*arguments, **options):
        raise MemoryError("no more")

    monkeypatch.setattr(keras.Model, "fit", out_of_memory)
    found = trained(rows, settings, trial="0000")
    assert (found["status"], found["message"]) == ("failed", "MemoryError: no more")


def test_the_objective_is_the_mean_of_the_heads():
    heads = {"a": {"macro_f1": 0.5, "log_loss": 2.0}, "b": {"macro_f1": 0.7, "log_loss": 1.0}}
    assert objective_of(heads, "macro_f1") == pytest.approx(0.6)
    assert objective_of(heads, "log_loss") == -1.5
    assert objective_of({"accuracy": 0.25}, "accuracy") == 0.25
    assert math.isnan(objective_of({"accuracy": math.nan}, "accuracy"))
    with pytest.raises(InputError, match=r"`--objective` must be.*of mae, rmse.*Received: macro"):
        objective_of({"rmse": 1.0, "mae": 2.0}, "macro_f1")
