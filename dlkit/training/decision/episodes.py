"""Whole episodes with fixed seeds, to measure a policy."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

Policy = Callable[[np.ndarray], np.ndarray]
"""Observations `(batch, ...)` to actions `(batch,)`."""

_WIDTH = 32
_RANGE = 2**29
_PARTS = {"training": 0, "validation": 1, "test": 2}


class Episodes(NamedTuple):
    """What came of episodes, in the order of their seeds.

    Args:
        returns: float64 `(episodes,)`, the sums of their rewards.
        lengths: int64 `(episodes,)`, their steps.
    """

    returns: np.ndarray
    lengths: np.ndarray

    def metrics(self) -> dict[str, float]:
        """Returns mean and spread, as `metrics.json` holds them."""
        return {
            "mean_return": float(self.returns.mean()),
            "std_return": float(self.returns.std()),
            "min_return": float(self.returns.min()),
            "max_return": float(self.returns.max()),
            "mean_length": float(self.lengths.mean()),
            "episodes": len(self.returns),
        }


def episode_seeds(
    part: Literal["training", "validation", "test"], count: int, *, seed: int
) -> list[int]:
    """Returns seeds of which no other part has any."""
    drawn = np.random.default_rng([seed, _PARTS[part]]).choice(_RANGE, count, replace=False)
    return [int(number) + _PARTS[part] * _RANGE for number in drawn]


def play_episodes(policy: Policy, make: Callable[[], Any], seeds: Sequence[int]) -> Episodes:
    """Plays one episode a seed, many side by side.

    Args:
        policy: Chooses the actions.
        make: Makes a Gymnasium environment.
        seeds: Of the episodes.
    """
    returns, lengths = np.zeros(len(seeds)), np.zeros(len(seeds), np.int64)
    environments = [make() for _ in seeds[:_WIDTH]]
    waiting = list(enumerate(seeds))[::-1]  # the next one last
    playing = []
    for environment in environments:
        episode, seed = waiting.pop()
        playing.append((environment, episode, environment.reset(seed=seed)[0]))
    while playing:
        actions = policy(np.stack([observation for _, _, observation in playing]))
        still = []
        for (environment, episode, _), action in zip(playing, actions, strict=True):
            observation, reward, terminated, truncated, _ = environment.step(action)
            returns[episode] += reward
            lengths[episode] += 1
            if not (terminated or truncated):
                still.append((environment, episode, observation))
            elif waiting:
                following, seed = waiting.pop()
                still.append((environment, following, environment.reset(seed=seed)[0]))
        playing = still
    for environment in environments:
        environment.close()
    return Episodes(returns, lengths)
