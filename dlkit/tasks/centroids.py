"""How near a row is to the middle of a class, in the space of the features."""

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("dlkit")
class CentroidSimilarity(keras.layers.Layer):
    """The cosine of the angle between features and the nearest of several centroids.

    Args:
        count: How many centroids there are; their values are weights, see `class_centroids`.
    """

    def __init__(self, count: int, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})  # under mixed precision too
        self.count = count

    def build(self, features_shape: tuple) -> None:
        """Makes the centroids."""
        shape = (self.count, features_shape[-1])
        self.centroids = self.add_weight(
            shape=shape, initializer="zeros", trainable=False, name="centroids"
        )

    def call(self, features: Any) -> Any:
        """Returns float32 `(batch,)`, from -1 to 1, of features `(batch, feature_dim)`."""
        direction = ops.normalize(features, axis=-1)
        return ops.max(ops.matmul(direction, ops.transpose(self.centroids)), axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "count": self.count}


def class_centroids(features: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Returns the mean direction of the rows of each class.

    Args:
        features: float `(n, feature_dim)`.
        labels: int `(n,)`; rows with -1 are left out.
        classes: How many there are.

    Returns:
        float32 `(classes, feature_dim)` of length 1; zeros for a class without rows.
    """
    sums = np.zeros((classes, features.shape[1]))
    np.add.at(sums, labels[labels >= 0], _unit(features[labels >= 0].astype(np.float64)))
    return _unit(sums).astype(np.float32)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
