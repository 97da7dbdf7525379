"""A learning rate that rises once and falls once."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlkit")
class OneCycle(keras.optimizers.schedules.LearningRateSchedule):
    """Rises along a line to its peak, then falls along a line.

    Smith and Topin, "Super-convergence: very fast training of neural networks using large learning
    rates", 2018.

    Args:
        peak: The highest rate.
        steps: Of the whole training.
        rise: Share of the steps until the peak.
        start: Rate at the start, as a share of the peak.
        end: Rate at the end, as a share of the peak.
    """

    def __init__(
        self,
        *,
        peak: float,
        steps: int,
        rise: float = 0.23,
        start: float = 0.2,
        end: float = 0.02,
    ) -> None:
        self.peak, self.steps, self.rise, self.start, self.end = peak, steps, rise, start, end

    def __call__(self, step: Any) -> Any:
        """Returns the rate of a step, counted from 0."""
        done = ops.minimum(ops.cast(step, "float32") / max(1, self.steps), 1.0)
        up = self.start + (1 - self.start) * done / self.rise
        down = self.end + (1 - self.end) * (1 - done) / (1 - self.rise)
        return self.peak * ops.minimum(up, down)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal schedule."""
        names = ("peak", "steps", "rise", "start", "end")
        return {name: getattr(self, name) for name in names}
