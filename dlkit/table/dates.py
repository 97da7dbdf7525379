"""Dates as numbers: how long ago, and where in the year, the week and the day."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from dlkit.data.column_kinds import DATE

_MINUTES_OF_DAY = 24 * 60
_CYCLES = (365.2425, 7.0, 1.0)
"""Days of a year, a week and a day."""
PARTS = 1 + 2 * len(_CYCLES)
"""Numbers that a date becomes."""


@keras.saving.register_keras_serializable("dlkit")
class Dates(keras.layers.Layer):
    """Turns ISO 8601 dates into numbers; one that is no date is missing."""

    def call(self, values: Sequence[tf.Tensor]) -> tf.Tensor:
        """Reads dates.

        Args:
            values: string `(batch,)`, one after the other, such as "2024-05-01T08:00:00".

        Returns:
            float32 `(batch, columns * PARTS)`: of each date the days since 2000-01-01, and the
            sine and cosine of the place in the year, the week and the day; nan where missing.
        """
        with tf.device("CPU:0"):  # where strings are
            text = tf.strings.strip(tf.stack(list(values), 1))
            days = _days(text)
        angles = [2 * math.pi * days / cycle for cycle in _CYCLES]
        waves = [wave(angle) for angle in angles for wave in (tf.sin, tf.cos)]
        parts = tf.cast(tf.stack([days, *waves], -1), tf.float32)  # (batch, columns, PARTS)
        return tf.reshape(parts, [-1, len(values) * PARTS])

    def compute_output_spec(self, values: Sequence[Any]) -> keras.KerasTensor:
        """Returns the symbolic output."""
        return keras.KerasTensor((values[0].shape[0], len(values) * PARTS), "float32")


def _days(text: tf.Tensor) -> tf.Tensor:
    """Returns float64 days since 2000-01-01, a Saturday, of the same shape."""
    right = tf.strings.regex_full_match(text, DATE)
    text = tf.where(right, text, "2000-01-01")

    def part(group: int) -> tf.Tensor:
        digits = tf.strings.regex_replace(text, f"^{DATE}$", rf"0\{group}")
        return tf.strings.to_number(digits, tf.int64)

    year, month, day = part(1), part(2), part(3)
    # Years begin in March, so that the day that comes and goes is the last of the year.
    year -= tf.cast(month <= 2, tf.int64)
    days = 365 * year + year // 4 - year // 100 + year // 400
    days += (153 * ((month + 9) % 12) + 2) // 5 + day - 730_426
    whole = tf.cast(days, tf.float64)
    time = tf.cast(part(4) * 60 + part(5), tf.float64) / _MINUTES_OF_DAY
    nothing = tf.constant(math.nan, tf.float64)
    return tf.where(right & (month >= 1) & (month <= 12), whole + time, nothing)
