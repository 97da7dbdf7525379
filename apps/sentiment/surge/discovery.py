"""Which topics to believe where many are looked at."""

import numpy as np


def score_limit(scores: np.ndarray) -> int:
    """Controls the false discovery rate over topics (Benjamini and Hochberg 1995).

    One topic of `n` alarms at a score of 1; where several stand out together, the r-th needs only
    a score of r. With nothing going on, that is a rate of false alarms of `n` times what one
    topic is allowed, and so the budget.

    Args:
        scores: p-values as multiples of what a topic alone is allowed, `(topics,)`.

    Returns:
        The highest score to believe; 0 for none.
    """
    within = np.sort(scores) <= np.arange(1, len(scores) + 1)
    return int(np.flatnonzero(within)[-1]) + 1 if within.any() else 0
