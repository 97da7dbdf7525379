import dataclasses

import pytest

from apps.sentiment.app import APP
from apps.sentiment.app import SentimentTraining as Training
from dlkit.errors import InputError
from dlkit.tuning.options import SearchOptions
from dlkit.tuning.text_subject import TextSubject
from dlkit.tuning.trial import Job
from dlkit.tuning.workers import Processes, Request
from tests.made_rows import made_rows, write_rows

_NETWORK = """
import os

import keras


def fatal(*, input_shape, name="fatal"):
    os._exit(7)
"""


@pytest.fixture
def workers(tmp_path, monkeypatch):
    (tmp_path / "networks_of_mine.py").write_text(_NETWORK, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    path = tmp_path / "rows.jsonl"
    settings = Training(
        data=(write_rows(path, made_rows(60)),),
        network="bag_of_ngrams",
        epochs=1,
        sentiment_column="mood",
    )
    workers = Processes(Request(TextSubject(APP), settings, SearchOptions(processes=2)), 2)
    yield workers, settings, path
    workers.close()


def test_a_worker_that_dies_fails_its_trial_and_is_replaced(workers):
    workers, settings, path = workers
    dying = dataclasses.replace(settings, network="networks_of_mine:fatal")
    assert workers.free == 2
    workers.give(Job("0001", 0, dying))
    workers.give(Job("0002", 0, settings))
    assert workers.free == 0
    found = {job.trial: record for job, record in (workers.result(), workers.result())}
    assert found["0001"]["status"] == "failed"
    assert found["0001"]["message"] == "its process ended with code 7"
    assert found["0002"]["status"] == "completed"
    assert workers.free == 2

    path.unlink()  # the new worker has not read the rows yet; what they lack ends the search
    workers.give(Job("0003", 0, settings))
    workers.give(Job("0004", 0, settings))
    with pytest.raises(InputError, match=r"rows\.jsonl"):
        [workers.result() for _ in range(2)]
