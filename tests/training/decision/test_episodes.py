import gymnasium
import numpy as np

from dlkit.training.decision.episodes import episode_seeds, play_episodes
from tests.training.decision.environments_with_answers import Echo


def test_no_part_shares_a_seed_with_another():
    parts = [set(episode_seeds(p, 5000, seed=0)) for p in ("training", "validation", "test")]
    assert [len(part) for part in parts] == [5000] * 3
    assert not parts[0] & parts[1]
    assert not parts[0] & parts[2]
    assert not parts[1] & parts[2]
    assert episode_seeds("test", 9, seed=1) == episode_seeds("test", 9, seed=1)
    assert episode_seeds("test", 9, seed=1) != episode_seeds("test", 9, seed=2)


def test_known_returns():
    seeds = episode_seeds("test", 50, seed=0)
    right = play_episodes(lambda numbers: numbers, Echo, seeds)
    np.testing.assert_array_equal(right.returns, 5)
    np.testing.assert_array_equal(right.lengths, 5)
    wrong = play_episodes(lambda numbers: (numbers + 1) % 3, Echo, seeds)
    np.testing.assert_array_equal(wrong.returns, 0)


def test_an_episode_is_the_same_whoever_plays_beside_it():
    seeds = episode_seeds("test", 40, seed=0)
    policy = lambda observations: (observations[:, 2] > 0).astype(int)  # noqa: E731
    together = play_episodes(policy, lambda: gymnasium.make("CartPole-v1"), seeds)
    alone = [play_episodes(policy, lambda: gymnasium.make("CartPole-v1"), [s]) for s in seeds]
    np.testing.assert_array_equal(together.returns, [one.returns[0] for one in alone])
    assert together.returns.std() > 0
    assert together.metrics()["mean_return"] == together.returns.mean()
