import dataclasses
import json

import numpy as np
import pytest

from dlkit.training.retrieval.settings import RetrievalTraining
from dlkit.tuning.options import RankingSearch
from dlkit.tuning.retrieval_subject import RetrievalSubject
from dlkit.tuning.trial import Job


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    """Users of odd and of even items."""
    folder, draw = tmp_path_factory.mktemp("events"), np.random.default_rng(0)
    items = [{"item_id": str(number), "title": f"word{number}"} for number in range(40)]
    events = [
        {"user_id": str(user), "item_id": str(2 * item + user % 2)}
        for user in range(60)
        for item in draw.choice(20, 8, replace=False)
    ]
    for name, rows in (("items", items), ("events", events)):
        (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    files = [str(folder / "items.jsonl")], [str(folder / "events.jsonl")]
    return RetrievalSubject("shop", lambda settings: files)


SETTINGS = RetrievalTraining(
    epochs=2, dim=8, neighbours=5, regularization=5.0, text_weight=0.0, baseline=False
)


def test_what_was_given_stays_and_the_defaults_come_first(subject):
    space = subject.space(subject.rows(SETTINGS), SETTINGS, RankingSearch())
    assert space.settings_of(space.defaults) == dataclasses.replace(SETTINGS, split_seed=0)
    assert "dim" not in space.defaults
    assert {"units", "dropout", "id_dropout", "relative_learning_rate"} <= set(space.defaults)
    changed = space.settings_of({**space.defaults, "relative_learning_rate": 2.0, "units": 128})
    assert changed.learning_rate == pytest.approx(0.006)
    assert json.loads(changed.network_arguments)["units"] == 128
    assert (changed.dim, changed.epochs) == (8, 2)


def test_a_job_is_measured_in_validation(subject):
    rows = subject.rows(SETTINGS)
    found = rows.run(Job("0000", 0, SETTINGS), RankingSearch(objective="recall@20"))
    assert found["status"] == "completed"
    assert found["score"] == found["objective"] == found["metrics"]["recall@20"] > 0.5
    assert len(found["history"]["val_loss"]) == 2


def test_what_goes_wrong_in_a_trial_is_its_failure_alone(subject):
    rows = subject.rows(SETTINGS)
    broken = dataclasses.replace(SETTINGS, network="no_such:builder")
    found = rows.run(Job("0001", 0, broken), RankingSearch())
    assert found["status"] == "failed"
    assert "no_such" in found["message"]
