"""The parts that a detector is made of, on known answers."""

import datetime

import numpy as np
import pytest
from scipy import stats

from apps.sentiment.surge import SurgeSettings
from apps.sentiment.surge.discovery import score_limit
from apps.sentiment.surge.dispersion import Dispersion, tail
from apps.sentiment.surge.level import Level
from apps.sentiment.surge.spans import Spans
from apps.sentiment.surge.volume import Volume
from dlkit.errors import InputError
from tests.apps.surge.made_streams import DAY, MONDAY


def test_the_tail_is_that_of_the_negative_binomial():
    observed, expected = np.array([0.0, 3.0, 20.0]), np.array([2.0, 2.0, 5.0])
    dispersion = np.array([0.1, 0.5, 0.2])
    size = 1 / dispersion
    assert tail(observed, expected, dispersion) == pytest.approx(
        stats.nbinom.sf(observed - 1, size, size / (size + expected))
    )


def test_the_dispersion_is_found_and_surges_are_not_learned_from():
    rng = np.random.default_rng(0)
    dispersion = Dispersion(np.ones(1), 0.999)
    dispersion.grow(3)
    means = np.array([[20.0, 20.0, 20.0]])
    for _ in range(1500):
        counts = rng.negative_binomial(5, 5 / (5 + means))
        dispersion.update(counts.astype(float), means, np.ones((1, 3), bool))
    before = dispersion.values()
    assert before == pytest.approx(0.2, rel=0.25)
    dispersion.update(np.full((1, 3), 500.0), means, np.zeros((1, 3), bool))
    assert dispersion.values() == pytest.approx(before, rel=0.01)


def test_level_trend_and_week_are_found():
    level = Level(DAY, 28.0)
    level.grow(1)

    def truth(day):
        return np.array([200.0 * (0.3 if day % 7 >= 5 else 1.0) * np.exp(0.003 * day)])

    for day in range(300):
        start = MONDAY + day * DAY
        level.update(start, truth(day), np.ones(1), level.forecast(start))
    for day in range(300, 307):
        forecast = level.forecast(MONDAY + day * DAY)
        assert forecast.mean == pytest.approx(truth(day), rel=0.06)


def test_the_volume_is_believed_as_far_as_it_varies():
    volume = Volume(DAY, 28.0)
    volume.grow(1)
    rng = np.random.default_rng(0)
    factors = {}
    for day in range(280):
        start = MONDAY + day * DAY
        weekend = start.weekday() >= 5
        # from Monday to Friday always a hundred, at weekends ten or fifty
        texts = rng.choice([10.0, 50.0]) if weekend else 100.0
        factors[weekend, texts] = volume.factor(start, np.array([texts]), day >= 14)
    assert factors[False, 100.0] == pytest.approx(1.0, abs=0.02)
    assert factors[True, 10.0] < 0.6
    assert factors[True, 50.0] > 1.4
    state = volume.to_json()
    outage = volume.factor(MONDAY + 280 * DAY, np.array([50.0]), True)
    assert outage > 0.9  # so far half of the texts have never been missing in a week
    older = state["dispersion"]
    older |= {name: [[older[name][0][0]]] for name in ("excess", "squares")}
    restored = Volume(DAY, 28.0)
    restored.restore(state)
    assert restored.factor(MONDAY + 285 * DAY, np.array([30.0]), True) == pytest.approx(1, abs=0.1)


def test_spans_add_up_and_forget():
    spans = Spans(datetime.timedelta(hours=1))
    spans.grow(1)
    assert spans.steps.tolist() == [1, 4, 24, 72]
    for hour in range(100):
        spans.push(np.array([hour]), np.array([1.0]), np.array([2.0]))
    negative, expected, _ = spans.sums()
    assert negative[:, 0].tolist() == [
        99,
        96 + 97 + 98 + 99,
        sum(range(76, 100)),
        sum(range(28, 100)),
    ]
    assert expected[:, 0].tolist() == [1, 4, 24, 72]
    spans.skip(1000)
    assert not np.any(spans.sums())
    assert [spans.due(number).tolist() for number in (4, 5, 17)] == [
        [True, True, False, False],
        [True, True, True, False],
        [True, True, True, True],
    ]


@pytest.mark.parametrize(
    ("scores", "limit"),
    [([0.9, 5.0, 7.0], 1), ([1.1, 1.2, 7.0], 2), ([1.1, 2.5, 2.9], 3), ([1.1, 5.0, 6.0], 0)],
)
def test_the_limit_over_topics_is_that_of_benjamini_and_hochberg(scores, limit):
    assert score_limit(np.array(scores)) == limit
    # the same in its usual words: p-values against a rate of false discoveries
    p_values, share = np.array(scores) * 0.001, 3 * 0.001
    adjusted = stats.false_discovery_control(p_values, method="bh")
    assert (adjusted <= share).sum() == (np.array(scores) <= limit).sum()


@pytest.mark.parametrize(
    ("name", "value"), [("alarms_per_topic_year", 0), ("minimum_volume", 0), ("rise", 1.0)]
)
def test_settings_are_checked(name, value):
    with pytest.raises(InputError, match=f"`--{name.replace('_', '-')}`"):
        SurgeSettings(**{name: value})
