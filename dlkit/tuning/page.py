"""A search as one HTML page that needs no network."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dlkit.evaluation.page import write_page
from dlkit.evaluation.summary import duration
from dlkit.settings import to_json
from dlkit.tuning.figures import search_figures
from dlkit.tuning.search import Search
from dlkit.tuning.summary import summary_tables


def write_search_page(path: Path, search: Search, summary: Mapping[str, Any]) -> None:
    """Writes a page with importances, parallel coordinates, curves and tables.

    Args:
        path: The file; replaced in one step.
        search: The search.
        summary: See `search_summary`.
    """
    options = search.options
    figures = search_figures(
        search.space.hyperparameters,
        search.trials,
        summary=summary,
        objective=options.objective,
        cost=options.cost,
    )
    facts = [
        ("trials", str(len(search.trials))),
        ("search", duration(summary["seconds"])),
        ("tuner", options.tuner),
        ("winner", f"trial {int(summary['winner'])}"),
    ]
    write_page(
        path,
        "charts_and_tables.html.jinja",
        charts=figures,
        title=search.folder.name,
        facts=facts,
        figures=figures,
        tables=summary_tables(summary, objective=options.objective, cost=options.cost),
        settings={**to_json(search.space.settings), **vars(options)},
    )
