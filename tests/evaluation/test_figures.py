import json

import numpy as np
import plotly.graph_objects as go
import pytest

from dlkit.evaluation import figures
from dlkit.evaluation.predictions import ValuePredictions
from tests.evaluation.made_up import HOSTILE, four_rows, from_probabilities, many_rows


@pytest.mark.parametrize("head", [four_rows(), many_rows()], ids=["few", "many"])
@pytest.mark.parametrize(
    "draw", [figures.confusion_figure, figures.reliability_figure, figures.confidence_figure]
)
def test_specifications_are_plain_and_valid(draw, head):
    spec = draw(head).spec
    json.dumps(spec, allow_nan=False)
    go.Figure(spec)


def test_confusion_counts_and_shares():
    (trace,) = figures.confusion_figure(four_rows()).spec["data"]
    assert trace["text"] == [[1, 0], [1, 1]]
    assert trace["z"] == [[1, 0], [0.5, 0.5]]
    assert trace["customdata"][1][0] == [1, "b", "a"]


def test_confusion_of_many_classes_keeps_the_most_confused():
    figure = figures.confusion_figure(many_rows(), limit=30)
    assert len(figure.spec["data"][0]["z"]) == 30
    assert "30 most confused of 40" in figure.caption
    assert "text" not in figure.spec["data"][0]


def test_most_confused_keep_their_order():
    counts = np.array([[5, 0, 1], [0, 9, 0], [2, 0, 3]])
    chosen, kept = figures.most_confused(counts, 2)
    assert chosen.tolist() == [0, 2]
    assert kept.tolist() == [[5, 1], [2, 3]]


def test_class_names_are_escaped_and_shortened():
    head = from_probabilities([[0.9, 0.1]], [0], classes=(HOSTILE, "b"))
    text = json.dumps(figures.confusion_figure(head).spec)
    assert "<img" not in text
    assert "<script" not in text
    ticks = figures.confusion_figure(head).spec["layout"]["xaxis"]["ticktext"]
    assert ticks == ["&lt;/script&gt;&lt;img src…", "b"]


def test_reliability_names_the_error():
    figure = figures.reliability_figure(from_probabilities([[0.9, 0.1], [0.9, 0.1]], [0, 1]))
    assert "error 0.4000" in figure.caption
    bars = figure.spec["data"][0]
    assert bars["y"][13] == 0.5
    assert bars["y"][0] is None
    assert bars["customdata"][13] == [2, 0.9]


def test_confidence_parts_right_from_wrong():
    right, wrong = figures.confidence_figure(four_rows()).spec["data"]
    assert (right["name"], wrong["name"]) == ("right (2 rows)", "wrong (1 rows)")
    assert sum(right["customdata"]) == 2
    assert sum(wrong["y"]) == pytest.approx(1)


def test_history_pairs_training_with_validation():
    history = {"loss": [2.0, float("nan")], "val_loss": [3.0, 1.0], "learning_rate": [0.1, 0.1]}
    loss, rate = figures.history_figures(history)
    assert [trace["name"] for trace in loss.spec["data"]] == ["training", "validation"]
    assert loss.spec["data"][0]["y"] == [2.0, None]
    assert loss.spec["data"][1]["x"] == [1, 2]
    assert rate.title == "learning rate"
    go.Figure(loss.spec)


@pytest.mark.parametrize("rows", [0, 1, 5000])
def test_values_of_any_number(rows):
    values = np.arange(rows, dtype=np.float32)
    spec = figures.values_figure(ValuePredictions("v", values, values, ["x"] * rows)).spec
    json.dumps(spec, allow_nan=False)
    go.Figure(spec)
    assert len(spec["data"][0]["x"]) <= 2000
