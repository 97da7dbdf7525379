import collections
import dataclasses
import shutil
from types import SimpleNamespace

import pytest

from dlkit.errors import InputError
from dlkit.settings import TextTraining
from dlkit.tuning import search as search_module
from dlkit.tuning.options import SearchOptions
from dlkit.tuning.oracle import make_oracle
from dlkit.tuning.search import Search
from dlkit.tuning.space import SearchSpace

SETTINGS = TextTraining(network="bag_of_ngrams", seed=3)


class Scores:
    """Workers that know the score of each job, and how many seconds it took."""

    def __init__(self, score, count=1, seconds=lambda job: 1.0):
        self.score, self.count, self.seconds, self.jobs = score, count, seconds, []
        self._waiting = collections.deque()

    @property
    def free(self):
        return self.count - len(self._waiting)

    def give(self, job):
        self.jobs.append(job)
        self._waiting.append(job)

    def result(self):
        job = self._waiting.pop()  # the last one first: the order of ends is any
        score, seconds = self.score(job), self.seconds(job)
        if score is None:
            return job, {"status": "failed", "message": "it broke", "seconds": seconds}
        found = {"status": "completed", "score": score, "objective": score, "cost": None}
        return job, {**found, "metrics": {}, "history": {"val_loss": [1.0]}, "seconds": seconds}

    def close(self):
        pass


def search_of(folder, workers, **options):
    space = SearchSpace(SETTINGS, rows=9 * 64, longest=100)
    oracle = make_oracle("random", space, seed=3, path=folder / "oracle.json")
    chosen = SearchOptions(**{"trials": 6, "processes": workers.count} | options)
    shown = []
    search = Search(
        folder, space=space, oracle=oracle, workers=workers, options=chosen, show=shown.append
    )
    search.run()
    assert len(shown) == len(workers.jobs)
    return search


def by_number(job):
    return int(job.trial) / 10


def test_so_many_trials_and_the_finalists_again(tmp_path):
    workers = Scores(by_number)
    search = search_of(tmp_path, workers, finalists=2, repeats=2)
    done = [(job.trial, job.repeat) for job in workers.jobs]
    assert done[:6] == [(f"{number:04}", 0) for number in range(6)]
    assert done[6:] == [(t, r) for r in (1, 2) for t in ("0005", "0004", "0000")]
    assert search.standings()[0] == {"trial": "0005", "score": 0.5, "scores": [0.5, 0.5, 0.5]}
    assert workers.jobs[0].settings == dataclasses.replace(
        SETTINGS, seed=workers.jobs[0].settings.seed
    )
    assert len({job.settings.seed for job in workers.jobs}) == len(workers.jobs)


def test_a_lucky_trial_does_not_win(tmp_path):
    def score(job):
        return 0.9 if job.trial == "0002" and job.repeat == 0 else by_number(job)

    search = search_of(tmp_path, Scores(score), finalists=2)
    assert search.finalists() == ["0002", "0005", "0000"]
    assert search.standings()[0]["trial"] == "0005"


def test_nothing_better_than_the_defaults(tmp_path):
    search = search_of(tmp_path, Scores(lambda job: -by_number(job)))
    assert search.standings()[0]["trial"] == "0000"
    assert search.settings_of("0000") == SETTINGS


def test_failed_trials_are_named_and_the_others_go_on(tmp_path):
    def score(job):
        return None if int(job.trial) in (1, 2, 3, 4) else by_number(job)

    search = search_of(tmp_path, Scores(score))
    assert [record["status"] for record in search.trials] == [
        "completed",
        *["failed"] * 4,
        "completed",
    ]
    assert search.trials[2]["message"] == "it broke"
    assert search.standings()[0]["trial"] == "0005"


def test_a_finalist_that_fails_later_is_no_winner(tmp_path):
    def score(job):
        return None if job.trial == "0005" and job.repeat else by_number(job)

    assert search_of(tmp_path, Scores(score)).standings()[0]["trial"] == "0004"


def test_no_trial_succeeds(tmp_path):
    search = search_of(tmp_path, Scores(lambda job: None))
    with pytest.raises(InputError, match="All failed: it broke"):
        search.standings()


def test_what_is_recorded_is_not_done_again(tmp_path):
    whole = search_of(tmp_path, Scores(by_number))
    again = Scores(by_number)
    search = search_of(tmp_path, again)
    assert again.jobs == []
    assert search.records == whole.records


def test_a_kill_between_the_record_and_the_oracle(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = search_of(tmp_path / "a", Scores(by_number))

    class Killed(Scores):
        def result(self):
            if len(self.jobs) == 4:
                raise KeyboardInterrupt
            return super().result()

    with pytest.raises(KeyboardInterrupt):
        search_of(tmp_path / "b", Killed(by_number))
    # the fourth trial got its record, the oracle never heard of it
    shutil.copy(tmp_path / "a" / "trials" / "0003-0.json", tmp_path / "b" / "trials")
    after = Scores(by_number)
    assert search_of(tmp_path / "b", after).records == whole.records
    assert (after.jobs[0].trial, after.jobs[0].repeat) == ("0004", 0)


def test_several_at_a_time_are_the_same_trials(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = search_of(tmp_path / "a", Scores(by_number), trials=9)
    three = search_of(tmp_path / "b", Scores(by_number, count=3), trials=9)
    assert one.records == three.records
    assert one.standings() == three.standings()


@pytest.fixture
def clock(monkeypatch):
    """A clock that each training moves on by a second."""
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(search_module.time, "monotonic", lambda: clock.now)
    return clock


def taking_a_second(clock):
    def score(job):
        clock.now += 1.0
        return by_number(job)

    return score


def test_no_time_left_still_gives_the_defaults(tmp_path, clock):
    workers = Scores(taking_a_second(clock))
    search = search_of(tmp_path, workers, trials=None, max_seconds=0.5)
    assert [job.trial for job in workers.jobs] == ["0000"]
    assert search.standings()[0]["trial"] == "0000"


def test_time_for_finalists_is_kept(tmp_path, clock):
    workers = Scores(taking_a_second(clock))
    search = search_of(tmp_path, workers, trials=None, max_seconds=9.5, finalists=1, repeats=2)
    assert [job.repeat for job in workers.jobs] == [0] * 5 + [1, 1, 2, 2]
    clock.now += 100  # what comes after the search is not of it
    assert search.seconds == 9


@pytest.mark.parametrize(
    ("max_seconds", "finalists", "total"),
    [
        (40, ["0005", "0004", "0000"], 20 + 17),
        (21, ["0004", "0000"], 12 + 9),
        (12, ["0004", "0000"], 12),
    ],
)
def test_as_many_finalists_as_there_is_time_for(tmp_path, clock, max_seconds, finalists, total):
    def seconds(job):  # the first four are quick and bad, then come slow and good ones
        return 1.0 if int(job.trial) < 4 else 8.0

    def score(job):
        clock.now += seconds(job)
        return by_number(job)

    workers = Scores(score, seconds=seconds)
    options = {"trials": 6, "max_seconds": max_seconds, "finalists": 2, "repeats": 1}
    search = search_of(tmp_path, workers, **options)
    assert search.finalists() == finalists
    assert search.seconds == total


def test_time_goes_on_after_a_kill(tmp_path, clock):
    class Killed(Scores):
        def result(self):
            if len(self.jobs) == 3:
                raise KeyboardInterrupt
            return super().result()

    options = {"trials": None, "max_seconds": 9.5, "finalists": 1, "repeats": 2}
    with pytest.raises(KeyboardInterrupt):
        search_of(tmp_path, Killed(taking_a_second(clock)), **options)
    clock.now += 100  # of which the search knows nothing
    workers = Scores(taking_a_second(clock))
    search_of(tmp_path, workers, **options)
    assert [job.trial for job in workers.jobs[:3]] == ["0002", "0003", "0004"]
    assert len(workers.jobs) == 7
