"""Keeps branches of a network from leaning on each other."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlkit")
class BranchDropout(keras.layers.Layer):
    """Joins the features of branches, of which training shows some rows only one.

    A branch that learns fast leaves little for the others to learn. Rows that see one branch
    alone, times the number of branches so that the sum of what they say keeps its size, make
    each of them answer by itself (Neverova et al., "ModDrop: adaptive multi-modal gesture
    recognition", 2016).

    Args:
        rate: Share of the rows that see one branch alone.
        seed: Seeds the choice.

    Raises:
        ValueError: `rate` is not from 0 to 1.

    Example:
    ```python
    branches = [keras.Input((8,)), keras.Input((4,))]
    features = BranchDropout(0.5)(branches)  # (batch, 12)
    ```
    """

    def __init__(self, rate: float, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= rate <= 1:
            raise ValueError(f"`rate` must be from 0 to 1. Received: {rate}.")
        self.rate = rate
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, branches: Sequence[Any], training: bool = False) -> Any:
        """From several `(batch, n)` to one `(batch, sum of n)`."""
        if training and self.rate > 0:
            rows = (ops.shape(branches[0])[0], 1)
            alone = keras.random.uniform(rows, seed=self.seed_generator) < self.rate
            chosen = keras.random.randint(rows, 0, len(branches), seed=self.seed_generator)
            branches = [
                branch * ops.cast(_scale(alone, chosen == i, len(branches)), branch.dtype)
                for i, branch in enumerate(branches)
            ]
        return ops.concatenate(branches, axis=-1)

    def compute_output_shape(self, branches_shape: Sequence[tuple]) -> tuple:
        """Returns `(batch, sum of n)`."""
        return (branches_shape[0][0], sum(shape[-1] for shape in branches_shape))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


def _scale(alone: Any, chosen: Any, branches: int) -> Any:
    """Returns what a branch is multiplied by, `(batch, 1)`: 0, 1 or the number of branches."""
    return ops.where(alone, ops.where(chosen, float(branches), 0.0), 1.0)
