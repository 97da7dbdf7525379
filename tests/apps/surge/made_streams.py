"""Counts with a known truth: calendar, trend, over-dispersion, and surges put in."""

import datetime

import numpy as np

from apps.sentiment.surge import SurgeDetector, SurgeSettings, WindowCounts

DAY = datetime.timedelta(days=1)
MONDAY = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
BUDGET = 1.0


def stream(
    *,
    topics,
    windows,
    per_day,
    window=DAY,
    dispersion=0.1,
    growth=0.0,
    busy=0.0,
    seed=0,
    more=lambda row: {},
):
    """Yields start and counts; weekends have less than half, nights little.

    `growth` is that of the logarithm in a year, `busy` the dispersion of what all topics share,
    `more` a row's negative texts to add, by topic.
    """
    rng = np.random.default_rng(seed)
    for row in range(windows):
        start = MONDAY + row * window
        level = per_day * (window / DAY) * np.exp(growth * row * (window / DAY) / 365)
        level *= 0.4 if start.weekday() >= 5 else 1.0
        if window < DAY:
            level *= 1 + 0.8 * np.sin(2 * np.pi * (start.hour - 8) / 24)
        if busy:
            level *= rng.gamma(1 / busy, busy)
        negative = rng.poisson(level * rng.gamma(1 / dispersion, dispersion, topics))
        total = negative + rng.poisson(3 * level, topics)
        extra = more(row)
        yield (
            start,
            {
                f"topic {place}": WindowCounts(
                    int(negative[place]) + extra.get(place, 0),
                    int(total[place]) + extra.get(place, 0),
                )
                for place in range(topics)
            },
        )


def events(windows, *, window=DAY, settings=None):
    """Runs a detector over them."""
    detector = SurgeDetector(settings or SurgeSettings(), window)
    return [event for start, counts in windows for event in detector.update(start, counts)]


def starts(found):
    """Picks what starts an episode."""
    return [event for event in found if event.kind == "start"]
