"""What an alarm has to be; the command line comes from here."""

import dataclasses
import math

from dlkit.errors import InputError


@dataclasses.dataclass(frozen=True)
class SurgeSettings:
    """When negative texts on a topic are a surge. All times are in days."""

    alarms_per_topic_year: float = 1.0
    """False alarms that are accepted on each topic in a year without any surge. All limits on
    p-values and the limit of the slow rise follow from it."""

    minimum_volume: int = 5
    """Negative texts that an alarm needs, however unlikely fewer would be."""

    history: float = 28.0
    """Days that a topic has to be known before it can alarm: four of each day of the week."""

    half_life: float = 28.0
    """Age in days at which a text counts half for the level of its topic."""

    rise: float = 1.5
    """Level over the expected one that the search for slow rises is the quickest to find."""

    cool_down: float = 2.0
    """Days after the end of an episode in which the topic starts no other."""

    def __post_init__(self) -> None:
        for name in ("alarms_per_topic_year", "history", "half_life"):
            value = getattr(self, name)
            _check(name, 0 < value < math.inf, "must be above 0 and finite", value)
        _check(
            "minimum_volume", self.minimum_volume >= 1, "must be at least 1", self.minimum_volume
        )
        _check("rise", 1 < self.rise < math.inf, "must be above 1 and finite", self.rise)
        right = 0 <= self.cool_down < math.inf
        _check("cool_down", right, "must be 0 or more and finite", self.cool_down)


def _check(name: str, right: bool, rule: str, received: object) -> None:
    if not right:
        raise InputError(f"`--{name.replace('_', '-')}` {rule}. Received: {received}.")
