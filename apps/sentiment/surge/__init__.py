"""Surges of negative texts: found against a level that knows the calendar, within a budget."""

from typing import TYPE_CHECKING, Any

from apps.sentiment.surge.events import Surge, WindowCounts
from apps.sentiment.surge.settings import SurgeSettings

if TYPE_CHECKING:
    from apps.sentiment.surge.detector import SurgeDetector

__all__ = ["Surge", "SurgeDetector", "SurgeSettings", "WindowCounts"]


def __getattr__(name: str) -> Any:
    """Imports the detector, and what is heavy with it, only for who asks for it."""
    if name == "SurgeDetector":
        from apps.sentiment.surge.detector import SurgeDetector

        return SurgeDetector
    raise AttributeError(name)
