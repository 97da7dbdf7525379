"""Where a window falls in the day and in the week."""

from datetime import datetime, timedelta

DAY = timedelta(days=1)
WEEKDAYS = 7
HOURS = 48
"""Hours of the days from Monday to Friday, then of the weekend."""


def weekday_cell(start: datetime, window: timedelta) -> int:
    """Returns the day of the week; windows longer than a day all share one."""
    return start.weekday() if window <= DAY else 0


def hour_cell(start: datetime, window: timedelta) -> int:
    """Returns the hour, at weekends another; windows of a day or longer all share one."""
    return start.hour + 24 * (start.weekday() >= 5) if window < DAY else 0
