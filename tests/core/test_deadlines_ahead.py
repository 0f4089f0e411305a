"""Every day of 2027 to 2030, in every country of the vectors, against the holidays."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays
import pytest

from orchestrator.adapters.calendars import calendar_of
from orchestrator.core.deadlines import Deadline, deadline
from tests.core.test_deadlines import ZONES

DAY = timedelta(days=1)
FIRST, LAST = date(2027, 1, 1), date(2030, 12, 31)
COUNTRIES = sorted(ZONES)


def days_of_receipt() -> Iterator[date]:
    """Yield every day of the four years."""
    day = FIRST
    while day <= LAST:
        yield day
        day += DAY


def counted(day: date, place: str, country: str, zone: str) -> Deadline:
    """Return the deadline of a request that came at noon of a local day."""
    noon = datetime.combine(day, time(12), tzinfo=ZoneInfo(zone))
    return deadline(noon, place, zone, calendar_of(country, day.year))


def local(at: datetime | None, zone: str) -> date:
    """Return the local day of an instant, which is its last second."""
    assert at is not None
    there = at.astimezone(ZoneInfo(zone))
    assert there.time() == time(23, 59, 59)
    return there.date()


def raw(day: date, months: int) -> date:
    """Count months by hand: the same day, or the month's last (1182/71 Art 3(2)(c))."""
    year, month = day.year, day.month + months
    if month > 12:
        year, month = year + 1, month - 12
    return date(year, month, min(day.day, monthrange(year, month)[1]))


@cache
def rests(country: str) -> frozenset[date]:
    """Return the holidays of a country, as the library itself has them."""
    return frozenset(holidays.country_holidays(country, years=range(2027, 2032)))


def is_rest(day: date, country: str) -> bool:
    """Tell whether nobody works on *day*."""
    return day.weekday() >= 5 or day in rests(country)


def next_work(day: date, country: str) -> date:
    """Return *day*, or the first working day after it."""
    while is_rest(day, country):
        day += DAY
    return day


@pytest.mark.parametrize("country", COUNTRIES)
def test_no_deadline_falls_on_a_rest_day_or_before_its_month_is_over(
    country: str,
) -> None:
    """A month, moved forward only, and no farther than to the next working day."""
    zone = ZONES[country]
    for day in days_of_receipt():
        due = local(counted(day, country, country, zone).due_at, zone)

        assert not is_rest(due, country), day
        assert due >= raw(day, 1), day
        assert due == next_work(raw(day, 1), country), day


@pytest.mark.parametrize("country", COUNTRIES)
def test_no_extension_is_chained_to_the_first_deadline(country: str) -> None:
    """Three months from the receipt, whatever day the first month ended on."""
    zone = ZONES[country]
    for day in days_of_receipt():
        found = counted(day, country, country, zone)
        extended = local(found.extended_at, zone)

        assert extended == next_work(raw(day, 3), country), day
        assert not is_rest(extended, country), day
        aim = local(found.extended_target_at, zone)
        assert aim <= min(raw(day, 3), raw(raw(day, 1), 2)), day


def test_some_day_tells_a_chained_extension_from_one_that_is_counted() -> None:
    """So that the test above can fail: two months after a moved day are another day."""
    chained = [
        day
        for day in days_of_receipt()
        if raw(next_work(raw(day, 1), "DE"), 2) > next_work(raw(day, 3), "DE")
    ]

    assert len(chained) > 100


def test_california_confirms_on_its_tenth_business_day() -> None:
    """Ten federal working days after the receipt; 45 and 90 days with it."""
    zone = "America/Los_Angeles"
    for day in days_of_receipt():
        found = counted(day, "US-CA", "US", zone)
        confirm = local(found.confirm_at, zone)
        span = [day + n * DAY for n in range(1, (confirm - day).days + 1)]

        assert not is_rest(confirm, "US"), day
        assert sum(not is_rest(one, "US") for one in span) == 10, day
        assert (local(found.due_at, zone) - day).days + 1 == 45, day
        assert (local(found.extended_at, zone) - day).days + 1 == 90, day


def test_brazil_is_due_on_the_fifteenth_day_after_the_receipt() -> None:
    """Calendar days (Art 19 II), never more, and nothing to extend or to confirm."""
    zone = "America/Sao_Paulo"
    for day in days_of_receipt():
        found = counted(day, "BR", "BR", zone)

        assert local(found.due_at, zone) == day + 15 * DAY
        assert (found.extended_at, found.confirm_at) == (None, None)


def test_china_is_due_on_its_fifteenth_working_day() -> None:
    """Never on a rest day, and fifteen worked days after the receipt."""
    zone = "Asia/Shanghai"
    for day in days_of_receipt():
        calendar = calendar_of("CN", day.year)
        due = local(counted(day, "CN", "CN", zone).due_at, zone)
        span = [day + n * DAY for n in range(1, (due - day).days + 1)]

        assert calendar.is_working(due), day
        assert sum(map(calendar.is_working, span)) == 15, day
