"""Acts in several environments side by side, and keeps what happens."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dlkit.training.decision.environments import action_count
from dlkit.training.decision.episodes import Policy
from dlkit.training.decision.replay import Replay


class Actor:
    """Follows a policy, with some random actions.

    Args:
        make: Makes a Gymnasium environment.
        seeds: One an environment.
        replay: Gets all steps.
        random: Draws the random actions.
    """

    def __init__(
        self,
        make: Callable[[], Any],
        *,
        seeds: Sequence[int],
        replay: Replay,
        random: np.random.Generator,
    ) -> None:
        import gymnasium  # an extra: without it the message of `environment_maker` comes first

        self._environments = gymnasium.vector.SyncVectorEnv([make] * len(seeds), copy=False)
        self._replay = replay
        self._random = random
        self._actions = action_count(self._environments.envs[0])
        self.observation = self._environments.reset(seed=list(seeds))[0].copy()
        self._idle = self._was_idle = np.zeros(len(seeds), bool)
        self._returns = np.zeros(len(seeds))
        self._finished: list[float] = []

    def act(self, policy: Policy, steps: int, *, exploration: float) -> int:
        """Acts until at least so many steps are done, and returns how many they were.

        Args:
            policy: Chooses the actions.
            steps: Of all environments together.
            exploration: The share of random actions.
        """
        done = 0
        while done < steps:
            action = self._random.integers(0, self._actions, len(self._idle))
            chosen = self._random.random(len(action)) >= exploration
            if chosen.any():
                action[chosen] = policy(self.observation)[chosen]
            self._step(action)
            done += len(action) - int(self._was_idle.sum())
        return done

    def take_returns(self) -> list[float]:
        """Returns the sums of the rewards of the episodes that have ended since the last call."""
        finished, self._finished = self._finished, []
        return finished

    def close(self) -> None:
        """Closes the environments."""
        self._environments.close()

    def _step(self, action: np.ndarray) -> None:
        seen, reward, terminated, truncated, _ = self._environments.step(action)
        ended = terminated | truncated
        self._replay.add(
            observation=self.observation,
            action=action,
            reward=reward,
            terminated=terminated,
            ended=ended,
            idle=self._idle,
        )
        self._returns += reward
        self._finished += self._returns[ended].tolist()
        self._returns[ended] = 0
        self._was_idle, self._idle = self._idle, ended
        self.observation = seen.copy()
