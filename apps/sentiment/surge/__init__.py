"""Surges of negative texts: found against a level that knows the calendar, within a budget."""

from apps.sentiment.surge.detector import SurgeDetector
from apps.sentiment.surge.events import Surge, WindowCounts
from apps.sentiment.surge.settings import SurgeSettings

__all__ = ["Surge", "SurgeDetector", "SurgeSettings", "WindowCounts"]
