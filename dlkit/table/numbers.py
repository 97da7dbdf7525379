"""Numbers of any scale, with gaps, as what a network learns well from."""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

_NORMAL_QUARTILES = 1.349
"""Distance of the quartiles of a normal distribution, in standard deviations."""
_SOFT_LIMIT = 4.0


@keras.saving.register_keras_serializable("dlkit")
class Numbers(keras.layers.Layer):
    """Scales numbers, cuts them into piecewise-linear parts, and marks those that are missing.

    A number is measured from the median in units of the quartiles' distance, and outliers are
    drawn in smoothly (as in Holzmueller, Grinsztajn and Steinwart, "Better by default", 2024).
    Beside that it is a bar chart: how much of each bin between quantiles lies below it, from 0
    to 1, so that linear layers learn curves (the piecewise-linear encoding of Gorishniy, Rubachev
    and Babenko, "On embeddings for numerical features in tabular deep learning", 2022). A missing
    number (nan) counts as the median; where training rows had gaps, a column of its own says so.

    Args:
        bins: Most bins a number.
        known: The sizes that will be loaded: numbers, bins of all of them, numbers with gaps.
    """

    def __init__(self, *, bins: int = 8, known: Sequence[int] = (0, 0, 0), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bins = bins
        numbers, parts, gaps = known
        self._set_learned(
            np.zeros((2, numbers), np.float32),
            np.zeros((3, parts), np.float32),
            np.zeros(gaps, np.int32),
        )
        self.built = True

    def _set_learned(self, scales: np.ndarray, parts: np.ndarray, gaps: np.ndarray) -> None:
        self.scales, self.parts, self.gaps = scales, parts, gaps

    @property
    def linear_count(self) -> int:
        """Columns of `linear`."""
        return self.scales.shape[1] + len(self.gaps)

    @property
    def bin_count(self) -> int:
        """Columns of `bins`."""
        return self.parts.shape[1]

    def adapt(self, values: np.ndarray) -> None:
        """Learns scales, bins and where gaps are from float `(rows, numbers)` with nan."""
        columns = [column[np.isfinite(column)].astype(np.float64) for column in values.T]
        scales = np.array([_center_and_scale(column) for column in columns], np.float32)
        parts = [
            (number, start, stop)
            for number, column in enumerate(columns)
            for start, stop in _bins(column, self.bins)
        ]
        gaps = np.flatnonzero(np.isnan(values).any(axis=0)).astype(np.int32)
        self._set_learned(
            scales.reshape(-1, 2).T, np.array(parts, np.float32).reshape(-1, 3).T, gaps
        )

    def call(self, values: Sequence[tf.Tensor]) -> dict[str, tf.Tensor]:
        """Reads numbers.

        Args:
            values: float32 `(batch,)` or `(batch, n)`, one after the other; nan where missing.

        Returns:
            `linear` float32 `(batch, numbers + gaps)`, then `bins` float32 `(batch, parts)` in
            the order of the numbers, from -0.5 to 0.5.
        """
        numbers = tf.concat([tf.reshape(x, [tf.shape(x)[0], -1]) for x in values], 1)
        missing = tf.logical_not(tf.math.is_finite(numbers))
        numbers = tf.where(missing, self.scales[0], numbers)
        scaled = (numbers - self.scales[0]) / self.scales[1]
        scaled /= tf.sqrt(1 + tf.square(scaled / _SOFT_LIMIT))
        marks = tf.cast(tf.gather(missing, self.gaps, axis=1), tf.float32)
        number, start, stop = self.parts
        filled = tf.gather(numbers, number.astype(np.int32), axis=1)
        filled = tf.clip_by_value((filled - start) / (stop - start), 0.0, 1.0) - 0.5
        return {
            "linear": tf.ensure_shape(tf.concat([scaled, marks], 1), (None, self.linear_count)),
            "bins": tf.ensure_shape(filled, (None, self.bin_count)),
        }

    def compute_output_spec(self, values: Sequence[Any]) -> dict[str, keras.KerasTensor]:
        """Returns the symbolic outputs."""
        batch = values[0].shape[0]
        return {
            "linear": keras.KerasTensor((batch, self.linear_count), "float32"),
            "bins": keras.KerasTensor((batch, self.bin_count), "float32"),
        }

    def get_config(self) -> dict[str, Any]:
        """Returns the settings; what was learned is saved with the weights."""
        known = (self.scales.shape[1], self.bin_count, len(self.gaps))
        return {**super().get_config(), "bins": self.bins, "known": known}

    def save_own_variables(self, store: Any) -> None:
        """Saves what `adapt` learned."""
        store["scales"], store["parts"], store["gaps"] = self.scales, self.parts, self.gaps

    def load_own_variables(self, store: Any) -> None:
        """Loads what `adapt` learned."""
        self._set_learned(*(np.array(store[name]) for name in ("scales", "parts", "gaps")))


def _center_and_scale(column: np.ndarray) -> tuple[float, float]:
    """Returns median and spread; that of all where more than half are equal."""
    if not len(column):
        return 0.0, 1.0
    low, center, high = np.quantile(column, [0.25, 0.5, 0.75])
    spread = (high - low) / _NORMAL_QUARTILES or column.std()
    return float(center), float(np.float32(spread)) or 1.0


def _bins(column: np.ndarray, most: int) -> list[tuple[float, float]]:
    """Returns borders between quantiles; none where there are but two values, a line already."""
    if len(np.unique(column)) <= 2:
        return []
    edges = np.unique(np.quantile(column, np.linspace(0, 1, most + 1)).astype(np.float32))
    return list(itertools.pairwise(edges)) if len(edges) > 2 else []
