"""What goes into the detector, and what comes out."""

import dataclasses
from datetime import datetime, timedelta
from typing import Literal, NamedTuple


class WindowCounts(NamedTuple):
    """Texts on a topic in one window."""

    negative: int
    total: int


@dataclasses.dataclass(frozen=True)
class Surge:
    """Something that happened to an episode of unusually many negative texts.

    Args:
        topic: The topic.
        kind: What happened. An episode starts, peaks and ends once, in this order.
        window_start: Start of the newest window that is counted.
        observed: Negative texts within the span that stands out the most.
        expected: How many were expected there.
        p_value: How probable at least so many are where nothing has happened. For a slow rise one
            over the days that pass between two false alarms of this strength.
        negative_share: Share of the texts of the span that are negative.
        method: A surge within days, or a slow rise.
        episode: Names the episode; unique among all topics.
        span: The time that is counted, up to the end of the newest window.
    """

    topic: str
    kind: Literal["start", "peak", "end"]
    window_start: datetime
    observed: int
    expected: float
    p_value: float
    negative_share: float
    method: Literal["surge", "rise"]
    episode: str
    span: timedelta
