"""Runs a backtest: reads, measures, prints, writes the page."""

import dataclasses
import json
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from apps.sentiment.backtest.command import Backtest
from apps.sentiment.backtest.figures import backtest_figures
from apps.sentiment.backtest.grid import Grid
from apps.sentiment.backtest.measure import Result, measure
from apps.sentiment.backtest.rows import read_grid
from apps.sentiment.backtest.summary import summarize, title
from apps.sentiment.monitor.command import duration
from dlkit.errors import InputError
from dlkit.evaluation.page import write_page

_LEAST_WINDOWS = 20


class _Part(NamedTuple):
    name: str
    grid: Grid
    result: Result
    summary: list[dict[str, Any]]


_COLUMNS = {
    "surge": lambda r: f"{r['size']:g}x, {r['days']:g} d",
    "method": title,
    "surges": lambda r: str(r["surges"]),
    "found": lambda r: f"{r['detection']:.1%}" + _with(" ± {:.1%}", r["spread"]),
    "of the visible": lambda r: _with("{:.1%}", r["visible_detection"]),
    "mean delay": lambda r: _with("{:.2f} d", r["mean_delay_days"]),
    "false alarms / topic-month": lambda r: _with("{:.3f}", r["false_alarms_per_topic_month"]),
    "positive predictive value": lambda r: _with("{:.1%}", r["positive_predictive_value"]),
}


def run(options: Backtest) -> None:
    """Measures topic by topic and all texts together.

    Raises:
        InputError: The data or the model are not as they must be, or the history is too short.
    """
    window = duration(options.window, "--window")
    grid = read_grid(
        options.data,
        text_column=options.text_column,
        time_column=options.time_column,
        model=options.model,
        negative=options.negative,
        window=window,
    ).with_surges(options.known_spans)
    _check_length(grid, options)
    parts = [
        _measured(options, name, chosen)
        for name, counted in (("by topic", grid), ("all texts together", grid.together()))
        if (chosen := _with_volume(counted, options)).topics
    ]
    if not parts:
        msg = f"`--data` must have more negative texts. Received: {grid.negative.sum()} in "
        raise InputError(f"{msg}{len(grid)} windows, too few for a surge of any topic.")
    for part in parts:
        _print(part)
    _write(options, parts)
    print(f"report: {options.output}", flush=True)  # noqa: T201


def _check_length(grid: Grid, options: Backtest) -> None:
    border = round(len(grid) * options.calibration)
    least = grid.steps(options.surge.history) + _LEAST_WINDOWS
    longest = grid.steps(max(options.lengths))
    if border < least or len(grid) - border <= longest:
        msg = f"`--data` must reach over {least} windows before those that are measured, and "
        msg += f"{longest} in them. Received: {border} and {len(grid) - border}."
        raise InputError(msg + " Give more, or set `--history` and `--calibration`.")


def _with_volume(grid: Grid, options: Backtest) -> Grid:
    """Leaves out topics on which the largest surge would stay below the minimum volume.

    All methods are silent there, and none shall spend the budget of these topics on the others.
    """
    earlier = grid.negative[: round(len(grid) * options.calibration)]
    steps = grid.steps(max(options.lengths))
    largest = max(options.sizes) * steps * earlier.mean(axis=0)
    return grid.only(largest >= options.minimum_volume)


def _measured(options: Backtest, name: str, grid: Grid) -> _Part:
    result = measure(
        grid,
        options.surge,
        sizes=options.sizes,
        lengths=options.lengths,
        seeds=options.seeds,
        calibration=options.calibration,
    )
    return _Part(name, grid, result, summarize(result, options.surge.alarms_per_topic_year))


def _print(part: _Part) -> None:
    table = Table(title=f"Surges put in, {part.name}")
    for column in _COLUMNS:
        table.add_column(column, no_wrap=column in ("surge", "method"))
    for record in part.summary:
        if record["tuning"] != "hindsight":  # these are on the page
            table.add_row(*_cells(record))
    Console(stderr=True).print(table)


def _cells(record: dict[str, Any]) -> list[str]:
    return [cell(record) for cell in _COLUMNS.values()]


def _with(pattern: str, value: float | None) -> str:
    return "" if value is None else pattern.format(value)


def _write(options: Backtest, parts: list[_Part]) -> None:
    figures = [
        figure
        for part in parts
        for figure in backtest_figures(part.name, part.grid, part.result, part.summary)
    ]
    limits = [
        [
            part.name,
            title(row),
            row["limit"],
            f"{row['alarms'] / part.result.topic_years:.2f}",
            f"{row['share_open']:.1%}",
        ]
        for part in parts
        for row in part.result.methods
    ]
    tables = [
        {
            "title": f"Surges put in, {part.name}",
            "columns": list(_COLUMNS),
            "rows": [_cells(record) for record in part.summary],
        }
        for part in parts
    ]
    tables.append(
        {
            "title": "Limits, and alarms without surges put in",
            "columns": ["counted", "method", "limit", "alarms / topic-year", "time in alarm"],
            "rows": limits,
        }
    )
    grid = parts[0].grid
    numbers = {
        part.name: {"methods": part.result.methods, "summary": part.summary} for part in parts
    }
    try:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.with_suffix(".json").write_text(json.dumps(numbers, indent=1), "utf-8")
        write_page(
            options.output,
            "charts_and_tables.html.jinja",
            charts=figures,
            title="Backtest of surge detection",
            facts=_facts(grid),
            figures=figures,
            tables=tables,
            settings=dataclasses.asdict(options),
        )
    except OSError as error:
        msg = f"`--output` must be a file that can be written. Received: {options.output}"
        raise InputError(f"{msg} ({error}). Name another.") from error


def _facts(grid: Grid) -> list[tuple[str, str]]:
    end = grid.start + len(grid) * grid.window
    return [
        ("texts", f"{int(grid.total.sum()):,}"),
        ("negative", f"{grid.negative.sum() / max(grid.total.sum(), 1):.1%}"),
        ("topics", str(len(grid.topics))),
        ("from", f"{grid.start:%Y-%m-%d}"),
        ("to", f"{end:%Y-%m-%d}"),
    ]
