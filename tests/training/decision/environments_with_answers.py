"""Environments whose best policy is known."""

import gymnasium
import numpy as np


class Echo(gymnasium.Env):
    """Shows a number and pays 1 for the action of that number; five steps."""

    def __init__(self, numbers=3, limit=5):
        self.observation_space = gymnasium.spaces.Discrete(numbers)
        self.action_space = gymnasium.spaces.Discrete(numbers)
        self.limit = limit

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self._draw(), {}

    def step(self, action):
        reward = float(action == self.number)
        self.steps += 1
        return self._draw(), reward, self.steps == self.limit, False, {}

    def _draw(self):
        self.number = self.np_random.integers(0, self.observation_space.n)
        return self.number


class Corridor(gymnasium.Env):
    """Eight cells; a step left pays a little at once, the right end pays all."""

    def __init__(self, cells=8):
        self.observation_space = gymnasium.spaces.Box(0, cells, (1,), np.float32)
        self.action_space = gymnasium.spaces.Discrete(2)
        self.cells = cells

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.cell, self.steps = 3, 0
        return self._seen(), {}

    def step(self, action):
        self.cell = max(self.cell + (1 if action else -1), 0)
        self.steps += 1
        over = self.cell == self.cells
        reward = 10.0 if over else 0.0 if action else 0.1
        return self._seen(), reward, over, self.steps == 30, {}

    def _seen(self):
        return np.array([self.cell], np.float32)


gymnasium.register("Echo-v0", entry_point=Echo)
gymnasium.register("Corridor-v0", entry_point=Corridor)
