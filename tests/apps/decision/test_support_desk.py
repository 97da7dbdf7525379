import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gymnasium.utils.env_checker import check_env

from apps.decision.support_desk import ANSWER, ASK, ASKED, HAND_OVER, SupportDesk
from apps.decision.thresholds import Thresholds, best_thresholds
from dlkit.errors import InputError
from dlkit.training.decision.episodes import episode_seeds, play_episodes

CLASSES = ["card", "theft", "hours"]
SURE, UNSURE = [0.9, 0.05, 0.05], [0.5, 0.3, 0.2]
NO_LINE = {"arrivals": 0.0, "served": 50.0}


@pytest.fixture
def file(tmp_path):
    """Sure of half the questions about cards, and always wrong about theft."""
    rows = [(0, SURE), (0, UNSURE), (1, UNSURE), (1, UNSURE), (2, SURE[::-1]), (2, SURE[::-1])]
    table = pa.table(
        {
            "label": [label for label, _ in rows],
            "probabilities": [probabilities for _, probabilities in rows],
            "part": ["train"] * len(rows),
        }
    )
    path = tmp_path / "conversations.parquet"
    pq.write_table(table.replace_schema_metadata({"classes": json.dumps(CLASSES)}), path)
    return str(path)


def desk(file, **arguments):
    return SupportDesk(conversations=file, severe_labels=["theft"], **arguments)


@pytest.mark.filterwarnings("ignore:.*Box observation space")  # it is right: lines have no bound
def test_it_is_a_gymnasium_environment(file):
    check_env(desk(file), skip_render_check=True)


def played(environment, choose, seed=3):
    """Returns the question's label, the actions and the reward of each conversation."""
    observation, _ = environment.reset(seed=seed)
    labels = environment._questions.labels[environment._first]
    rewards, over = [], False
    while not over:
        reward = 0.0
        for action in choose(observation):
            observation, more, over, _, _ = environment.step(action)
            reward += more
        rewards.append(round(reward, 6))
    return labels, rewards


def test_what_answers_cost(file):
    labels, rewards = played(desk(file, customers=40), lambda _: [ANSWER])
    assert set(labels) == {0, 1, 2}
    assert rewards == [{0: 0.0, 1: -20.0, 2: 0.0}[label] for label in labels]


def test_asking_back_costs_and_brings_a_second_question(file):
    environment = desk(file, customers=40)
    before, _ = environment.reset(seed=0)
    after, reward, over, _, _ = environment.step(ASK)
    assert (reward, over) == (-0.5, False)
    assert not before[ASKED]
    assert after[ASKED]
    first, second = (
        np.array(environment._questions.probabilities[drawn[0]])
        for drawn in (environment._first, environment._second)
    )
    joint = first * second / (first * second).sum()
    np.testing.assert_allclose(after[:3], np.sort(joint)[::-1], rtol=1e-5)
    labels, rewards = played(environment, lambda _: [ASK, ANSWER])
    assert rewards == [-20.5 if label == 1 else -0.5 for label in labels]


def test_a_second_question_is_another_one_of_the_same_class(file):
    environment = desk(file, customers=200)
    environment.reset(seed=1)
    labels = environment._questions.labels
    assert (environment._first != environment._second).all()
    assert (labels[environment._first] == labels[environment._second]).all()


def test_handing_over_costs_more_the_longer_the_line(file):
    _, rewards = played(desk(file, customers=5, **NO_LINE), lambda _: [HAND_OVER])
    assert rewards[1:] == [-0.2] * 4, "everybody is served before the next customer"
    environment = desk(file, customers=5, arrivals=0.0, served=0.0)
    _, rewards = played(environment, lambda _: [HAND_OVER])
    np.testing.assert_allclose(np.diff(rewards), -0.2)
    _, asked_twice = played(environment, lambda _: [ASK, ASK])
    np.testing.assert_allclose(asked_twice, np.array(rewards) - 0.5)


def test_a_seed_brings_the_same_customers_whatever_is_done(file):
    environment = desk(file)
    labels, _ = played(environment, lambda _: [ANSWER], seed=7)
    again, _ = played(environment, lambda _: [ASK, HAND_OVER], seed=7)
    other, _ = played(environment, lambda _: [ANSWER], seed=8)
    np.testing.assert_array_equal(labels, again)
    assert (labels != other).any()


def test_thresholds_act_by_the_highest_probability():
    rule = Thresholds(answer=0.8, ask=0.4, answer_after_asking=0.6)
    rows = np.zeros((5, 12), np.float32)
    rows[:, 0] = [0.9, 0.5, 0.3, 0.7, 0.5]
    rows[3:, ASKED] = 1
    np.testing.assert_array_equal(rule(rows), [ANSWER, ASK, HAND_OVER, ANSWER, HAND_OVER])


def test_the_best_thresholds_are_found(file):
    make = lambda: desk(file, **NO_LINE)  # noqa: E731
    seeds = episode_seeds("training", 30, seed=0)
    one = best_thresholds(make, seeds, asks=False)
    # theft is what the model is unsure about: people are cheaper than that
    assert 0.5 < one.answer <= 0.9
    cost = -play_episodes(one, make, episode_seeds("test", 200, seed=0)).returns.mean() / 20
    assert cost == pytest.approx(0.2 * (1 / 6 + 1 / 3), abs=0.03)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"conversations": ""}, "`conversations` must be given"),
        ({"conversations": "nowhere.parquet"}, "`conversations` must be a file"),
        ({"part": "test"}, "it has no part test"),
        ({"severe_labels": ["thefts"]}, "`severe_labels` must be among the classes"),
    ],
)
def test_a_users_mistake(file, arguments, message):
    with pytest.raises(InputError, match=message):
        SupportDesk(**{"conversations": file, **arguments})
