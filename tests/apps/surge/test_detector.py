import datetime
import json

import numpy as np
import pytest
from scipy import stats

from apps.sentiment.surge import SurgeDetector, SurgeSettings, WindowCounts
from tests.apps.surge.made_streams import DAY, MONDAY, events, starts, stream

_HOUR = datetime.timedelta(hours=1)


@pytest.mark.parametrize(
    ("per_day", "growth", "busy"),
    [(5, 0.0, 0.0), (5, 1.0, 0.1), (40, -0.7, 0.05), (1, 0.0, 0.0)],
    ids=["plain", "growing and busy", "shrinking and busy", "sparse"],
)
def test_streams_without_surges_keep_to_the_budget(per_day, growth, busy):
    days, topics = 400, 30
    windows = stream(topics=topics, windows=days, per_day=per_day, growth=growth, busy=busy)
    alarms = len(starts(events(windows)))
    topic_years = topics * (days - 28) / 365.25
    # the most that one alarm in a topic-year makes probable
    assert alarms <= stats.poisson.isf(0.01, topic_years)


def test_hours_of_the_day_are_known():
    windows = stream(topics=10, windows=24 * 45, per_day=40, window=_HOUR)
    alarms = len(starts(events(windows, window=_HOUR)))
    assert alarms <= stats.poisson.isf(0.01, 10 * (45 - 28) / 365.25)


def test_the_budget_is_what_moves_the_alarms():
    few, many = (
        len(
            starts(
                events(
                    stream(topics=20, windows=200, per_day=5),
                    settings=SurgeSettings(alarms_per_topic_year=budget),
                )
            )
        )
        for budget in (0.5, 50)
    )
    assert few < 10 < many


def test_a_surge_of_four_times_is_one_episode_and_others_stay_silent():
    found = events(
        stream(topics=8, windows=130, per_day=12, more=lambda row: {3: 40 * (row in (100, 101))})
    )
    mine = [event for event in found if event.topic == "topic 3"]
    assert [event.kind for event in mine] == ["start", "peak", "end"]
    start, peak, end = mine
    assert start.window_start == MONDAY + 100 * DAY
    assert peak.window_start in {MONDAY + 100 * DAY, MONDAY + 101 * DAY}
    assert end.window_start <= MONDAY + 106 * DAY
    assert len({event.episode for event in mine}) == 1
    assert start.method == "surge"
    assert start.observed > 2 * start.expected
    assert start.p_value < 1 / 365
    assert start.negative_share > 0.4
    meanwhile = [event for event in starts(found) if event.window_start >= start.window_start]
    assert [event.topic for event in meanwhile] == ["topic 3"]


def test_surges_are_found():
    rows = range(60, 200, 20)
    found = starts(
        events(stream(topics=6, windows=205, per_day=12, more=lambda row: {2: 36 * (row in rows)}))
    )
    days = {event.window_start for event in found if event.topic == "topic 2"}
    assert sum(MONDAY + row * DAY in days for row in rows) >= len(rows) - 1


def test_what_is_spread_over_a_day_is_found_by_the_sum_of_the_day():
    found = starts(
        events(
            stream(
                topics=5,
                windows=24 * 36,
                per_day=8,
                window=_HOUR,
                dispersion=0.01,
                more=lambda row: {1: int(24 * 34 <= row < 24 * 35)},
            ),
            window=_HOUR,
        )
    )
    [start] = [event for event in found if event.topic == "topic 1"]
    assert MONDAY + 34 * DAY < start.window_start <= MONDAY + 35 * DAY
    assert start.span > _HOUR


def test_a_slow_rise_is_found_that_no_day_shows():
    def more(row):
        return {0: min((row - 150) // 4, 10) if row >= 150 else 0}

    found = starts(events(stream(topics=6, windows=210, per_day=12, dispersion=0.02, more=more)))
    rises = [event for event in found if event.method == "rise"]
    assert [event.topic for event in rises[:1]] == ["topic 0"]
    assert MONDAY + 150 * DAY < rises[0].window_start <= MONDAY + 205 * DAY
    assert rises[0].span > 3 * DAY
    assert rises[0].observed > rises[0].expected


def test_topics_that_surge_together_need_less_each():
    settings = SurgeSettings(alarms_per_topic_year=0.05)
    alone, together = (
        starts(
            events(
                stream(
                    topics=12,
                    windows=110,
                    per_day=12,
                    seed=4,
                    more=lambda row, topics=topics: dict.fromkeys(topics, 27 * (row == 100)),
                ),
                settings=settings,
            )
        )
        for topics in ([0], range(12))
    )
    assert len(alone) <= 1  # needs twelve times the evidence
    assert len(together) >= 8


def test_low_volume_stays_silent():
    quiet = stream(topics=5, windows=120, per_day=0.05, more=lambda row: {0: 3 * (row == 100)})
    assert events(quiet) == []


def test_there_are_no_alarms_before_enough_is_known():
    early = stream(topics=3, windows=25, per_day=10, more=lambda row: {0: 200 * (row == 20)})
    assert events(early) == []


def test_a_holiday_is_not_followed_by_an_alarm():
    windows = list(stream(topics=6, windows=120, per_day=12))
    silent = {topic: WindowCounts(0, 0) for topic in windows[0][1]}
    found = events(
        (start, silent if 100 <= row < 103 else counts)
        for row, (start, counts) in enumerate(windows)
    )
    assert [event for event in starts(found) if event.window_start >= MONDAY + 100 * DAY] == []


def test_a_source_that_comes_and_goes_is_no_surge():
    """One of two sources delivers on half of the days: more texts, no larger share negative."""
    rng = np.random.default_rng(0)
    windows, there = [], rng.random(400) < 0.5
    for row in range(400):
        texts = rng.poisson([4 + 16 * there[row], 12 + 48 * there[row]])
        counts = {"all": WindowCounts(int(texts[0]), int(texts.sum()))}
        if row in (350, 390):
            counts = {"all": WindowCounts(int(texts[0]) + 24, int(texts.sum()) + 24)}
        windows.append((MONDAY + row * DAY, counts))
    found = [event.window_start for event in starts(events(windows))]
    assert found.count(MONDAY + 350 * DAY) + found.count(MONDAY + 390 * DAY) == 2
    assert len(found) <= 4


def test_windows_of_which_nothing_is_known_change_nothing():
    windows = list(stream(topics=4, windows=120, per_day=12))
    without = starts(events(windows[:100] + windows[110:]))
    assert [event for event in without if event.window_start >= MONDAY + 100 * DAY] == []


def test_a_restart_goes_on_where_it_stopped():
    settings = SurgeSettings(alarms_per_topic_year=20)
    windows = list(
        stream(
            topics=6,
            windows=90,
            per_day=8,
            more=lambda row: {0: 30 * (row in (50, 51)), 1: 6 * (row > 40), 5: 40 * (row == 52)},
        )
    )
    whole = events(windows, settings=settings)
    assert {event.kind for event in whole} == {"start", "peak", "end"}
    detector, resumed = SurgeDetector(settings, DAY), []
    for start, counts in windows:
        state = json.loads(json.dumps(detector.to_json()))
        detector = SurgeDetector.from_json(settings, DAY, state)
        resumed += detector.update(start, counts)
    assert resumed == whole


def test_topics_may_come_later():
    windows = [
        (start, {"new": WindowCounts(row % 3, 5), **counts} if row >= 50 else counts)
        for row, (start, counts) in enumerate(stream(topics=3, windows=100, per_day=10))
    ]
    assert [event for event in events(windows) if event.topic == "new"] == []


def test_windows_must_come_in_order():
    detector = SurgeDetector(SurgeSettings(), DAY)
    detector.update(MONDAY, {"a": WindowCounts(1, 2)})
    with pytest.raises(ValueError, match="in order"):
        detector.update(MONDAY, {"a": WindowCounts(1, 2)})


def test_a_stream_may_be_empty():
    detector = SurgeDetector(SurgeSettings(), DAY)
    assert detector.update(MONDAY, {}) == []
    assert detector.update(MONDAY + DAY, {}) == []
    assert SurgeDetector.from_json(SurgeSettings(), DAY, detector.to_json()).to_json()
