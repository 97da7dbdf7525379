"""Where a window falls in the week and in the day."""

from datetime import datetime, timedelta

DAY = timedelta(days=1)
WEEKDAYS = (1, 7)
"""Groups and cells of the days of a week."""
HOURS = (2, 24)
"""Groups and cells of the hours from Monday to Friday, and at weekends."""


def weekday(start: datetime, window: timedelta) -> tuple[int, int]:
    """Returns group and cell; windows longer than a day all share one."""
    return 0, start.weekday() if window <= DAY else 0


def hour(start: datetime, window: timedelta) -> tuple[int, int]:
    """Returns group and cell; windows of a day or longer have but one in each group."""
    return int(start.weekday() >= 5), start.hour if window < DAY else 0
