"""The exact GELU, by the error function."""

import math
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable("dlkit")
def exact_gelu(x: Any) -> Any:
    """Weighs each value by the probability that a standard normal one is below it.

    Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", 2016. Keras computes the same by
    the complement of the error function, which takes TensorFlow three times as long on a CPU.

    Args:
        x: float, any shape.

    Returns:
        float, the shape of `x`.

    Example:
    ```python
    keras.layers.Dense(1536, activation=exact_gelu)
    ```
    """
    return 0.5 * x * (1.0 + ops.erf(x * math.sqrt(0.5)))
