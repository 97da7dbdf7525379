import numpy as np
import pytest
import tensorflow as tf

from dlkit.data.event_splits import Cases
from dlkit.data.events import Events
from dlkit.data.histories import Histories, histories_of_lists
from dlkit.data.items import Items
from dlkit.training.retrieval.ranking import learn_ranking, ranking_tables

TOTAL = 30
IDS = [str(number) for number in range(TOTAL)]


class Scores:
    """Scores that say nothing, other ones for each history."""

    items, longest = TOTAL, 10

    def newest(self, numbers):
        return numbers

    def parts(self, numbers):
        scores = tf.sin(tf.cast(numbers[:, -1:], tf.float32) * (100 + tf.range(30.0)) ** 2)
        seen = tf.reduce_any(tf.one_hot(numbers - 1, TOTAL) > 0, axis=1)
        return scores, tf.zeros_like(scores), tf.where(seen, -np.inf, scores)


def make_cases(telling):
    """Makes users who take the category of what they took before, or anything."""
    draw = np.random.default_rng(0)
    given = [[draw.integers(TOTAL)] for _ in range(600)]
    wanted = [
        [draw.choice([n for n in range(TOTAL) if n != one and (n % 3 == one % 3 or not telling)])]
        for [one] in given
    ]
    histories = histories_of_lists(wanted)
    weights = np.where(draw.random(600) < 0.3, 5.0, 1.0).astype(np.float32)
    histories = Histories(histories.starts, histories.items, weights)
    return Cases(np.arange(600), histories_of_lists(given), histories, None)


def make_tables():
    categories = ["abc"[number % 3] for number in range(TOTAL)]
    items = Items(IDS, IDS, [""] * TOTAL, [()] * TOTAL, categories, [(1.0,)] * TOTAL)
    events = Events(np.zeros(2, int), np.array([0, 1]), np.ones(2), None, ["u"])
    return ranking_tables(items, events, np.arange(2))


@pytest.mark.parametrize("telling", [True, False])
def test_a_ranking_is_kept_only_where_it_helps(telling):
    network, strengths, measured = learn_ranking(
        Scores(), make_cases(telling), make_tables(), seed=0
    )
    assert strengths == (1.0, 5.0)
    assert measured["kept"] is telling
    assert (network is not None) is telling
    if telling:
        assert network.output_shape == (None, 2)
        assert measured["ndcg@10"] > 1.5 * measured["retrieval_ndcg@10"]
        assert measured["calibration_error"] < 0.04


def test_new_items_among_themselves_teach_no_ranking():
    cases = make_cases(telling=True)._replace(candidates=np.arange(5))
    network, _, measured = learn_ranking(Scores(), cases, make_tables(), seed=0)
    assert network is None
    assert measured == {"kept": False}


def test_what_is_on_the_rise_is_told_from_what_was():
    items = Items(
        IDS, IDS, [""] * TOTAL, [()] * TOTAL, [""] * TOTAL, [(float(n),) for n in range(30)]
    )
    numbers = np.repeat([0, 1], 20)
    events = Events(np.arange(40), numbers, np.ones(40), np.arange(40.0), IDS)
    columns, categories = ranking_tables(items, events, np.arange(40))
    np.testing.assert_allclose(columns[:3, 0], np.log1p([20, 20, 20]), rtol=1e-6)
    rise = [-np.log(21), np.log(41 / 21)]
    np.testing.assert_allclose(columns[:3, 1], [*rise, np.mean(rise)], rtol=1e-6)
    assert columns[7, 2] == 7
    assert not categories.any()
