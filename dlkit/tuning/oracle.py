"""KerasTuner's oracles, made to survive a kill.

As they come, they write several files one after the other, none of them atomically; a kill between
two leaves a trial that counts and never runs. The state of Bayesian search's random generator is in
none of them, and three failures in a row end a search. Here all state is one file, replaced whole.
"""

import random
import warnings
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
from sklearn.exceptions import ConvergenceWarning

from dlkit.training.run_folder import read_json, write_json
from dlkit.tuning.subject import Space

SCORE = "score"
"""The name under which the score of a trial is reported, the largest the best."""

_INITIAL_POINTS = 10
_NOISE = 0.1
"""Variance of a score between seeds, as a share of the variance over trials."""

_CANDIDATES = 2048
_MOVED = 0.3
"""Share of the values of a good trial that change in a candidate near it."""

_KEPT = 0.5


class _Saved(keras_tuner.Oracle):
    """One state file, the defaults first, and proposals that depend on nothing unsaved."""

    path: Path
    defaults: dict[str, Any]
    ongoing_trials: dict[str, trials.Trial]

    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Proposes the defaults, then what the algorithm says."""
        if not self.trials:
            return {"status": trials.TrialStatus.RUNNING, "values": dict(self.defaults)}
        return super().populate_space(trial_id)

    def _random_values(self) -> dict[str, Any] | None:
        """Draws values, each of them the default with an even chance.

        The defaults are good, and a search of minutes sees little of a whole space. The default
        network is twice as likely as any other.
        """
        while (values := super()._random_values()) is not None:
            draw = random.Random(self._seed_state)
            if values.get("network") != self.defaults.get("network") and draw.random() < _KEPT:
                continue
            kept = {name for name in values if name != "network" and draw.random() < _KEPT}
            values |= {hp.name: hp.default for hp in self.hyperparameters.space if hp.name in kept}
            if not self._duplicate(values):
                break
        return values

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
    def populate_space(self, trial_id: str) -> dict[str, Any]:
        """Proposes at random at first, then what the Gaussian process says is promising.

        KerasTuner climbs from fifty places, one point at a time, which takes as long as a trial.
        Most of the space are choices, so many points at once find as good a one.
        """
        done = [t for t in self.trials.values() if t.status == trials.TrialStatus.COMPLETED]
        if len(done) < self.num_initial_points:
            return super().populate_space(trial_id)
        x, y = self._vectorize_trials()
        with warnings.catch_warnings():  # a few trials say little of how far each one reaches
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.gpr.fit(x, y)
        draw = np.random.default_rng([self.seed, len(self.trials)])
        anywhere = draw.uniform(size=(_CANDIDATES, x.shape[1]))
        best = x[np.argsort(y)[: max(1, len(y) // 4)]]
        near = best[draw.integers(len(best), size=_CANDIDATES)]
        moved = draw.random(near.shape) < _MOVED
        near = np.clip(near + moved * draw.normal(0, 0.25, near.shape), 0, 1)
        points = np.concatenate([anywhere, near])
        mean, deviation = self.gpr.predict(points, return_std=True)
        for i in np.argsort(mean - self.beta * deviation):
            values = self._vector_to_values(points[i])
            if not self._duplicate(values):
                return {"status": trials.TrialStatus.RUNNING, "values": values}
        return {"status": trials.TrialStatus.STOPPED}


class _Hyperband(_Saved, HyperbandOracle):
    pass


def make_oracle(kind: str, space: Space, *, seed: int, path: Path) -> keras_tuner.Oracle:
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
        common |= {"num_initial_points": _INITIAL_POINTS, "alpha": _NOISE}
        oracle = _Bayesian(max_trials=None, **common)
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
