"""The charts of a search as plotly specifications.

All are plain lines and bars: plotly's own parallel coordinates compile code while the page runs,
which a page that allows only its own scripts does not do.
"""

import html
from collections.abc import Mapping, Sequence
from typing import Any

import keras_tuner

from dlkit.evaluation.figures import Figure
from dlkit.tuning.importance import positions
from dlkit.tuning.summary import described, short

_MOST_AXES = 12
_MOST_CURVES = 60

Record = Mapping[str, Any]


def search_figures(
    space: keras_tuner.HyperParameters,
    records: Sequence[Record],
    *,
    summary: Mapping[str, Any],
    objective: str,
    cost: str,
) -> list[Figure]:
    """Draws all charts of a search.

    Args:
        space: The hyperparameters.
        records: The first training of each trial, in the order of their ids, with its `history`.
        summary: See `search_summary`.
        objective: Name of the objective.
        cost: Name of the second objective, or "none".
    """
    done = [record for record in records if record["status"] == "completed"]
    winner, importances = summary["winner"], summary["importances"]
    charts = [_progress(done, objective), _curves(done, winner)]
    if importances:
        charts.append(_importances(importances))
    charts.append(_parallel(space, done, importances, winner, objective))
    if summary["pareto"]:
        charts.append(_pareto(done, summary["pareto"], objective, cost))
    return charts


def _progress(done: Sequence[Record], objective: str) -> Figure:
    numbers = [int(record["trial"]) for record in done]
    scores = [record["score"] for record in done]
    best = [max(scores[: i + 1]) for i in range(len(scores))]
    points = _trace("muted", "trial", numbers, scores, mode="markers")
    points |= {"text": [_label(record, done) for record in done], "hovertemplate": _HOVER}
    line = _trace("accent", "best so far", numbers, best) | {"line": {"width": 2, "shape": "hv"}}
    layout = {"xaxis": {"title": {"text": "trial"}}, "yaxis": {"title": {"text": "score"}}}
    caption = f"Score of each trial, from {objective}; trial 0 is the defaults."
    return Figure("Trials", caption, {"data": [points, line], "layout": layout})


def _curves(done: Sequence[Record], winner: str) -> Figure:
    chosen = sorted(done, key=lambda record: -record["score"])[:_MOST_CURVES]
    traces = []
    for record in [*(r for r in reversed(chosen) if r["trial"] != winner), *_only(done, winner)]:
        values = record["history"]["val_loss"]
        is_winner = record["trial"] == winner
        trace = _trace(
            "good" if is_winner else "muted",
            f"trial {int(record['trial'])}",
            list(range(1, len(values) + 1)),
            values,
            mode="lines+markers",
        )
        trace |= {"opacity": 1 if is_winner else 0.35, "showlegend": is_winner}
        traces.append(trace | {"hovertemplate": "epoch %{x}: %{y:.4g}"})
    layout = {
        "xaxis": {"title": {"text": "epoch"}, "tickformat": "d"},
        "yaxis": {"title": {"text": "validation loss"}},
    }
    caption = "Each line a trial. Label smoothing and class weights change the scale of a loss."
    return Figure("Validation curves", caption, {"data": traces, "layout": layout})


def _importances(importances: Mapping[str, float]) -> Figure:
    shown = [(name, share) for name, share in importances.items() if share][:_MOST_AXES][::-1]
    bars = {
        "type": "bar",
        "orientation": "h",
        "meta": "accent",
        "x": [share for _, share in shown],
        "y": [html.escape(name) for name, _ in shown],
        "hovertemplate": "%{x:.1%}<extra></extra>",
    }
    layout = {"height": 120 + 26 * len(shown), "xaxis": {"tickformat": ".0%"}}
    caption = (
        "How much worse a random forest guesses the scores of the trials once the values of one "
        "hyperparameter are shuffled, as a share of all."
    )
    return Figure("Importance", caption, {"data": [bars], "layout": layout})


def _parallel(
    space: keras_tuner.HyperParameters,
    done: Sequence[Record],
    importances: Mapping[str, float],
    winner: str,
    objective: str,
) -> Figure:
    names = _axes(space, done, importances)
    scores = [record["score"] for record in done]
    low, high = min(scores), max(scores)
    median = sorted(scores)[len(scores) // 2]
    order = sorted(done, key=lambda record: (record["trial"] == winner, record["score"]))
    traces = []
    for record in order:
        places = [p if p >= 0 else None for p in positions(space, record["values"], names)]
        share = (record["score"] - low) / (high - low) if high > low else 1.0
        colour = "accent" if record["score"] >= median else "muted"
        is_winner = record["trial"] == winner
        trace = _trace(
            "good" if is_winner else colour,
            "the winner" if is_winner else f"trial {int(record['trial'])}",
            list(range(len(names) + 1)),
            [*places, share],
            mode="lines+markers",
        )
        trace |= {"opacity": 1 if is_winner else 0.4, "showlegend": is_winner}
        trace |= {"line": {"width": 3 if is_winner else 1.5}, "connectgaps": False}
        label = _label(record, done)
        traces.append(trace | {"text": [label] * (len(names) + 1), "hovertemplate": "%{text}"})
    ends = [_ends(space, name) for name in names] + [(f"{low:.4f}", f"{high:.4f}")]
    notes = [
        {"x": x, "y": y, "text": html.escape(text), "showarrow": False, "yshift": shift}
        for x, pair in enumerate(ends)
        for (y, shift), text in zip(((0, -14), (1, 14)), pair, strict=True)
    ]
    ticks = [html.escape(name).replace("/", "/<br>") for name in [*names, "score"]]
    layout = {
        "height": 460,
        "xaxis": {"tickvals": list(range(len(ticks))), "ticktext": ticks, "showgrid": True},
        "yaxis": {"range": [-0.1, 1.1], "visible": False},
        "annotations": notes,
        "hovermode": "closest",
    }
    caption = (
        f"Each line a trial over its hyperparameters, at the right its score ({objective}): the "
        "winner, the better half and the others. A line ends where a trial lacks the next one."
    )
    width = 90 * (len(names) + 1)
    return Figure("Parallel coordinates", caption, {"data": traces, "layout": layout}, width)


def _axes(
    space: keras_tuner.HyperParameters, done: Sequence[Record], importances: Mapping[str, float]
) -> list[str]:
    """Names the axes: what varied, the important first chosen, in the order of the space."""
    names = list(dict.fromkeys(hp.name for hp in space.space))
    varied = [n for n in names if len({str(record["values"].get(n)) for record in done}) > 1]
    chosen = sorted(varied, key=lambda name: -importances.get(name, 0))[:_MOST_AXES]
    return [name for name in names if name in chosen]


def _pareto(done: Sequence[Record], front: Sequence[str], objective: str, cost: str) -> Figure:
    best = sorted((r for r in done if r["trial"] in front), key=lambda r: r["cost"])
    points = _trace(
        "muted", "trial", [r["cost"] for r in done], [r["objective"] for r in done], mode="markers"
    )
    points |= {"text": [_label(record, done) for record in done], "hovertemplate": _HOVER}
    line = _trace(
        "accent", "Pareto front", [r["cost"] for r in best], [r["objective"] for r in best]
    )
    unit = {"latency": "milliseconds for one text", "size": "megabytes"}[cost]
    layout = {"xaxis": {"title": {"text": unit}}, "yaxis": {"title": {"text": objective}}}
    caption = "No trial is better in one and as good in the other than those on the line."
    return Figure("Pareto front", caption, {"data": [points, line], "layout": layout})


_HOVER = "%{text}<br>%{y:.4f}<extra></extra>"


def _trace(
    colour: str, name: str, x: Sequence[float], y: Sequence[Any], *, mode: str = "lines"
) -> dict[str, Any]:
    return {"type": "scatter", "meta": colour, "name": name, "mode": mode, "x": x, "y": y}


def _label(record: Record, done: Sequence[Record]) -> str:
    what = described(record["values"], done[0]["values"])
    lines = html.escape(what).replace(", ", "<br>")
    return f"trial {int(record['trial'])}, score {record['score']:.4f}<br>{lines}"


def _ends(space: keras_tuner.HyperParameters, name: str) -> tuple[str, str]:
    """Writes the lowest and the highest value of an axis."""
    values = next(hp for hp in space.space if hp.name == name)
    low, high = (values.prob_to_value(place) for place in (0.0, 1 - 1e-9))
    return short(low), short(high)


def _only(done: Sequence[Record], trial: str) -> list[Record]:
    return [record for record in done if record["trial"] == trial]
