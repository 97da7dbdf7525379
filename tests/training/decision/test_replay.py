import numpy as np
import pytest

from dlkit.training.decision.replay import Replay


def replay(size=100, n_step=3):
    return Replay(size=size, environments=1, shape=(), dtype="float32", n_step=n_step, discount=0.5)


def fill(memory, steps):
    """Adds (observation, reward, terminated, ended, idle) a step."""
    for observation, reward, terminated, ended, idle in steps:
        memory.add(
            observation=np.array([observation]),
            action=np.array([observation % 2]),
            reward=np.array([reward]),
            terminated=np.array([terminated]),
            ended=np.array([ended]),
            idle=np.array([idle]),
        )


def by_observation(memory, count=400):
    """Returns (reward, next observation, discount) of each window by where it begins."""
    windows = memory.sample((count,), np.random.default_rng(0))
    columns = (windows.observation, windows.reward, windows.next_observation, windows.discount)
    return {int(row[0]): tuple(map(float, row[1:])) for row in zip(*columns, strict=True)}


# an episode that terminates after three steps, what was seen last, and one that goes on
EPISODES = [
    (0, 1, False, False, False),
    (1, 2, False, False, False),
    (2, 4, True, True, False),
    (3, 99, False, False, True),
    (4, 8, False, False, False),
    (5, 16, False, False, False),
    (6, 32, False, False, False),
    (7, 64, False, False, False),
]


def test_windows_end_with_the_episode():
    memory = replay()
    fill(memory, EPISODES)
    assert by_observation(memory) == {
        0: (1 + 1 + 1, 3, 0),
        1: (2 + 2, 3, 0),
        2: (4, 3, 0),
        4: (8 + 8 + 8, 7, 0.125),
    }


def test_a_limit_of_time_is_no_end():
    memory = replay()
    fill(memory, [*EPISODES[:2], (2, 4, False, True, False), *EPISODES[3:]])
    windows = by_observation(memory)
    assert windows[0] == (3, 3, 0.125)
    assert windows[2] == (4, 3, 0.5)


def test_the_oldest_steps_are_forgotten():
    memory = replay(size=5)
    fill(memory, EPISODES)
    assert set(by_observation(memory)) == {4}  # 3 was idle, 5 to 7 have no whole window yet
    fill(memory, [(8, 128, False, False, False)])
    assert by_observation(memory) == {
        4: (24, 7, 0.125),
        5: (16 + 16 + 16, 8, 0.125),
    }


def test_a_cut_ends_the_episode_where_it_is():
    memory = replay()
    fill(memory, EPISODES[4:6])
    memory.cut(np.array([6.0]))
    fill(memory, [(20 + i, 0, False, False, False) for i in range(4)])
    windows = by_observation(memory)
    assert windows[4] == (8 + 8, 6, 0.25)
    assert windows[5] == (16, 6, 0.5)
    assert set(windows) == {4, 5, 20}


def test_what_was_restored_draws_the_same():
    memory, other = replay(), replay()
    fill(memory, EPISODES)
    other.restore(memory.state())
    drawn, again = (each.sample((4, 8), np.random.default_rng(3)) for each in (memory, other))
    for one, two in zip(drawn, again, strict=True):
        assert one.shape[:2] == (4, 8)
        np.testing.assert_array_equal(one, two)
    with pytest.raises(ValueError, match="broadcast"):
        replay(size=4).restore(memory.state())
