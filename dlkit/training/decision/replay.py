"""What has been done and seen, to learn from more than once."""

from typing import Any

import numpy as np

from dlkit.tasks.decision import Transitions


class Replay:
    """A ring of the newest steps of several environments, read in windows of `n` steps.

    An environment that has ended answers the next action with the first observation of a new
    episode (Gymnasium's `AutoresetMode.NEXT_STEP`). The row of that action is `idle`: it holds the
    last observation of the episode that has ended, and no window begins there.

    Args:
        size: Steps to keep, of all environments together.
        environments: How many environments act side by side.
        shape: Of one observation.
        dtype: Of the observations.
        n_step: Steps in a window, fewer at the end of an episode.
        discount: What the reward of the next step counts.
    """

    def __init__(
        self,
        *,
        size: int,
        environments: int,
        shape: tuple[int, ...],
        dtype: str,
        n_step: int,
        discount: float,
    ) -> None:
        rows = max(size // environments, n_step + 2)
        self._arrays = {
            "observation": np.zeros((rows, environments, *shape), dtype),
            "action": np.zeros((rows, environments), np.int32),
            "reward": np.zeros((rows, environments), np.float32),
            "terminated": np.zeros((rows, environments), bool),
            "ended": np.zeros((rows, environments), bool),
            "idle": np.zeros((rows, environments), bool),
        }
        self._rows, self._environments = rows, environments
        self._n_step, self._discount = n_step, discount
        self._added = 0

    @property
    def windows(self) -> int:
        """Returns how many rows a window may begin in."""
        return max(min(self._added, self._rows) - self._n_step, 0)

    def add(self, **step: np.ndarray) -> None:
        """Adds one step of all environments.

        Args:
            **step: Arrays `(environments, ...)`: the `observation` before it, the `action`, its
                `reward`, whether it has `terminated` the episode, whether the episode `ended` by
                that or by a limit of time, and whether the action was `idle`.
        """
        row = self._added % self._rows
        for name, values in step.items():
            self._arrays[name][row] = values
        self._added += 1

    def cut(self, observation: np.ndarray) -> None:
        """Ends all episodes here, where the environments have been lost.

        Args:
            observation: What was seen last, `(environments, ...)`.
        """
        if self._added:
            self._arrays["ended"][(self._added - 1) % self._rows] = True
        nothing = np.zeros(self._environments)
        self.add(
            observation=observation,
            action=nothing,
            reward=nothing,
            terminated=nothing,
            ended=nothing + 1,
            idle=nothing + 1,
        )

    def sample(self, shape: tuple[int, ...], random: np.random.Generator) -> Transitions:
        """Draws windows with replacement, all with the same chance.

        Args:
            shape: How many, such as `(updates, batch)`.
            random: Draws.

        Returns:
            The transitions, each array `(*shape, ...)`.
        """
        start, column = self._starts(int(np.prod(shape)), random)
        reward = np.zeros(len(start), np.float32)
        length = np.zeros(len(start), np.int32)
        alive = np.ones(len(start), bool)
        terminated = np.zeros(len(start), bool)
        for step in range(self._n_step):
            place = self._place(start + step, column)
            reward += np.float32(self._discount**step) * self._take("reward", place) * alive
            terminated |= self._take("terminated", place) & alive
            length += alive
            alive &= ~self._take("ended", place)
        discount = np.float32(self._discount) ** length * ~terminated
        here, there = self._place(start, column), self._place(start + length, column)
        arrays = Transitions(
            self._take("observation", here),
            self._take("action", here),
            reward,
            self._take("observation", there),
            discount.astype(np.float32),
        )
        return Transitions(*(array.reshape(*shape, *array.shape[1:]) for array in arrays))

    def state(self) -> dict[str, np.ndarray]:
        """Returns all that it holds."""
        filled = min(self._added, self._rows)
        arrays = {name: array[:filled] for name, array in self._arrays.items()}
        return {**arrays, "added": np.array(self._added)}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes what `state` returned.

        Raises:
            ValueError: It is the state of a replay of another size.
        """
        for name, array in self._arrays.items():
            array[: len(state[name])] = state[name]
        self._added = int(state["added"])

    def _starts(self, count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Draws rows whose window is complete, and environments that were not idle then."""
        oldest = max(self._added - self._rows, 0)
        start = random.integers(oldest, oldest + self.windows, count)
        column = random.integers(0, self._environments, count)
        wrong = np.flatnonzero(self._take("idle", self._place(start, column)))
        while len(wrong):
            start[wrong] = random.integers(oldest, oldest + self.windows, len(wrong))
            column[wrong] = random.integers(0, self._environments, len(wrong))
            wrong = wrong[self._take("idle", self._place(start[wrong], column[wrong]))]
        return start, column

    def _place(self, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        return row % self._rows * self._environments + column

    def _take(self, name: str, place: np.ndarray) -> np.ndarray:
        array = self._arrays[name]
        return np.take(array.reshape(-1, *array.shape[2:]), place, axis=0)
