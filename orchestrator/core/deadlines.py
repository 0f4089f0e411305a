"""
When a case is due, by calendar: which law counts how, in exact local days.

The clock starts with the receipt by the controller, on the local date there, through
whatever channel; never with the verification or with the event.  Every period ends
with the last second of a local day.  This is arithmetic, not legal advice: docs/law.md
names what it leaves to the controller.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from orchestrator.core.laws import Law, law_of

ONE_DAY = timedelta(days=1)
SATURDAY = 5
DECEMBER = 12


@dataclass(frozen=True, slots=True)
class Calendar:
    """
    The public holidays of one country around a date, as data.

    `version` names the source and its release.  `working_weekends` are the Saturdays
    and Sundays on which the country works instead (China).  Days that are holidays in
    a part of the country only count as working days: that is never too late.
    `works_always` is of nowhere: each day counts, which is the soonest of all.
    """

    version: str
    holidays: frozenset[date] = frozenset()
    working_weekends: frozenset[date] = frozenset()
    works_always: bool = False

    def is_working(self, day: date) -> bool:
        """Tell whether *day* is neither a public holiday, a Saturday nor a Sunday."""
        if self.works_always or day in self.working_weekends:
            return True
        return day not in self.holidays and day.weekday() < SATURDAY

    def working_from(self, day: date) -> date:
        """Return *day*, or the first working day after it."""
        while not self.is_working(day):
            day += ONE_DAY
        return day

    def working_days_after(self, day: date, count: int) -> date:
        """Return the *count*-th working day after *day*, which is not counted."""
        while count:
            day += ONE_DAY
            count -= self.is_working(day)
        return day


WITHOUT_HOLIDAYS = Calendar("none")
# China works on some Saturdays and Sundays, announced year by year.
WITHOUT_REST = Calendar("none", works_always=True)

# Where a day ends last, and where it begins first.
WEST, EAST = ZoneInfo("Etc/GMT+12"), ZoneInfo("Etc/GMT-14")


@dataclass(frozen=True, slots=True)
class Period:
    """
    What one law demands: the day an answer is due, and what follows from it.

    `extended` is the latest day if the notice of extension leaves before `answer`;
    `confirm` is the day by which the receipt of the request is confirmed; `target` is
    the earlier day on which alarms are set where the law can be read either way, and
    `extended_target` the same for the later deadline.
    """

    answer: date
    extended: date | None = None
    extended_target: date | None = None
    confirm: date | None = None
    target: date | None = None


@dataclass(frozen=True, slots=True)
class Deadline:
    """The period of one case as instants, with the rule and calendar behind it."""

    rule: str
    calendar: str
    due_at: datetime
    target_at: datetime
    extended_at: datetime | None = None
    confirm_at: datetime | None = None
    extended_target_at: datetime | None = None


def deadline(
    received_at: datetime, jurisdiction: str, time_zone: str, calendar: Calendar
) -> Deadline:
    """
    Return what the law of *jurisdiction* (ISO 3166) demands of a request.

    A place without a rule of its own is answered by the rule of the Union.
    """
    rule, counted = rule_for(jurisdiction)
    zone = ZoneInfo(time_zone)
    period = counted(received_at.astimezone(zone).date(), calendar)
    aim = period.extended_target or period.extended
    return Deadline(
        rule=rule,
        calendar=calendar.version,
        due_at=end_of(period.answer, zone),
        target_at=end_of(period.target or period.answer, zone),
        extended_at=end_of(period.extended, zone) if period.extended else None,
        confirm_at=end_of(period.confirm, zone) if period.confirm else None,
        extended_target_at=end_of(aim, zone) if aim else None,
    )


def cautious_due(received_at: datetime, jurisdiction: str | None) -> datetime:
    """
    Return a moment by which an answer is due in any zone, whatever the holidays.

    For what may be a request, while nobody knows of whom or to which controller; and if
    nobody knows from where, it is the earliest moment of any law.
    """
    places = [jurisdiction] if jurisdiction else [law.value for law in Law]
    received = received_at.astimezone(WEST).date()
    found = [rule_for(place)[1](received, WITHOUT_REST) for place in places]
    return end_of(min(one.target or one.answer for one in found), EAST)


def calendar_country(jurisdiction: str, controllers: str) -> str:
    """
    Return the country whose holidays count (ISO 3166-1).

    In the Union it is where the action is to be taken, and so the controller's
    (Regulation 1182/71 Art 2(1)); another law counts by the days of its own country.
    """
    law = law_of(jurisdiction)
    return controllers if law is Law.EU else law.value.partition("-")[0]


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """Return the last second of a local day, in UTC."""
    midnight = datetime.combine(day + ONE_DAY, time(0), tzinfo=zone)
    return midnight.astimezone(UTC) - timedelta(seconds=1)


def months_later(day: date, months: int) -> date:
    """Return the same date so many months later, or the last day of that month."""
    whole = day.month - 1 + months
    year, month = day.year + whole // DECEMBER, whole % DECEMBER + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def union(received: date, calendar: Calendar) -> Period:
    """
    Count a month of Art 12(3) GDPR by Regulation (EEC, Euratom) 1182/71.

    The day of receipt is not counted (Art 3(1)); the period ends with the same date, or
    with the month's last day (Art 3(2)(c)); a last day that is a holiday, Saturday or
    Sunday moves to the next working day (Art 3(4)).  An extension is counted from the
    receipt, never from the first deadline; who reads "two further months" as two after
    the first one may end some days earlier, so that alarms are set on these.
    """
    same = months_later(received, 1)
    return Period(
        answer=calendar.working_from(same),
        extended=calendar.working_from(months_later(received, 3)),
        extended_target=min(months_later(same, 2), months_later(received, 3)),
        target=same,
    )


def united_kingdom(received: date, calendar: Calendar) -> Period:
    """
    Count the month of Art 12A UK GDPR (in force since 5 February 2026).

    The period begins *with* the day of receipt, so it can be read to end a day before
    the corresponding date that the ICO names: alarms are set on the earlier.
    """
    same = months_later(received, 1)
    return Period(
        answer=calendar.working_from(same),
        extended=calendar.working_from(months_later(received, 3)),
        extended_target=min(months_later(same, 2), months_later(received, 3)) - ONE_DAY,
        target=same - ONE_DAY,
    )


def california(received: date, calendar: Calendar) -> Period:
    """
    Count 45 calendar days and 10 business days (11 CCR section 7021).

    The 45 start on the day of receipt, which is the first of them; 45 more with a
    notice.  Weekends move nothing.
    """
    return Period(
        answer=received + 44 * ONE_DAY,
        extended=received + 89 * ONE_DAY,
        confirm=calendar.working_days_after(received, 10),
    )


def brazil(received: date, calendar: Calendar) -> Period:  # noqa: ARG001 (calendar days)
    """Count 15 days from the request (Art 19 II LGPD), for erasure as well."""
    return Period(answer=received + 15 * ONE_DAY)


def china(received: date, calendar: Calendar) -> Period:
    """Count 15 working days, worked weekends included (practice under PIPL Art 50)."""
    return Period(answer=calendar.working_days_after(received, 15))


# Never change a name: it is stored with each case.  A change of law is a new name.
RULES: dict[Law, tuple[str, Callable[[date, Calendar], Period]]] = {
    Law.EU: ("eu-1182-71.1", union),
    Law.UNITED_KINGDOM: ("uk-12a.1", united_kingdom),
    Law.CALIFORNIA: ("us-ca-7021.1", california),
    Law.BRAZIL: ("br-lgpd-19.1", brazil),
    Law.CHINA: ("cn-pipl-15.1", china),
}


def rule_for(jurisdiction: str) -> tuple[str, Callable[[date, Calendar], Period]]:
    """Return the name of a place's rule, and how it counts."""
    return RULES[law_of(jurisdiction)]
