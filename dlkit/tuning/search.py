"""The search: proposes, trains and records trials until the budget is spent, then picks a winner.

What is recorded is never done again: `trials/0003-1.json` is the second training of trial 3.
"""

import dataclasses
import math
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean, median
from typing import Any

import keras_tuner
import numpy as np
from keras_tuner.engine.trial import Trial, TrialStatus

from dlkit.errors import InputError
from dlkit.training.run_folder import read_json, write_json
from dlkit.tuning.oracle import end_trial
from dlkit.tuning.subject import Space
from dlkit.tuning.trial import Job
from dlkit.tuning.workers import InProcess, Processes

DEFAULTS = "0000"
"""The trial of the settings as they are."""


class Search:
    """A search in its folder.

    Args:
        folder: Gets `trials/` and `state.json`.
        space: What to search.
        oracle: What proposes.
        workers: What trains.
        options: The budget.
        show: Gets the record of each training that ended.
    """

    def __init__(
        self,
        folder: Path,
        *,
        space: Space,
        oracle: keras_tuner.Oracle,
        workers: InProcess | Processes,
        options: Any,
        show: Callable[[dict[str, Any]], None],
    ) -> None:
        self.folder, self.space, self.oracle = folder, space, oracle
        self.workers, self.options, self.show = workers, options, show
        (folder / "trials").mkdir(exist_ok=True)
        state = folder / "state.json"
        saved = read_json(state) if state.exists() else {}
        self._before: float = saved.get("seconds", 0.0)
        self._finalists: int | None = saved.get("finalists")  # None until the trials are over
        self._start, self._ended = time.monotonic(), math.inf
        paths = sorted((folder / "trials").glob("*-*.json"))
        self.records = {path.stem: read_json(path) for path in paths}

    @property
    def seconds(self) -> float:
        """How long the search has taken so far, before a kill too."""
        return self._before + min(time.monotonic(), self._ended) - self._start

    @property
    def trials(self) -> list[dict[str, Any]]:
        """The record of the first training of each trial, in the order of their ids."""
        return [record for name, record in sorted(self.records.items()) if name.endswith("-0")]

    def run(self) -> None:
        """Runs trials while the budget lasts, then the finalists."""
        running: dict[str, tuple[Trial, str]] = {}
        slots = [f"worker-{number}" for number in range(self.options.processes)]
        while self._finalists is None:
            self._begin_trials(running, slots)
            if not running:
                break
            self._end(running, self._next_record(), slots)
        if self._finalists is None:
            self._finalists = self._affordable()
        self._save()
        self._run_finalists()
        self._ended = time.monotonic()

    def finalists(self) -> list[str]:
        """Returns the ids of the best trials and of the defaults, the best first."""
        return self._best(self.options.finalists if self._finalists is None else self._finalists)

    def _best(self, count: int) -> list[str]:
        done = [record for record in self.trials if record["status"] == "completed"]
        done.sort(key=lambda record: -record["score"])
        distinct: dict[Any, str] = {}
        for record in done:
            distinct.setdefault(self.space.settings_of(record["values"]), record["trial"])
        best = list(distinct.values())[: max(count, 1)]
        defaults = [record["trial"] for record in done if record["trial"] == DEFAULTS]
        return list(dict.fromkeys([*best, *defaults]))

    def standings(self) -> list[dict[str, Any]]:
        """Returns the mean score of each finalist over its trainings, the best first.

        Raises:
            InputError: No trial has succeeded.
        """
        table = []
        for trial in self.finalists():
            records = [self.records[f"{trial}-{i}"] for i in range(self._repeats + 1)]
            scores = [r["score"] for r in records if r["status"] == "completed"]
            if len(scores) == len(records):  # one that fails now and then is no winner
                table.append({"trial": trial, "score": mean(scores), "scores": scores})
        if not table:
            messages = [record.get("message", "") for record in self.trials]
            msg = f"the search needs a trial that succeeds. All failed: {(messages or [''])[0]}"
            raise InputError(msg)
        return sorted(table, key=lambda row: -row["score"])

    def settings_of(self, trial: str) -> Any:
        """Returns the settings of a trial, with the seed of the search."""
        return self.space.settings_of(self.records[f"{trial}-0"]["values"])

    @property
    def _repeats(self) -> int:
        return self.options.repeats if self._finalists and len(self.finalists()) > 1 else 0

    def _begin_trials(self, running: dict[str, tuple[Trial, str]], slots: list[str]) -> None:
        """Gives every free worker a trial, unless it is enough."""
        while self.workers.free and not self._is_enough(len(running)):
            trial = self.oracle.create_trial(slots[0])
            if trial.status == TrialStatus.IDLE:  # it waits for those that run
                return
            if trial.status == TrialStatus.STOPPED:
                return
            running[trial.trial_id] = (trial, slots.pop(0))
            if (record := self.records.get(f"{trial.trial_id}-0")) is not None:
                self._end(running, record, slots)  # a kill came before the oracle knew
            else:
                self.workers.give(self._job(trial.trial_id, 0, trial.hyperparameters.values))

    def _end(
        self, running: dict[str, tuple[Trial, str]], record: dict[str, Any], slots: list[str]
    ) -> None:
        trial, slot = running.pop(record["trial"])
        end_trial(self.oracle, trial, record)
        slots.insert(0, slot)

    def _run_finalists(self) -> None:
        wanted = [
            (trial, repeat)
            for repeat in range(1, self._repeats + 1)  # one repeat after the other: one split each
            for trial in self.finalists()
            if f"{trial}-{repeat}" not in self.records
        ]
        running = 0
        while wanted or running:
            while wanted and self.workers.free:
                trial, repeat = wanted.pop(0)
                values = self.records[f"{trial}-0"]["values"]
                self.workers.give(self._job(trial, repeat, values))
                running += 1
            self._next_record()
            running -= 1

    def _job(self, trial: str, repeat: int, values: dict[str, Any]) -> Job:
        seed = np.random.SeedSequence([self.space.settings.seed, int(trial), repeat])
        number = int(seed.generate_state(1)[0]) % 2**31
        settings = dataclasses.replace(self.space.settings_of(values), seed=number)
        return Job(trial, repeat, settings)

    def _next_record(self) -> dict[str, Any]:
        """Waits for a training to end, and writes what came of it."""
        job, found = self.workers.result()
        values = self.oracle.get_trial(job.trial).hyperparameters.values
        record = {"trial": job.trial, "repeat": job.repeat, "values": dict(values), **found}
        name = f"{job.trial}-{job.repeat}"
        write_json(self.folder / "trials" / f"{name}.json", record)
        self.records[name] = record
        self._save()
        self.show(record)
        return record

    def _is_enough(self, running: int) -> bool:
        """Returns whether no further trial is to begin."""
        most, seconds = self.options.most_trials, self.options.max_seconds
        if most is not None and len(self.trials) + running >= most:
            return True
        if seconds is None or not self.trials:
            return False
        repeats = self.options.repeats * self._cost(self.options.finalists)
        one = median(_seconds(self.trials))
        return self.seconds + one + repeats / self.options.processes > seconds

    def _affordable(self) -> int:
        """Returns how many finalists the time that is left is enough for."""
        count = self.options.finalists
        if self.options.max_seconds is not None:
            left = (self.options.max_seconds - self.seconds) * self.options.processes
            while count and self.options.repeats * self._cost(count) > left:
                count -= 1
        return count

    def _cost(self, count: int) -> float:
        """Returns the seconds of training so many finalists once."""
        return sum(_seconds(self._first(self._best(count))))

    def _first(self, trials: Iterable[str]) -> list[dict[str, Any]]:
        return [self.records[f"{trial}-0"] for trial in trials]

    def _save(self) -> None:
        state = {"seconds": round(self.seconds, 1), "finalists": self._finalists}
        write_json(self.folder / "state.json", state)


def _seconds(records: Iterable[dict[str, Any]]) -> list[float]:
    return [record["seconds"] for record in records]
