"""KerasTuner's oracles, made to survive a kill.

As they come, they write several files one after the other, none of them atomically; a kill between
two leaves a trial that counts and never runs. The state of Bayesian search's random generator is in
none of them, and three failures in a row end a search. Here all state is one file, replaced whole.
"""

from pathlib import Path
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine import trial as trials
from keras_tuner.oracles import (
    BayesianOptimizationOracle,
    HyperbandOracle,
    RandomSearchOracle,
)

from dlkit.training.run_folder import read_json, write_json
from dlkit.tuning.space import SearchSpace

SCORE = "score"
"""The name under which the score of a trial is reported, the largest the best."""

_INITIAL_POINTS = 10


class _Saved(keras_tuner.Oracle):
    """One state file, the defaults first, and proposals that depend on nothing unsaved."""

    path: Path
    defaults: dict[str, Any]
    ongoing_trials: dict[str, trials.Trial]

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Proposes the defaults, then what the algorithm says."""
        if not self.trials:
            return {"status": trials.TrialStatus.RUNNING, "values": dict(self.defaults)}
        self._random_state = np.random.RandomState([self.seed, len(self.trials)])
        return super().populate_space(trial_id)

    def get_state(self) -> dict[str, Any]:
        """Returns all state; what has ended is not ongoing, whatever the moment."""
        state = super().get_state()
        state["ongoing_trials"] = {
            tuner: trial
            for tuner, trial in state["ongoing_trials"].items()
            if self.trials[trial].status == trials.TrialStatus.RUNNING
        }
        return state

    def save(self) -> None:
        """Writes the one file."""
        known = {name: trial.get_state() for name, trial in self.trials.items()}
        write_json(self.path, {"oracle": self.get_state(), "trials": known})

    def _save_trial(self, trial: trials.Trial) -> None:
        """Leaves it to `save`, which KerasTuner calls right after."""

    def reload(self) -> None:
        """Reads the file; trials that were running are the next to run."""
        saved = read_json(self.path)
        self.trials = {
            name: trials.Trial.from_state(state) for name, state in saved["trials"].items()
        }
        self.set_state(saved["oracle"])
        self._retry_queue += [trial.trial_id for trial in self.ongoing_trials.values()]
        self.ongoing_trials = {}


class _Random(_Saved, RandomSearchOracle):
    pass


class _Bayesian(_Saved, BayesianOptimizationOracle):
    pass


class _Hyperband(_Saved, HyperbandOracle):
    pass


def make_oracle(kind: str, space: SearchSpace, *, seed: int, path: Path) -> keras_tuner.Oracle:
    """Makes an oracle, or goes on with one.

    Args:
        kind: "random", "bayesian" or "hyperband".
        space: What to search.
        seed: Seeds what it proposes.
        path: Its state; read if it is there.

    Returns:
        The oracle. It proposes without end: its user keeps the budget.
    """
    common: dict[str, Any] = {
        "objective": keras_tuner.Objective(SCORE, "max"),
        "hyperparameters": space.hyperparameters.copy(),
        "seed": seed + 1,  # KerasTuner takes 0 for none
        "max_consecutive_failed_trials": None,
    }
    if kind == "hyperband":
        oracle = _Hyperband(max_epochs=space.epochs, hyperband_iterations=None, **common)
    elif kind == "bayesian":
        oracle = _Bayesian(max_trials=None, num_initial_points=_INITIAL_POINTS, **common)
    else:
        oracle = _Random(max_trials=None, **common)
    oracle.verbose = 0
    oracle.path, oracle.defaults = path, space.defaults
    if path.exists():
        oracle.reload()
    return oracle


def end_trial(oracle: keras_tuner.Oracle, trial: trials.Trial, record: dict[str, Any]) -> None:
    """Tells the oracle what came of a trial."""
    if record["status"] == "completed":
        oracle.update_trial(trial.trial_id, {SCORE: record["score"]})
        trial.status = trials.TrialStatus.COMPLETED
    else:
        trial.status, trial.message = trials.TrialStatus.FAILED, record["message"]
    oracle.end_trial(trial)
