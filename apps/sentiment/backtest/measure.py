"""Who finds the surges, how soon, and at the price of how many false alarms."""

import dataclasses
import itertools
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
from scipy import stats

from apps.sentiment.backtest.grid import Grid
from apps.sentiment.backtest.injection import Injection, inject, usual_counts
from apps.sentiment.backtest.methods import Method, PutIn, all_methods
from apps.sentiment.surge import SurgeSettings

_SURGES = 60  # of each size and length in a seed
_VISIBLE = 0.95  # probability with which who knows the true level finds a surge

CEILING = "known level"
"""A method that nobody has: it knows the true level, and when and how long to look."""


@dataclasses.dataclass(frozen=True)
class Result:
    """What has been measured on one grid.

    Args:
        topics: Their names.
        topic_years: That were measured, without surges put in or real.
        methods: One record for each method: its name, tuning and limit, and without surges put in
            its false alarms and the share of the windows in which one is open.
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
        seeds: Draws of surges of each size and length.
        calibration: Share of the windows that set the limits.
    """
    border = round(len(grid) * calibration)
    earlier, later = grid.part(0, border), grid.part(border, len(grid))
    methods = all_methods(earlier, later, settings)
    usual = usual_counts(grid)[border:]
    places: list[dict[str, Any]] = []
    put_in: list[PutIn] = []
    for size, days, seed in itertools.product(sizes, lengths, range(seeds)):
        injection = inject(
            usual,
            later.calm,
            size=size,
            steps=later.steps(days),
            most=_SURGES,
            least=settings.minimum_volume,
            rng=np.random.default_rng([seed, round(10 * size), round(10 * days)]),
        )
        kind = {"size": size, "days": days, "seed": seed}
        places += _places(injection, later.topics, settings, kind)
        drawn = zip(injection.places.tolist(), injection.extra, strict=True)
        put_in += [PutIn(first, topic, texts) for (first, topic), texts in drawn]
    surges = [
        _named(method) | place | _found(raised, later.window)
        for method in methods
        for place, raised in zip(places, method.raised(put_in), strict=True)
    ]
    nobody = {"method": CEILING, "tuning": "", "delay_days": None}
    surges += [place | nobody | {"found": place["ceiling"]} for place in places]
    records = [_undisturbed(method, later.calm) for method in methods]
    return Result(grid.topics, later.years, records, surges)


def _undisturbed(method: Method, calm: np.ndarray) -> dict[str, Any]:
    alarms = method.alarms()
    false, share = int(alarms.starts[calm].sum()), float(alarms.open.mean())
    counted = {"limit": method.limit, "alarms": false, "share_open": share}
    return _named(method) | counted


def _named(method: Method) -> dict[str, Any]:
    return {"method": method.name, "tuning": method.tuning}


def _places(
    injection: Injection, topics: Sequence[str], settings: SurgeSettings, kind: dict[str, Any]
) -> list[dict[str, Any]]:
    ceiling = _ceiling(injection.usual, settings, kind["size"], kind["days"]).tolist()
    names = [topics[column] for column in injection.places[:, 1]]
    return [
        kind | {"topic": name, "usual": usual, "ceiling": found, "visible": found >= _VISIBLE}
        for name, usual, found in zip(names, injection.usual.tolist(), ceiling, strict=True)
    ]


def _found(raised: np.ndarray, window: timedelta) -> dict[str, Any]:
    """Says whether an alarm was raised or open while a surge lasted, and how soon."""
    rows = np.flatnonzero(raised)
    delay = (int(rows[0]) + 1) * (window / timedelta(days=1)) if len(rows) else None
    return {"found": float(len(rows) > 0), "delay_days": delay}


def _ceiling(usual: np.ndarray, settings: SurgeSettings, size: float, days: float) -> np.ndarray:
    """Returns how probably a Poisson test of just the right span finds each surge."""
    allowed = settings.alarms_per_topic_year * days / 365.25
    limits = np.maximum(stats.poisson.isf(allowed, usual) + 1, settings.minimum_volume)
    return stats.poisson.sf(limits - 1, size * usual)
