"""The charts of a report as plotly specifications; the page adds the colours of its theme.

A trace says in `meta` which colour of the theme it takes. Class names are escaped, because
plotly reads a part of HTML in every text it draws.
"""

import html
import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from dlkit.evaluation.calibration import expected_calibration_error, reliability
from dlkit.evaluation.metrics import confusion
from dlkit.evaluation.predictions import ClassPredictions, ValuePredictions

_HISTOGRAM_BINS = 20
_MOST_POINTS = 2000
_TICK_LENGTH = 18


class Figure(NamedTuple):
    """A chart with what a reader has to know about it.

    Attributes:
        title: Heading.
        caption: One sentence on how to read it.
        spec: `data` and `layout` for plotly, plain JSON values only.
        width: Least width in pixels; a narrower page scrolls the chart.
    """

    title: str
    caption: str
    spec: dict[str, Any]
    width: int = 0


def history_figures(history: Mapping[str, list[float]]) -> list[Figure]:
    """Draws one chart per quantity, training and validation together.

    Args:
        history: Values by epoch; `val_NAME` is the validation of `NAME`.
    """
    names = dict.fromkeys(name.removeprefix("val_") for name in history)
    return [_history_figure(name, history) for name in names]


def confusion_figure(predictions: ClassPredictions, limit: int = 30) -> Figure:
    """Draws how the rows of each class were answered, as shares of the class.

    Args:
        predictions: Rows without a label are left out.
        limit: Of more classes than this, only the most confused are drawn.
    """
    counts = confusion(predictions)
    chosen, shown = most_confused(counts, limit)
    names = [predictions.classes[place] for place in chosen]
    shares = shown / np.maximum(counts[chosen].sum(axis=1, keepdims=True), 1)
    ticks = [html.escape(_shortened(name)) for name in names]
    axis = {"tickvals": list(range(len(names))), "ticktext": ticks, "showgrid": False}
    layout = {
        "height": 150 + max(24 * len(names), 180),
        "xaxis": {**axis, "title": {"text": "predicted"}, "tickangle": -45},
        "yaxis": {**axis, "title": {"text": "labelled"}, "autorange": "reversed"},
    }
    caption = "Each row is a labelled class, each column an answer; strong colour, large share."
    if len(names) < len(counts):
        caption += f" Only the {limit} most confused of {len(counts)} classes."
    width = 150 + 24 * len(names) if len(names) > 6 else 0
    spec = {"data": [_heatmap(names, shown, shares)], "layout": layout}
    return Figure("Confusion", caption, spec, width)


def most_confused(counts: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Keeps the classes with the most mistakes, given or received, in their own order.

    Args:
        counts: int64 `(c, c)`, rows by true and by predicted class.
        limit: The most classes to keep.

    Returns:
        int64 `(k,)`, the classes, and int64 `(k, k)`, their counts.
    """
    wrong = counts - np.diag(np.diag(counts))
    mistakes = wrong.sum(axis=0) + wrong.sum(axis=1)
    chosen = np.sort(np.argsort(-mistakes, kind="stable")[:limit])
    return chosen, counts[np.ix_(chosen, chosen)]


def reliability_figure(predictions: ClassPredictions, bins: int = 15) -> Figure:
    """Draws accuracy over confidence; rows without a label are left out."""
    rows = predictions.known()
    table = reliability(rows.probabilities, rows.labels, bins)
    error = expected_calibration_error(rows.probabilities, rows.labels, bins)
    bars = {
        "type": "bar",
        "meta": "accent",
        "name": "measured",
        "x": [(place + 0.5) / bins for place in range(bins)],
        "y": _plain(table.accuracy),
        "width": 0.9 / bins,
        "customdata": [
            list(pair) for pair in zip(table.count.tolist(), _plain(table.confidence), strict=True)
        ],
        "hovertemplate": "confidence %{customdata[1]:.3f}<br>accuracy %{y:.3f}<br>"
        "%{customdata[0]} rows<extra></extra>",
    }
    ideal = {
        "type": "scatter",
        "meta": "text",
        "name": "honest",
        "mode": "lines",
        "x": [0, 1],
        "y": [0, 1],
        "line": {"dash": "dash", "width": 2},
        "hoverinfo": "skip",
    }
    layout = {
        "xaxis": {"title": {"text": "confidence"}, "range": [0, 1]},
        "yaxis": {"title": {"text": "accuracy"}, "range": [0, 1.02]},
    }
    caption = (
        f"Expected calibration error {error:.4f}. Bars on the dashed line mean that "
        "the confidence can be read as a probability; below it, that it promises too much."
    )
    return Figure("Reliability", caption, {"data": [bars, ideal], "layout": layout})


def confidence_figure(predictions: ClassPredictions) -> Figure:
    """Draws how sure right and wrong answers were; rows without a label are left out."""
    rows = predictions.known()
    right = rows.predicted == rows.labels
    traces = [
        _histogram("right", "good", rows.confidence[right]),
        _histogram("wrong", "bad", rows.confidence[~right]),
    ]
    layout = {
        "barmode": "group",
        "bargap": 0.1,
        "xaxis": {"title": {"text": "confidence"}, "range": [0, 1]},
        "yaxis": {"title": {"text": "share of right or wrong answers"}, "tickformat": ".0%"},
    }
    caption = "The further apart the two, the better a threshold on confidence can withhold errors."
    return Figure("Confidence, right and wrong", caption, {"data": traces, "layout": layout})


def scope_figure(predictions: ClassPredictions) -> Figure:
    """Draws how much rows with a class, and rows without, look in scope; it needs both."""
    outside, score = predictions.labels < 0, predictions.scope_score
    span = (float(score.min()), float(score.max()))
    traces = [
        _histogram("in scope", "good", score[~outside], span),
        _histogram("out of scope", "bad", score[outside], span),
    ]
    layout = {
        "barmode": "group",
        "bargap": 0.1,
        "xaxis": {"title": {"text": "score"}},
        "yaxis": {"title": {"text": "share of the rows of a kind"}, "tickformat": ".0%"},
    }
    caption = "Rows below the threshold are answered as out of scope."
    return Figure("In scope or not", caption, {"data": traces, "layout": layout})


def values_figure(predictions: ValuePredictions) -> Figure:
    """Draws predictions over targets; of very many rows, evenly spaced ones."""
    rows = predictions.known()
    step = max(math.ceil(len(rows.targets) / _MOST_POINTS), 1)
    targets, answers = _plain(rows.targets[::step]), _plain(rows.predictions[::step])
    both = np.concatenate([rows.targets, rows.predictions])
    ends = _plain([both.min(initial=np.inf), both.max(initial=-np.inf)])
    points = {
        "type": "scatter",
        "meta": "accent",
        "name": "rows",
        "mode": "markers",
        "x": targets,
        "y": answers,
        "marker": {"size": 6, "opacity": 0.6},
        "hovertemplate": "target %{x}<br>predicted %{y}<extra></extra>",
    }
    ideal = {
        "type": "scatter",
        "meta": "text",
        "name": "exact",
        "mode": "lines",
        "x": ends,
        "y": ends,
        "line": {"dash": "dash", "width": 2},
        "hoverinfo": "skip",
    }
    layout = {"xaxis": {"title": {"text": "target"}}, "yaxis": {"title": {"text": "predicted"}}}
    caption = "Points on the dashed line are exact."
    return Figure("Predicted and true values", caption, {"data": [points, ideal], "layout": layout})


def _history_figure(name: str, history: Mapping[str, list[float]]) -> Figure:
    lines = ((name, "training", "accent"), (f"val_{name}", "validation", "second"))
    traces = [
        {
            "type": "scatter",
            "meta": colour,
            "name": label,
            "mode": "lines+markers",
            "x": list(range(1, len(history[key]) + 1)),
            "y": _plain(history[key]),
            "hovertemplate": "epoch %{x}: %{y:.4g}",
        }
        for key, label, colour in lines
        if key in history
    ]
    layout = {"height": 260, "xaxis": {"title": {"text": "epoch"}, "tickformat": "d"}}
    return Figure(name.replace("_", " "), "", {"data": traces, "layout": layout})


def _heatmap(names: list[str], counts: np.ndarray, shares: np.ndarray) -> dict[str, Any]:
    escaped = [html.escape(name) for name in names]
    trace = {
        "type": "heatmap",
        "meta": "heat",
        "z": shares.round(4).tolist(),
        "zmin": 0,
        "zmax": 1,
        "xgap": 1,
        "ygap": 1,
        "showscale": False,
        "customdata": [
            [[count, label, answer] for count, answer in zip(row, escaped, strict=True)]
            for row, label in zip(counts.tolist(), escaped, strict=True)
        ],
        "hovertemplate": "labelled %{customdata[1]}<br>predicted %{customdata[2]}<br>"
        "%{customdata[0]} rows, %{z:.1%} of the class<extra></extra>",
    }
    if len(names) <= 12:
        trace |= {"text": counts.tolist(), "texttemplate": "%{text}"}
    return trace


def _histogram(
    name: str, colour: str, confidence: np.ndarray, span: tuple[float, float] = (0, 1)
) -> dict[str, Any]:
    counts, edges = np.histogram(confidence, bins=_HISTOGRAM_BINS, range=span)
    return {
        "type": "bar",
        "meta": colour,
        "name": f"{name} ({len(confidence):,} rows)",
        "x": _plain((edges[:-1] + edges[1:]) / 2),
        "y": _plain(counts / max(len(confidence), 1)),
        "customdata": counts.tolist(),
        "hovertemplate": "%{customdata} rows, %{y:.1%}",
    }


def _plain(values: Iterable[float]) -> list[float | None]:
    """Rounds to six digits; JSON has no word for what is not a number."""
    return [float(f"{value:.6g}") if math.isfinite(value) else None for value in values]


def _shortened(name: str) -> str:
    return name if len(name) <= _TICK_LENGTH else name[: _TICK_LENGTH - 1] + "…"
