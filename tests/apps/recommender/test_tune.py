"""A search through the command line."""

import json

import pytest

from apps.recommender.app import APP
from dlkit.cli import main

TUNE = ["--trials", "2", "--finalists", "1", "--repeats", "0", "--retrainings", "1"]
SETTINGS = ["--epochs", "1", "--dim", "8", "--regularization", "50", "--text-weight", "0"]


@pytest.mark.slow
def test_tune_leaves_a_run_that_recommends(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(APP, ["tune", *TUNE, *SETTINGS, "--no-baseline"])
    [search] = (tmp_path / "runs" / "recommender").glob("*-search")
    summary = json.loads((search / "search.json").read_text(encoding="utf-8"))
    assert [trial["status"] for trial in summary["trials"]] == ["completed", "completed"]
    assert "test" not in summary["trials"][0]["metrics"]
    assert (search / "search.html").exists()
    metrics = json.loads((tmp_path / "runs/recommender/latest/metrics.json").read_text())
    assert metrics["search"]["test"]["ndcg@10"]["mean"] == metrics["test"]["ndcg@10"]
    capsys.readouterr()
    main(APP, ["recommend", "--history", "b001", "--k", "3"])
    assert len(capsys.readouterr().out.splitlines()) == 3
