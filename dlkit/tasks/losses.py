"""Cross-entropy over sparse labels that knows smoothing and rows of no class."""

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlkit")
class ScopedCrossentropy(keras.losses.Loss):
    """Softmax cross-entropy; the label -1 means "none of the classes".

    The target of such a row is the uniform distribution, so that the network learns to be unsure
    of it (outlier exposure: Hendrycks et al., "Deep anomaly detection with outlier exposure",
    2019). Label smoothing after Szegedy et al., "Rethinking the Inception architecture", 2016.

    Args:
        label_smoothing: Share of the target that is spread over all classes, 0 to 1.
    """

    def __init__(
        self, *, label_smoothing: float = 0.0, name: str = "crossentropy", **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.label_smoothing = label_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Returns `(batch,)` losses of int `(batch,)` labels and `(batch, classes)` logits."""
        classes = y_pred.shape[-1]
        labels = ops.reshape(y_true, (-1,))
        target = ops.one_hot(labels, classes, dtype=y_pred.dtype)  # all zeros for -1
        spread = ops.where(labels < 0, 1.0, self.label_smoothing)[:, None]
        target = target * (1 - spread) + ops.cast(spread, y_pred.dtype) / classes
        return ops.categorical_crossentropy(target, y_pred, from_logits=True)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal loss."""
        return {**super().get_config(), "label_smoothing": self.label_smoothing}


@keras.saving.register_keras_serializable("dlkit")
class ScopedAccuracy(keras.metrics.MeanMetricWrapper):
    """Share of right labels among the rows that have a class."""

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(_right, name=name, dtype=dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Leaves out rows whose label is -1 or whose weight is 0; all others count once."""
        labels = ops.reshape(y_true, (-1,))
        counts = labels >= 0
        if sample_weight is not None:
            counts = ops.logical_and(counts, ops.reshape(sample_weight, (-1,)) > 0)
        super().update_state(labels, y_pred, ops.cast(counts, self.dtype))

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal metric."""
        return {"name": self.name, "dtype": self.dtype}


def _right(y_true: Any, y_pred: Any) -> Any:
    return ops.cast(ops.equal(ops.cast(y_true, "int64"), ops.argmax(y_pred, -1)), "float32")
