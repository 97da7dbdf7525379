"""The charts of a backtest as plotly specifications."""

import html
from collections.abc import Sequence
from typing import Any

from apps.sentiment.backtest.grid import Grid
from apps.sentiment.backtest.measure import CEILING, Result
from apps.sentiment.backtest.methods import DETECTOR
from apps.sentiment.backtest.summary import by_volume, title
from dlkit.evaluation.figures import Figure

_COLOURS = {DETECTOR: "accent", CEILING: "text"}
_SHOWN = ("before", "")


def backtest_figures(
    name: str, grid: Grid, result: Result, summary: Sequence[dict[str, Any]]
) -> list[Figure]:
    """Draws the history, who finds what, and what it takes to be found.

    Args:
        name: What is counted as a topic.
        grid: The history.
        result: What has been measured.
        summary: See `summarize`.
    """
    kinds = list(dict.fromkeys((record["size"], record["days"]) for record in summary))
    charts = [_history(name, grid), _detection(name, summary), _trade(name, summary)]
    return charts + [_volume(name, result, size, days) for size, days in kinds]


def _history(name: str, grid: Grid) -> Figure:
    step = max(len(grid) // 1500, 1)
    rows = range(0, len(grid) - step + 1, step)
    times = [(grid.start + row * grid.window).isoformat() for row in rows]
    lines = [("all", "muted", grid.total), ("negative", "bad", grid.negative)]
    traces = [
        _line(label, colour, times, [int(counts[row : row + step].sum()) for row in rows])
        for label, colour, counts in lines
    ]
    layout = {"yaxis": {"title": {"text": "texts"}, "rangemode": "tozero"}}
    caption = "Texts over time, those the model calls negative among them."
    return Figure(f"Texts, {name}", caption, {"data": traces, "layout": layout}, 600)


def _detection(name: str, summary: Sequence[dict[str, Any]]) -> Figure:
    traces = []
    for method in dict.fromkeys(r["method"] for r in summary):
        rows = [r for r in summary if r["method"] == method and r["tuning"] in _SHOWN]
        labels = [f"{row['size']:g}x, {_days(row['days'])}" for row in rows]
        trace = {"type": "bar", "name": html.escape(title(rows[0])), "x": labels}
        trace |= {"y": [row["detection"] for row in rows], "meta": _COLOURS.get(method, "muted")}
        spreads = [row["spread"] or 0 for row in rows]
        traces.append(trace | {"error_y": {"type": "data", "array": spreads}})
    layout = {"barmode": "group", "yaxis": {"range": [0, 1.02], "tickformat": ".0%"}}
    caption = (
        "Share of the surges that raised an alarm while they lasted, and its spread over seeds. "
        "Each was put in alone. The limits were set before the time that is measured; a rule may "
        "find more because it alarms more often than it was allowed: see the next chart."
    )
    return Figure(f"Found, {name}", caption, {"data": traces, "layout": layout}, 600)


def _trade(name: str, summary: Sequence[dict[str, Any]]) -> Figure:
    traces = []
    rows = [r for r in summary if r["false_alarms_per_topic_month"] is not None]
    for method in dict.fromkeys(row["method"] for row in rows):
        mine = [row for row in rows if row["method"] == method]
        texts = [f"{title(row)}<br>{row['size']:g}x, {_days(row['days'])}" for row in mine]
        trace = _line(method, _COLOURS.get(method, "second"), [], [], mode="markers")
        trace |= {"x": [row["false_alarms_per_topic_month"] for row in mine], "text": texts}
        trace |= {"y": [row["detection"] for row in mine]}
        traces.append(trace | {"hovertemplate": "%{text}<br>%{x:.3f}, %{y:.0%}<extra></extra>"})
    layout = {
        "hovermode": "closest",
        "xaxis": {"title": {"text": "false alarms of a topic in a month"}},
        "yaxis": {"title": {"text": "found"}, "range": [-0.02, 1.05], "tickformat": ".0%"},
    }
    caption = "The further up and the further left, the better. Every tuning, size and length."
    return Figure(f"Found and false alarms, {name}", caption, {"data": traces, "layout": layout})


def _volume(name: str, result: Result, size: float, days: float) -> Figure:
    rows = [row for row in by_volume(result, size, days) if row["tuning"] in _SHOWN]
    traces = []
    for method in dict.fromkeys(row["method"] for row in rows):
        mine = [row for row in rows if row["method"] == method]
        colour = _COLOURS.get(method, "muted")
        trace = _line(title(mine[0]), colour, [r["usual"] for r in mine], [], mode="lines+markers")
        texts = [f"{row['surges']} surges" for row in mine]
        traces.append(trace | {"y": [row["detection"] for row in mine], "text": texts})
    layout = {
        "xaxis": {"title": {"text": "usual negative texts in that time"}, "type": "category"},
        "yaxis": {"range": [-0.02, 1.05], "tickformat": ".0%"},
    }
    caption = (
        "A surge can be seen where enough is usual. Who knows the true level, and when and how "
        "long to look, and meets no variation beyond chance, finds what the line in the colour of "
        "the text shows."
    )
    heading = f"{size:g}x, {_days(days)}, {name}"
    return Figure(heading, caption, {"data": traces, "layout": layout})


def _line(
    name: str, colour: str, x: Sequence[Any], y: Sequence[Any], *, mode: str = "lines"
) -> dict[str, Any]:
    named = {"type": "scatter", "name": html.escape(name), "meta": colour, "mode": mode}
    return {**named, "x": list(x), "y": list(y)}


def _days(days: float) -> str:
    return "1 day" if days == 1 else f"{days:g} days"
