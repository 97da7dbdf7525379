import csv
import dataclasses
import json

import numpy as np
import pytest

from dlkit.errors import InputError
from dlkit.training.decision.policy import train_policy
from dlkit.training.decision.settings import PolicyTraining
from dlkit.training.decision.state import Progress
from tests.training.decision import environments_with_answers

assert environments_with_answers  # registers them

SMALL = PolicyTraining(
    environment="Echo-v0",
    network_arguments='{"units": [32], "dropout": 0}',
    steps=3000,
    epochs=3,
    environments=4,
    warmup=100,
    train_every=64,
    updates=32,
    learning_rate=5e-3,
    exploration_share=0.5,
    validation_episodes=20,
    test_episodes=30,
)


def train(settings, folder):
    folder.mkdir(exist_ok=True)
    still = lambda observations: np.zeros(len(observations), int)  # noqa: E731
    return train_policy(settings, folder, baseline=still, notes=["<b>one</b> note"])


@pytest.mark.parametrize("n_step", [1, 3])
def test_the_known_answer_is_found(tmp_path, n_step):
    trained = train(dataclasses.replace(SMALL, n_step=n_step), tmp_path / "run")
    assert trained.metrics["test"]["mean_return"] == 5
    assert trained.metrics["test"]["std_return"] == 0
    assert 1 < trained.metrics["baseline"]["mean_return"] < 2.5
    assert 3000 <= trained.metrics["environment_steps"] < 3300
    answers = trained.model(np.arange(3))
    np.testing.assert_array_equal(answers["action"], [0, 1, 2])
    saved = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))
    assert saved == trained.metrics
    page = (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;one&lt;/b&gt; note" in page
    assert "val_return" in page or "validation" in page


def test_what_pays_later_is_worth_waiting_for(tmp_path):
    settings = dataclasses.replace(SMALL, environment="Corridor-v0", steps=6000)
    trained = train(settings, tmp_path / "run")
    assert trained.metrics["test"]["mean_return"] == 10
    assert trained.metrics["test"]["mean_length"] == 5


def test_a_killed_training_goes_on(tmp_path, monkeypatch):
    saved = []

    def save_twice(progress, folder, observation, save=Progress.save):
        save(progress, folder, observation)
        saved.append(progress.steps)
        if len(saved) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Progress, "save", save_twice)
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, tmp_path / "run")
    assert not (tmp_path / "run" / "model.keras").exists()

    trained = train(dataclasses.replace(SMALL, resume=True), tmp_path / "run")
    assert len(saved) == 3
    assert saved[1] < saved[2]
    assert trained.metrics["test"]["mean_return"] == 5
    with (tmp_path / "run" / "history.csv").open(encoding="utf-8") as file:
        assert [row["epoch"] for row in csv.DictReader(file)] == ["1", "2", "3"]

    again = train(dataclasses.replace(SMALL, resume=True), tmp_path / "run")
    assert len(saved) == 3, "a finished training only measures again"
    assert again.metrics["test"] == trained.metrics["test"]


def test_the_state_of_another_network_is_refused(tmp_path):
    train(dataclasses.replace(SMALL, steps=200, epochs=1), tmp_path / "run")
    other = dataclasses.replace(SMALL, resume=True, network_arguments='{"units": [7]}')
    with pytest.raises(InputError, match="`--resume` needs the state of this model"):
        train(other, tmp_path / "run")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"environment": "NoSuch-v0"}, "`--environment` must be one that Gymnasium can make"),
        ({"environment": "Pendulum-v1"}, "`--environment` must have discrete actions"),
        ({"environment": "Blackjack-v1"}, "`--environment` must show an array of numbers"),
        ({"environment_arguments": '{"mass": 3}'}, "`--environment-arguments` must be those of"),
        ({"network": "mpl"}, "`--network` must be one of"),
        ({"network_arguments": '{"unit": 3}'}, "`--network-arguments` of mlp must be among"),
    ],
)
def test_a_users_mistake(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        train(dataclasses.replace(SMALL, **change), tmp_path / "run")


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("steps", 0, "must be at least 1"),
        ("n_step", 0, "must be at least 1"),
        ("warmup", -1, "must be 0 or more"),
        ("discount", 1.5, "must be from 0 to 1"),
        ("exploration_last", -0.1, "must be from 0 to 1"),
        ("environment_arguments", "[1]", "must be a JSON object"),
        ("test_arguments", "{", "must be a JSON object"),
    ],
)
def test_a_setting_that_breaks_a_rule(name, value, rule):
    with pytest.raises(InputError, match=f"`--{name.replace('_', '-')}` {rule}"):
        PolicyTraining(**{name: value})


def test_gymnasium_is_asked_for(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "gymnasium", None)
    with pytest.raises(InputError, match=r"dlkit\[decision\]"):
        train(SMALL, tmp_path / "run")
