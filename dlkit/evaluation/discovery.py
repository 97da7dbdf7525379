"""A page of groups that nobody has named yet: a map, examples, and which of them to keep."""

import html
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from dlkit.evaluation.figures import Figure
from dlkit.evaluation.page import write_page

_EXAMPLES = 8
_HOVER = 80


class CandidateGroup(NamedTuple):
    """Texts that belong together, and what a model that does not know them says.

    Args:
        name: A name to start with.
        terms: What tells them from the other groups.
        texts: All of them, those at the middle of the group first.
        nearest: The known class that they are most often taken for.
        nearest_share: Share of the texts that are.
        confidence: Mean confidence of the model.
        rejected: Share of the texts that the model rejects.
    """

    name: str
    terms: list[str]
    texts: list[str]
    nearest: str
    nearest_share: float
    confidence: float
    rejected: float


def write_discovery_page(
    path: Path,
    groups: Sequence[CandidateGroup],
    *,
    title: str,
    facts: Sequence[tuple[str, str]],
    places: np.ndarray,
    numbers: np.ndarray,
    texts: Sequence[str],
) -> None:
    """Writes the page; it saves the texts of accepted groups as labelled rows.

    Args:
        path: The file; replaced in one step.
        groups: The groups.
        title: Heading.
        facts: Names and amounts for the head of the page.
        places: float `(points, 2)`, the map of some of the texts.
        numbers: int `(points,)`, the group of each, -1 for none.
        texts: `points` strings, shown where a point is pointed at.

    Raises:
        OSError: The file cannot be written.
    """
    chart = _map(groups, places, numbers, texts)
    write_page(
        path,
        "discovery.html.jinja",
        charts=[chart],
        script="discovery.js",
        title=title,
        facts=facts,
        chart_title=chart.title,
        caption=chart.caption,
        groups=groups,
        examples=_EXAMPLES,
        rows=[group.texts for group in groups],
    )


def _map(
    groups: Sequence[CandidateGroup], places: np.ndarray, numbers: np.ndarray, texts: Sequence[str]
) -> Figure:
    traces = [
        _trace(name, places[numbers == number], [texts[i] for i in np.flatnonzero(chosen).tolist()])
        for number, name in [(-1, "in no group"), *enumerate(group.name for group in groups)]
        if (chosen := numbers == number).any()
    ]
    hidden = {"visible": False}
    layout = {"xaxis": hidden, "yaxis": hidden, "height": 560, "showlegend": False}
    caption = "Texts that the features put close together are close here; one colour a group."
    return Figure("Map", caption, {"data": traces, "layout": layout})


def _trace(name: str, places: np.ndarray, texts: Sequence[str]) -> dict[str, Any]:
    shown = [html.escape(text[:_HOVER]) for text in texts]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": html.escape(name),
        "x": [round(float(x), 2) for x in places[:, 0]],
        "y": [round(float(y), 2) for y in places[:, 1]],
        "text": shown,
        "hovertemplate": f"%{{text}}<extra>{html.escape(name)}</extra>",
        "marker": {"size": 6, "opacity": 0.8},
    }
