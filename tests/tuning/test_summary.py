import io
import json
import re

import keras_tuner
import pytest
from rich.console import Console

from dlkit.evaluation import page as page_module
from dlkit.evaluation.page import write_page
from dlkit.tuning.console import print_tables
from dlkit.tuning.figures import search_figures
from dlkit.tuning.importance import LEAST_TRIALS, importances
from dlkit.tuning.retraining import summarize
from dlkit.tuning.summary import described, pareto, summary_tables

HOSTILE = "<script>alert(1)</script>[red]\x1b[31m"


@pytest.fixture
def space():
    hp = keras_tuner.HyperParameters()
    hp.Choice("network", ["cnn", HOSTILE])
    hp.Float("rate", 0.001, 0.1, sampling="log", default=0.01)
    hp.Float("noise", 0, 1)
    with hp.conditional_scope("network", ["cnn"]):
        hp.Choice("cnn/filters", [1, 2, 4])
    return hp


def made_records(space, count=30):
    """Trials whose score depends on the rate alone."""
    records = []
    for number in range(count):
        hp = space.copy()
        hp.values = {}
        for place, one in enumerate(hp.space):
            if hp.is_active(one):
                hp.values[one.name] = one.random_sample(10 * number + place)
        score = 0.5 + hp.values["rate"]
        record = {"trial": f"{number:04}", "values": hp.values, "status": "completed"}
        record |= {"score": score, "objective": score, "cost": 1.0 + number, "seconds": 2.0}
        records.append(record | {"history": {"val_loss": [1.0, 0.5]}})
    failed = {"trial": "0030", "values": {"rate": 0.1}, "status": "failed", "seconds": 1.0}
    return [*records, failed | {"message": HOSTILE}]


def summary_of(space, records):
    done = [record for record in records if record["status"] == "completed"]
    return {
        "seconds": 61.0,
        "trials": records,
        "finalists": [{"trial": "0002", "score": 0.6, "scores": [0.6, 0.6]}],
        "winner": "0002",
        "pareto": [record["trial"] for record in pareto(done)],
        "importances": importances(space, done, seed=0),
        "retrainings": {"seeds": [0], "test": {"accuracy": {"mean": 0.5, "spread": None}}},
    }


def test_what_the_score_depends_on_is_important(space):
    found = importances(space, made_records(space)[:-1], seed=0)
    assert next(iter(found)) == "rate"
    assert found["rate"] > 0.9
    assert sum(found.values()) == pytest.approx(1, abs=0.001)
    assert importances(space, made_records(space)[: LEAST_TRIALS - 1], seed=0) == {}


def test_the_pareto_front():
    def record(cost, objective):
        return {"cost": cost, "objective": objective}

    front = [record(1, 0.5), record(2, 0.7), record(9, 0.8)]
    beaten = [record(1, 0.4), record(3, 0.7), record(9, 0.1), record(4, 0.6)]
    assert pareto([*beaten, *front[::-1]]) == front
    assert pareto([record(None, 0.5)]) == []


def test_mean_and_spread():
    metrics = [{"test": {"a": {"f1": 0.5}}, "x": 1}, {"test": {"a": {"f1": 0.7}}, "x": 2}]
    found = summarize(metrics)
    assert found["test"]["a"]["f1"]["mean"] == pytest.approx(0.6)
    assert found["test"]["a"]["f1"]["spread"] == pytest.approx(0.1414, abs=1e-4)
    assert list(found) == ["test"]
    assert summarize(metrics[:1])["test"]["a"]["f1"] == {"mean": 0.5, "spread": None}


def test_the_tables_name_winner_and_failure(space):
    summary = summary_of(space, made_records(space))
    tables = summary_tables(summary, objective="macro_f1", cost="size")
    trials = tables[0]
    assert trials.columns[:5] == ["trial", "macro_f1", "MB", "score", "seconds"]
    assert len(trials.rows) == 31
    assert [row[0] for row in trials.rows if row[0].endswith("*")] == ["2 *"]
    assert trials.rows[-1][:2] == ["30", "failed"]
    assert described({"tuner/epochs": 3, "tuner/round": 1}, {}) == "epochs 3"
    assert described({"rate": 0.012345, "a": 1}, {"a": 1}) == "rate 0.0123"
    text = io.StringIO()
    print_tables(Console(file=text, width=200), tables)
    assert "\x1b[31m" not in text.getvalue()
    assert "[red]" in text.getvalue()


def test_the_page_shows_hostile_values_as_text(space, tmp_path, monkeypatch):
    monkeypatch.setattr(page_module, "get_plotlyjs", lambda: "var Plotly = 1;")
    records = made_records(space)
    summary = summary_of(space, records)
    figures = search_figures(space, records, summary=summary, objective="macro_f1", cost="size")
    titles = ["Trials", "Validation curves", "Importance", "Parallel coordinates", "Pareto front"]
    assert [figure.title for figure in figures] == titles
    parallel = figures[3].spec
    assert len(parallel["data"]) == 30
    assert parallel["data"][-1]["name"] == "the winner"
    tables = summary_tables(summary, objective="macro_f1", cost="size")
    path = tmp_path / "search.html"
    options = {"title": HOSTILE, "facts": [("trials", "31")], "settings": {"a": HOSTILE}}
    write_page(
        path,
        "charts_and_tables.html.jinja",
        charts=figures,
        figures=figures,
        tables=tables,
        **options,
    )
    page = path.read_text("utf-8")
    assert "<script>alert" not in page
    specs = json.loads(re.search(r'id="figures">(.*?)</script>', page, re.DOTALL).group(1))
    assert len(specs) == 5
    assert "<script" not in json.dumps(specs)
