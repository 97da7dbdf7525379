"""What is known of texts once they are scored."""

from typing import NamedTuple

import numpy as np


class Scores(NamedTuple):
    """What a model says of some texts."""

    topics: list[str]
    sentiments: list[str]
    negative: np.ndarray
    """float `(texts,)`, the probability of the negative class."""
    details: list[dict[str, dict[str, float]]]
    """The most probable classes of both heads."""
