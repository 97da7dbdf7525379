"""Who finds the surges, how soon, and at the price of how many false alarms."""

import dataclasses
import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from scipy import stats

from apps.sentiment.backtest.alarms import Alarms
from apps.sentiment.backtest.grid import Grid
from apps.sentiment.backtest.injection import Injection, inject, usual_counts
from apps.sentiment.backtest.methods import Method, all_methods
from apps.sentiment.surge import SurgeSettings

_GAP_DAYS = 120  # between two surges of a topic, so that none is the baseline of the next


CEILING = "known level"
"""A method that nobody has: it knows the true level, and when and how long to look."""


@dataclasses.dataclass(frozen=True)
class Result:
    """What has been measured on one grid.

    Args:
        topics: Their names.
        topic_years: That were measured, without surges put in.
        methods: One record for each method: its name, tuning, limit, and false alarms.
        surges: One record for each surge put in and each method: whether it was found, and how
            soon.
    """

    topics: tuple[str, ...]
    topic_years: float
    methods: list[dict[str, Any]]
    surges: list[dict[str, Any]]


def measure(
    grid: Grid,
    settings: SurgeSettings,
    *,
    sizes: Sequence[float],
    lengths: Sequence[float],
    seeds: int,
    calibration: float,
) -> Result:
    """Sets the limits of all methods on the first part of a history and measures on the rest.

    Args:
        grid: The history.
        settings: Of the detector; budget, minimum volume and cool-down hold for all methods.
        sizes: Sizes of the surges.
        lengths: Their lengths in days.
        seeds: Replays of each size and length.
        calibration: Share of the windows that set the limits.
    """
    border = round(len(grid) * calibration)
    earlier, later = grid.part(0, border), grid.part(border, len(grid))
    methods = all_methods(earlier, later, settings)
    undisturbed = [method.alarms(later) for method in methods]
    usual = usual_counts(grid)[border:]
    surges: list[dict[str, Any]] = []
    for size, days, seed in itertools.product(sizes, lengths, range(seeds)):
        injection = inject(
            usual,
            size=size,
            steps=later.steps(days),
            gap=later.steps(_GAP_DAYS),
            least=settings.minimum_volume,
            rng=np.random.default_rng([seed, round(10 * size), round(10 * days)]),
        )
        kind = {"size": size, "days": days, "seed": seed}
        replayed = later.with_more(injection.extra)
        for method in methods:
            alarms = method.alarms(replayed)
            surges += _found(alarms, injection, later, {**_named(method), **kind})
        surges += _ceiling(injection, settings, {"method": CEILING, "tuning": "", **kind})
    records = [
        _named(method) | {"limit": method.limit, "alarms": int(alarms.starts.sum())}
        for method, alarms in zip(methods, undisturbed, strict=True)
    ]
    return Result(grid.topics, later.years, records, surges)


def _named(method: Method) -> dict[str, Any]:
    return {"method": method.name, "tuning": method.tuning}


def _found(
    alarms: Alarms, injection: Injection, later: Grid, kind: dict[str, Any]
) -> list[dict[str, Any]]:
    """Says of each surge whether an alarm was raised or open while it lasted, and how soon."""
    steps, records = later.steps(kind["days"]), []
    raised = alarms.starts | alarms.open
    for (first, topic), usual in zip(injection.places.tolist(), injection.usual, strict=True):
        rows = np.flatnonzero(raised[first : first + steps, topic])
        delay = (int(rows[0]) + 1) * (later.window / timedelta(days=1)) if len(rows) else None
        place = {"topic": later.topics[topic], "usual": float(usual)}
        records.append(kind | place | {"found": float(len(rows) > 0), "delay_days": delay})
    return records


def _ceiling(
    injection: Injection, settings: SurgeSettings, kind: dict[str, Any]
) -> list[dict[str, Any]]:
    """Returns how probably a Poisson test of just the right span finds each surge."""
    allowed = settings.alarms_per_topic_year * kind["days"] / 365.25
    limits = np.maximum(stats.poisson.isf(allowed, injection.usual) + 1, settings.minimum_volume)
    power = stats.poisson.sf(limits - 1, kind["size"] * injection.usual)
    return [
        kind | {"usual": float(usual), "found": float(found), "delay_days": None}
        for usual, found in zip(injection.usual, power, strict=True)
    ]
