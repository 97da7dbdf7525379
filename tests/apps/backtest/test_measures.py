import datetime

import numpy as np
import pytest

from apps.sentiment.backtest.alarms import ears_c2, mean_and_sigma, rule_alarms
from apps.sentiment.backtest.grid import make_grid
from apps.sentiment.backtest.injection import inject, usual_counts
from apps.sentiment.backtest.measure import CEILING, Result
from apps.sentiment.backtest.methods import Detector, PutIn, Rule, Trial
from apps.sentiment.backtest.summary import by_volume, summarize
from apps.sentiment.surge import SurgeSettings

_DAY = datetime.timedelta(days=1)
_START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)


def _grid(negative):
    """A grid of days, every count of texts negative."""
    times, topics = [], []
    for row, counts in enumerate(negative):
        for topic, count in enumerate(counts):
            times += [_START + row * _DAY + datetime.timedelta(hours=5)] * count
            topics += [f"t{topic}"] * count
    return make_grid(times, topics, np.ones(len(times), bool), _DAY)


def test_texts_are_counted_where_they_belong():
    times = [_START + datetime.timedelta(hours=hours) for hours in (1, 25, 26, 80)]
    grid = make_grid(times, ["b", "a", "a", "b"], np.array([True, True, False, False]), _DAY)
    assert grid.topics == ("a", "b")
    assert grid.total.tolist() == [[0, 1], [2, 0], [0, 0], [0, 1]]
    assert grid.negative.tolist() == [[0, 1], [1, 0], [0, 0], [0, 0]]
    assert grid.together().negative.tolist() == [[1], [1], [0], [0]]
    assert grid.years == pytest.approx(8 / 365.25)
    start, counts = next(iter(grid.part(1, 3).windows()))
    assert start == _START + _DAY
    assert counts["a"] == (1, 2)


def test_the_baselines_of_the_rules():
    counts = np.array([[3.0], [5], [4], [6], [2], [4], [4], [50], [60], [20]])
    base = counts[:7, 0]
    assert ears_c2(counts)[9, 0] == pytest.approx((20 - base.mean()) / base.std(ddof=1))
    base = counts[:9, 0]
    assert mean_and_sigma(counts)[9, 0] == pytest.approx((20 - base.mean()) / base.std(ddof=1))
    assert not ears_c2(counts)[:9].any()


def test_an_alarm_lasts_until_it_has_cooled_down():
    passed = np.array([[0, 1, 0, 1, 0, 0, 0, 1, 0, 0]], bool).T
    alarms = rule_alarms(passed, cool_down=2)
    assert np.flatnonzero(alarms.starts[:, 0]).tolist() == [1, 7]
    assert np.flatnonzero(alarms.open[:, 0]).tolist() == [1, 2, 3, 4, 5, 7, 8, 9]


@pytest.mark.parametrize("name", ["fixed threshold", "mean + sigmas", "EARS C2"])
def test_rules_keep_to_the_budget_where_they_are_tuned(name):
    rng = np.random.default_rng(0)
    grid = _grid(rng.poisson([8, 15], (400, 2)))
    settings = SurgeSettings()
    trial = Trial(grid.part(0, 300), grid.part(300, 400), settings, "before")
    rule = Rule(name, trial)
    quiet = trial.earlier.steps(settings.history)
    assert trial.allowed == 1
    assert rule.alarms().starts.sum() <= 5
    same = Rule(name, Trial(trial.earlier.part(0, quiet), trial.earlier, settings, "hindsight"))
    assert same.alarms().starts.sum() <= 2  # the budget of two topics in most of a year
    [raised] = rule.raised([PutIn(50, 1, np.array([60]))])
    assert raised.tolist() == [True]


@pytest.mark.parametrize(
    "method", ["surge detector", "fixed threshold", "mean + sigmas", "EARS C2"]
)
def test_a_surge_put_in_alone_is_seen_as_in_a_replay_of_all(method):
    rng = np.random.default_rng(1)
    grid = _grid(rng.poisson([8, 15], (140, 2)))
    surges = [PutIn(35, 0, np.array([24, 8, 0])), PutIn(4, 1, np.array([45]))]

    def trial(later):
        return Trial(grid.part(0, 100), later, SurgeSettings(), "as stated")

    def made(later):
        if method == "surge detector":
            return Detector(trial(later))
        return Rule(method, trial(later))

    alone = made(grid.part(100, 140)).raised(surges)
    assert alone[1].any()
    for (first, topic, texts), raised in zip(surges, alone, strict=True):
        more = np.zeros((40, 2), int)
        more[first : first + len(texts), topic] = texts
        alarms = made(grid.part(100, 140).with_more(more)).alarms()
        whole = (alarms.starts | alarms.open)[first : first + len(texts), topic]
        assert raised.tolist() == whole.tolist()


def test_surges_are_drawn_as_large_as_said():
    usual, calm = np.full((400, 2), [10.0, 0.5]), np.ones(400, bool)
    rng = np.random.default_rng(0)
    injection = inject(usual, calm, size=4, steps=3, most=50, least=10, rng=rng)
    assert injection.extra.shape == (50, 3)
    assert set(injection.places[:, 1]) == {0}  # four times 1.5 are less than 10
    assert len({tuple(place) for place in injection.places.tolist()}) == 50
    assert injection.places[:, 0].max() <= 397
    assert injection.usual == pytest.approx(30)
    assert injection.extra.mean() == pytest.approx(30, rel=0.05)


def test_nothing_is_put_into_a_real_surge_and_no_alarm_there_is_false():
    negative = np.full((200, 1), 10)
    negative[150:153] = 60
    start, end = _START + 150 * _DAY, _START + 153 * _DAY
    grid = _grid(negative).with_surges([(start, end)])
    assert np.flatnonzero(~grid.calm).tolist() == [150, 151, 152]
    assert grid.years == pytest.approx(197 / 365.25)
    rng = np.random.default_rng(0)
    injection = inject(usual_counts(grid), grid.calm, size=4, steps=3, most=500, least=5, rng=rng)
    first = injection.places[:, 0]
    assert len(first) == 198 - 5  # starts that reach into the three days
    assert not ((first >= 148) & (first <= 152)).any()
    trial = Trial(grid.part(0, 100), grid.part(100, 200), SurgeSettings(), "hindsight")
    detector = Detector(trial)
    assert detector.alarms().starts[50:53].any()  # the budget is left for it all the same
    assert not detector.alarms().starts[trial.later.calm].any()


def test_what_is_usual_knows_the_week_and_no_surge_moves_it_much():
    negative = np.array([[2 if day % 7 >= 5 else 12] for day in range(210)])
    grid = _grid(negative)
    usual = usual_counts(grid)
    assert usual[70:77, 0] == pytest.approx(negative[70:77, 0], rel=0.05)


def test_the_summary_counts_what_was_found():
    kind = {"size": 4.0, "days": 1.0, "method": "m", "tuning": "before", "topic": "t"}
    surges = [
        {**kind, "seed": seed, "usual": usual, "found": found, "delay_days": delay}
        | {"visible": usual > 10}
        for seed, usual, found, delay in (
            (0, 3.0, 1.0, 1.0),
            (0, 12.0, 1.0, 2.0),
            (1, 3.0, 0.0, None),
            (1, 12.0, 1.0, 3.0),
        )
    ]
    surges.append({**kind, "method": CEILING, "tuning": "", "seed": 0, "usual": 3.0, "found": 0.9})
    surges[-1]["delay_days"] = None
    surges[-1]["visible"] = False
    methods = [{"method": "m", "tuning": "before", "limit": "", "alarms": 6}]
    result = Result(("t",), 2.0, methods, surges)
    mine, ceiling = summarize(result, prevalence=1.0)
    assert mine["detection"] == 0.75
    assert (mine["visible"], mine["visible_detection"]) == (2, 1.0)
    assert ceiling["visible_detection"] is None
    assert mine["spread"] == pytest.approx(np.std([1.0, 0.5], ddof=1))
    assert mine["mean_delay_days"] == 2.0
    assert mine["false_alarms_per_topic_month"] == pytest.approx(3 / 12)
    assert mine["positive_predictive_value"] == pytest.approx(0.75 / 3.75)
    assert ceiling["positive_predictive_value"] is None
    shares = {(r["method"], r["usual"]): r["detection"] for r in by_volume(result, 4.0, 1.0)}
    assert shares == {("m", "2.5 to 5"): 0.5, ("m", "10 to 20"): 1.0, (CEILING, "2.5 to 5"): 0.9}
