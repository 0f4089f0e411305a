"""
When a case is due, by calendar.

`month-1`: the same local day next month, else that month's last day, to the end of
that day in the controller's zone (Art 12(3) GDPR; Regulation 1182/71 Art 3(2)(c)).
Weekends and holidays do not move it yet, which is always the earlier, safe side.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DUE_RULE = "month-1"  # Never change: stored with each case; a new rule gets a new name.


def due_at(received_at: datetime, time_zone: str) -> datetime:
    """Return the last second of the due day, in UTC."""
    zone = ZoneInfo(time_zone)
    due_day = same_day_next_month(received_at.astimezone(zone).date())
    midnight = datetime.combine(due_day + timedelta(days=1), time(0), tzinfo=zone)
    return midnight.astimezone(UTC) - timedelta(seconds=1)


def same_day_next_month(day: date) -> date:
    """Return the corresponding day of the next month, or that month's last day."""
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)  # noqa: PLR2004 (December)
    return date(year, month, min(day.day, monthrange(year, month)[1]))
