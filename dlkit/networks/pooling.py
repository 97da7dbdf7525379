"""What the bodies over sequences share: where padding begins, and pooling that never sees it."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

POOLINGS = ("max", "mean", "max_mean")
"""The ways to pool steps that `pool_steps` knows."""


@keras.saving.register_keras_serializable("dlkit")
class StepMask(keras.layers.Layer):
    """Tells the steps of a sequence from the zero vectors that pad its end.

    A zero vector before the last step that is not zero is data. The first step always counts, so
    a sequence of padding alone is one zero vector. Every mask is therefore some True and then
    only False, the one kind that the fused recurrent kernels of GPUs accept.

    A Keras mask that comes with the input is respected: the steps that it hides become zeros.

    Example:
    ```python
    steps, valid = StepMask(name="step_mask")(keras.Input((None, 8)))
    ```
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> tuple[Any, Any]:
        """Returns steps `(batch, steps, channels)` and which are valid, bool `(batch, steps)`."""
        if mask is not None:
            inputs = ops.where(ops.expand_dims(mask, -1), inputs, ops.zeros_like(inputs))
        positions = ops.arange(1, ops.shape(inputs)[1] + 1)  # (steps,)
        filled = ops.where(ops.any(ops.not_equal(inputs, 0), axis=-1), positions, 0)
        length = ops.maximum(ops.max(filled, axis=1, keepdims=True), 1)  # (batch, 1)
        return inputs, ops.less_equal(positions, length)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> tuple[None, None]:
        """Returns no Keras masks: layers after this one take the second output as `mask`."""
        return None, None


@keras.saving.register_keras_serializable("dlkit")
class MaskedMaxPooling1D(keras.layers.Layer):
    """The maximum of each channel over valid steps, zeros where there are none.

    Example:
    ```python
    pooled = MaskedMaxPooling1D(name="max")(keras.Input((None, 8)))  # (batch, 8)
    ```
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Returns `(batch, channels)` from `(batch, steps, channels)`, mask `(batch, steps)`."""
        if mask is None:
            return ops.max(inputs, axis=1)
        valid = ops.expand_dims(ops.cast(mask, "bool"), -1)
        pooled = ops.max(ops.where(valid, inputs, float("-inf")), axis=1)
        return ops.where(ops.any(valid, axis=1), pooled, ops.zeros_like(pooled))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """Returns no mask: the steps are gone."""
        return


@keras.saving.register_keras_serializable("dlkit")
class MaskedMeanPooling1D(keras.layers.Layer):
    """The mean of each channel over valid steps, zeros where there are none.

    Example:
    ```python
    pooled = MaskedMeanPooling1D(name="mean")(keras.Input((None, 8)))  # (batch, 8)
    ```
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Returns `(batch, channels)` from `(batch, steps, channels)`, mask `(batch, steps)`."""
        if mask is None:
            return ops.mean(inputs, axis=1)
        valid = ops.expand_dims(ops.cast(mask, "bool"), -1)
        total = ops.sum(ops.where(valid, inputs, ops.zeros_like(inputs)), axis=1)
        return total / ops.maximum(ops.sum(ops.cast(valid, total.dtype), axis=1), 1)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """Returns no mask: the steps are gone."""
        return


def pool_steps(steps: Any, valid: Any, *, pooling: str, name: str) -> Any:
    """Pools valid steps.

    Args:
        steps: `(batch, steps, channels)`.
        valid: bool `(batch, steps)`.
        pooling: One of `POOLINGS`.
        name: Begins the names of the layers.

    Returns:
        `(batch, channels)`, or `(batch, 2 * channels)` for "max_mean".
    """
    pooled = []
    if "max" in pooling:
        pooled.append(MaskedMaxPooling1D(name=f"{name}_max")(steps, mask=valid))
    if "mean" in pooling:
        pooled.append(MaskedMeanPooling1D(name=f"{name}_mean")(steps, mask=valid))
    return concatenate(pooled, name=f"{name}_max_mean")


def concatenate(tensors: Sequence[Any], *, name: str) -> Any:
    """Joins one or more tensors along the last axis."""
    return keras.layers.Concatenate(name=name)(tensors) if len(tensors) > 1 else tensors[0]
