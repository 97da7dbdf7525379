"""The numbers of `metrics.json` side by side, for the page and for the console."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

_PARTS = ("validation", "test", "baseline", "linear")
_FIRST = (
    "accuracy",
    "macro_f1",
    "log_loss",
    "calibration_error",
    "mae",
    "rmse",
    "r2",
    "coverage",
    "interval_width",
)
_LAST = ("seconds", "megabytes")
_LOWER_IS_BETTER = {
    "log_loss",
    "loss",
    "calibration_error",
    "mae",
    "rmse",
    "interval_width",
    "seconds",
    "megabytes",
    "in_scope_rejected",
    "clarified",
    "false_positive_rate_at_95_recall",
}


class SummaryRow(NamedTuple):
    """One metric, a cell for each column of its table."""

    metric: str
    note: str
    cells: list[str]


class SummaryTable(NamedTuple):
    """The metrics of one head; its name is empty where a model has but one."""

    head: str
    columns: list[str]
    rows: list[SummaryRow]


def summary_tables(metrics: Mapping[str, Any]) -> list[SummaryTable]:
    """Puts validation, test and baselines side by side.

    Args:
        metrics: As in `metrics.json`; each part is flat, or has a mapping for each head. Several
            baselines are parts by their names.

    Returns:
        One table per head, with a column for each part that has numbers.
    """
    parts = {part: _by_head(metrics[part]) for part in _PARTS if metrics.get(part)}
    parts |= {name: _by_head(part) for name, part in metrics.get("baselines", {}).items()}
    heads = dict.fromkeys(head for values in parts.values() for head in values)
    return [_table(head, parts) for head in heads]


def run_facts(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns what the training took, as pairs of a name and a readable amount."""
    facts = []
    if (seconds := metrics.get("train_seconds")) is not None:
        facts.append(("training time", duration(seconds)))
    if (size := metrics.get("peak_memory_mb")) is not None:
        facts.append(("peak memory", f"{size / 1000:.1f} GB" if size >= 1000 else f"{size:.0f} MB"))
    return facts


def number(value: object) -> str:
    """Writes a metric for a reader; a missing one is a dash."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4f}" if abs(value) < 10 else f"{value:,.1f}"


def duration(seconds: float) -> str:
    """Writes seconds as hours, minutes and seconds, the two largest of them."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _by_head(part: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Gives the numbers that belong to no head the empty name."""
    flat = {name: value for name, value in part.items() if not isinstance(value, Mapping)}
    heads = {name: dict(value) for name, value in part.items() if isinstance(value, Mapping)}
    return {"": flat, **heads} if flat else heads


def _table(head: str, parts: Mapping[str, dict[str, dict[str, Any]]]) -> SummaryTable:
    columns = {part: values[head] for part, values in parts.items() if head in values}
    names = list(dict.fromkeys(name for values in columns.values() for name in values))
    names.sort(key=_order)
    rows = [
        SummaryRow(
            name.replace("_", " "),
            "lower is better" if name in _LOWER_IS_BETTER else "",
            [_cell(name, values.get(name)) for values in columns.values()],
        )
        for name in names
    ]
    return SummaryTable(head, list(columns), rows)


def _cell(name: str, value: Any) -> str:
    return f"{value:,.1f}" if name in _LAST and value is not None else number(value)


def _order(name: str) -> int:
    if name in _FIRST:
        return _FIRST.index(name)
    return len(_FIRST) + (_LAST.index(name) + 1 if name in _LAST else 0)
