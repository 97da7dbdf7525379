"""What every sink is."""

import abc
from typing import Any


class SinkError(Exception):
    """An alert that was not taken.

    Args:
        message: Why.
        lasting: Whether it would not be taken later either.
    """

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting


class Sink(abc.ABC):
    """Takes alerts, each at least once and in order; their ids tell repetitions."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abc.abstractmethod
    def send(self, alert: dict[str, Any]) -> None:
        """Hands over one alert.

        Raises:
            SinkError: It was not taken.
        """
