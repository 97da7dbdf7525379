"""Which steps of a padded set or sequence hold something."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlkit")
class FilledSteps(keras.layers.Layer):
    """Tells steps from the zero vectors that pad them, wherever these are."""

    def call(self, steps: Any) -> Any:
        """Returns bool `(batch, steps)` from float `(batch, steps, channels)`."""
        return ops.any(ops.not_equal(steps, 0), axis=-1)

    def compute_output_spec(self, steps: Any) -> keras.KerasTensor:
        """Returns bool `(batch, steps)`."""
        return keras.KerasTensor(steps.shape[:2], dtype="bool")
