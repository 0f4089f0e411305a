"""
The moments on the way to the deadline, each of which is passed once.

They are counted on the earlier day where the law can be read either way.  A rehearsal
has none, for nobody waits for its answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from orchestrator.core.cases import Case, CaseStatus
from orchestrator.core.changing import replace
from orchestrator.core.words import INTERIMS, Mark

OPEN = frozenset({CaseStatus.RECEIVED, CaseStatus.RUNNING, CaseStatus.ATTACHED})
ONE_DAY = timedelta(days=1)
ONE_HOUR = timedelta(hours=1)
ONE_SECOND = timedelta(seconds=1)

SHARES = {Mark.HALF: 0.5, Mark.THREE_QUARTERS: 0.75, Mark.NINE_TENTHS: 0.9}
DAYS = {Mark.WEEK: 7, Mark.THREE_DAYS: 3, Mark.DAY: 1}


def alarm_moments(
    received_at: datetime, target_at: datetime, due_at: datetime
) -> tuple[tuple[datetime, Mark], ...]:
    """Return when which alarm goes off, earliest first; `target_at` is never later."""
    return _alarms(received_at, target_at, due_at, target_at.tzinfo, due_at.tzinfo)


@lru_cache(maxsize=1024)
def _alarms(
    received_at: datetime, target_at: datetime, due_at: datetime, *_zones: tzinfo | None
) -> tuple[tuple[datetime, Mark], ...]:
    """
    Return the alarms; remembered, as each step of a case asks for the same ones.

    By their zones, too: a day before a moment depends on where it is told.
    """
    span = target_at - received_at
    received_at = received_at.astimezone(UTC)
    moments = [(received_at + share * span, mark) for mark, share in SHARES.items()]
    moments += [(target_at - days * ONE_DAY, mark) for mark, days in DAYS.items()]
    moments.append((due_at + ONE_SECOND, Mark.OVERDUE))
    return tuple(sorted(moments))


def target_of(case: Case) -> datetime:
    """Return the date on which alarms are set: never after the deadline."""
    return case.deadline.target_at if case.deadline else case.due_at


def alarm_ahead(
    received_at: datetime,
    target_at: datetime,
    due_at: datetime,
    over: Collection[Mark],
) -> datetime | None:
    """Return when the next alarm goes off, if one is left."""
    moments = alarm_moments(received_at, target_at, due_at)
    return next((moment for moment, mark in moments if mark not in over), None)


def next_alarm_at(case: Case) -> datetime | None:
    """Return when the next alarm of *case* goes off; an interim statement is none."""
    alarms = (moment for moment, mark in _ahead(case) if mark not in INTERIMS)
    return min(alarms, default=None)


def next_mark(case: Case) -> tuple[datetime, Mark] | None:
    """Return the earliest moment that an open case has not passed."""
    return min(_ahead(case), default=None)


def passed(case: Case, at: datetime) -> Case:
    """Return *case* past every moment up to *at*; two ask for an interim statement."""
    over = [mark for moment, mark in sorted(_ahead(case)) if moment <= at]
    tells = bool(INTERIMS & {*over})
    return replace(
        case,
        passed=(*case.passed, *over),
        wants_interim=case.wants_interim or tells,
    )


def latest_alarm(before: Case, after: Case) -> Mark | None:
    """Return the alarm that went off in this step; the most urgent of several."""
    if after.passed == before.passed:
        return None
    news = set(after.passed) - set(before.passed) - INTERIMS
    moments = alarm_moments(after.received_at, target_of(after), after.due_at)
    return next((mark for _, mark in reversed(moments) if mark in news), None)


def _ahead(case: Case) -> Iterator[tuple[datetime, Mark]]:
    """Yield the moments that the case has still to pass."""
    if case.rehearsal or case.status not in OPEN:
        return
    target = target_of(case)
    moments = [*alarm_moments(case.received_at, target, case.due_at)]
    if case.status is CaseStatus.RUNNING:
        # Of a request that reached us late, something is known an hour later.
        earliest = case.opened_at + ONE_HOUR
        first = max(target - case.plan.interim_before, earliest)
        last = max(target - ONE_DAY, earliest)
        moments += [(first, Mark.INTERIM), (last, Mark.LAST_INTERIM)]
    yield from ((moment, mark) for moment, mark in moments if mark not in case.passed)
