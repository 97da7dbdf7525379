"""An oracle that is killed at any moment proposes what it would have proposed."""

import json
import math

import pytest

from dlkit.settings import TextTraining
from dlkit.tuning.oracle import end_trial, make_oracle
from dlkit.tuning.space import SearchSpace

KINDS = ("random", "bayesian", "hyperband")
ROWS = 2848  # nine epochs by default


def space():
    given = TextTraining(network="bag_of_ngrams", max_words=50, batch_size=16)
    return SearchSpace(given, rows=ROWS, longest=100)


def oracle_of(kind, path):
    return make_oracle(kind, space(), seed=0, path=path)


def record_of(trial):
    """A known score; every fifth trial fails."""
    if int(trial.trial_id) % 5 == 4:
        return {"status": "failed", "message": "it broke"}
    return {"status": "completed", "score": 1 / (1 + abs(math.log(rate_of(trial) / 0.5)))}


def rate_of(trial):
    return trial.hyperparameters.values["relative_learning_rate"]


def propose(oracle, count):
    proposed = []
    for _ in range(count):
        trial = oracle.create_trial("one")
        proposed.append((trial.trial_id, dict(trial.hyperparameters.values)))
        end_trial(oracle, trial, record_of(trial))
    return proposed


@pytest.mark.parametrize("kind", KINDS)
def test_a_search_starts_with_the_defaults_and_is_repeatable(kind, tmp_path):
    first = propose(oracle_of(kind, tmp_path / "a.json"), 14)
    assert first[0] == ("0000", space().defaults)
    assert len({json.dumps(values) for _, values in first}) == 14
    assert propose(oracle_of(kind, tmp_path / "b.json"), 14) == first


@pytest.mark.parametrize("kind", KINDS)
def test_killed_before_every_trial_and_within_it(kind, tmp_path):
    expected = propose(oracle_of(kind, tmp_path / "whole.json"), 14)
    path, found = tmp_path / "killed.json", []
    for _ in range(14):
        begun = oracle_of(kind, path).create_trial("one")
        oracle = oracle_of(kind, path)  # killed while the trial ran
        trial = oracle.create_trial("another")
        assert trial.trial_id == begun.trial_id
        found.append((trial.trial_id, dict(trial.hyperparameters.values)))
        end_trial(oracle, trial, record_of(trial))
    assert found == expected


def test_a_kill_before_the_first_word_was_written(tmp_path):
    path = tmp_path / "oracle.json"
    oracle_of("random", path)
    assert not path.exists()
    assert propose(oracle_of("random", path), 1)[0][0] == "0000"


def test_the_best_of_bayesian_search_beats_random(tmp_path):
    best = {}
    for kind in ("random", "bayesian"):
        oracle = oracle_of(kind, tmp_path / f"{kind}.json")
        propose(oracle, 22)
        best[kind] = oracle.get_best_trials(1)[0].score
    assert best["bayesian"] >= best["random"]


def test_hyperband_goes_on_with_the_best(tmp_path):
    oracle = oracle_of("hyperband", tmp_path / "oracle.json")
    propose(oracle, 30)
    again = [t for t in oracle.trials.values() if t.hyperparameters.values.get("tuner/round")]
    assert again
    for trial in again:
        before = oracle.trials[trial.hyperparameters.values["tuner/trial_id"]]
        assert rate_of(before) == rate_of(trial)
        epochs = [t.hyperparameters.values["tuner/epochs"] for t in (before, trial)]
        assert epochs[0] < epochs[1]


def test_failures_in_a_row_do_not_end_a_search(tmp_path):
    oracle = oracle_of("random", tmp_path / "oracle.json")
    for number in range(6):
        trial = oracle.create_trial("one")
        assert int(trial.trial_id) == number
        end_trial(oracle, trial, {"status": "failed", "message": "it broke"})
    assert {trial.status for trial in oracle.trials.values()} == {"FAILED"}
