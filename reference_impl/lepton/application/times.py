"""Times of a series: a start and a step of one unit.

Serves the chapter `application` (forecasting).
"""

import calendar
import datetime

__all__ = ["time_after"]

_SECONDS = {"S": 1, "M": 60, "H": 3600}
_DAYS = {"D": 1, "W": 7}
_MONTHS = {"M": 1, "Y": 12}
MAX_YEAR = 9999


def time_after(start: str, step: str, times: int) -> str | None:
    """Return `start` plus `times` times `step`; None after the year 9999.

    A month later is the same day of that month, or its last day.
    """
    begin = datetime.datetime.fromisoformat(start[:-1])
    count, unit = int(step.lstrip("PT")[:-1]) * times, step[-1]
    try:
        if step.startswith("PT"):
            moved = begin + datetime.timedelta(seconds=count * _SECONDS[unit])
        elif unit in _DAYS:
            moved = begin + datetime.timedelta(days=count * _DAYS[unit])
        else:
            months = begin.month - 1 + count * _MONTHS[unit]
            year, month = begin.year + months // 12, months % 12 + 1
            if year > MAX_YEAR:
                return None
            day = min(begin.day, calendar.monthrange(year, month)[1])
            moved = begin.replace(year=year, month=month, day=day)
    except OverflowError:
        return None
    return moved.isoformat(timespec="seconds") + "Z"
