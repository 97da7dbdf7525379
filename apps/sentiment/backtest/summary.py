"""The numbers of a backtest by size and length of the surges and by method."""

import itertools
from collections.abc import Iterable
from typing import Any

import numpy as np

from apps.sentiment.backtest.measure import CEILING, Result

VOLUMES = (0.0, 2.5, 5.0, 10.0, 20.0, 40.0, np.inf)
"""Borders of the usual negative texts over the time of a surge."""


def summarize(result: Result, prevalence: float) -> list[dict[str, Any]]:
    """Joins places and seeds.

    Args:
        result: What has been measured.
        prevalence: Surges of a topic in a year that the positive predictive value supposes.

    Returns:
        One record for each size, length and method: share found with its spread over the seeds,
        share found of those that are visible, delay, false alarms of a topic in a month, positive
        predictive value.
    """
    false = {
        (row["method"], row["tuning"]): row["alarms"] / result.topic_years for row in result.methods
    }
    records = []
    for key in _kinds(result.surges):
        rows = [row for row in result.surges if _kind(row) == key]
        seeds = [[r["found"] for r in rows if r["seed"] == s] for s in {r["seed"] for r in rows}]
        shares = [float(np.mean(seed)) for seed in seeds]
        detection = float(np.mean([row["found"] for row in rows]))
        visible = [row["found"] for row in rows if row["visible"]]
        delays = [row["delay_days"] for row in rows if row["delay_days"] is not None]
        rate = false.get(key[2:])
        true = detection * prevalence
        records.append(
            dict(zip(("size", "days", "method", "tuning"), key, strict=True))
            | {
                "surges": len(rows),
                "detection": detection,
                "spread": float(np.std(shares, ddof=1)) if len(shares) > 1 else None,
                "visible": len(visible),
                "visible_detection": float(np.mean(visible)) if visible else None,
                "mean_delay_days": float(np.mean(delays)) if delays else None,
                "false_alarms_per_topic_month": None if rate is None else rate / 12,
                "positive_predictive_value": None if not rate else true / (true + rate),
            }
        )
    return records


def by_volume(result: Result, size: float, days: float) -> list[dict[str, Any]]:
    """Returns the share found by method and by how many texts are usual, with the number."""
    records = []
    rows = [row for row in result.surges if (row["size"], row["days"]) == (size, days)]
    for _, _, method, tuning in _kinds(rows):
        for low, high in itertools.pairwise(VOLUMES):
            found = [
                row["found"]
                for row in rows
                if (row["method"], row["tuning"]) == (method, tuning) and low <= row["usual"] < high
            ]
            if found:
                label = f"{low:g} to {high:g}" if np.isfinite(high) else f"{low:g} or more"
                share = float(np.mean(found))
                records.append(
                    {"method": method, "tuning": tuning, "usual": label, "surges": len(found)}
                    | {"detection": share}
                )
    return records


def title(record: dict[str, Any]) -> str:
    """Names a method with its tuning."""
    tuned = {"before": ", tuned before", "hindsight": ", tuned in hindsight"}
    stated = ", as stated" if record["tuning"] == "as stated" else ""
    name = record["method"] + tuned.get(record["tuning"], stated)
    return f"{name} (nobody has it)" if record["method"] == CEILING else name


def _kind(row: dict[str, Any]) -> tuple[float, float, str, str]:
    return row["size"], row["days"], row["method"], row["tuning"]


def _kinds(rows: Iterable[dict[str, Any]]) -> list[tuple[float, float, str, str]]:
    return list(dict.fromkeys(_kind(row) for row in rows))
