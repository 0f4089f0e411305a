"""Figures are written with the step that moves them and outlive the case's records."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

from sqlalchemy import select

from orchestrator.adapters.cases.case_records import SqlCaseRecords
from orchestrator.adapters.cases.statistics import Period, SqlStatistics
from orchestrator.adapters.sql import tables as t
from orchestrator.core.answer.statistics import Answer, figures_of
from orchestrator.core.answer.tallying import OpenLine
from orchestrator.core.cases import Case, CaseStatus
from orchestrator.core.events import TimePassed
from orchestrator.core.settling import settle
from orchestrator.core.words import Rehearsal
from schemas.connecting import Evidence, NothingFound
from tests.contracts.stored import Stored, numbered
from tests.core.builders import DAY, MAIL, T0

ALWAYS = Period(date(2026, 1, 1), date(2026, 12, 31))
AFTER_RECORDS = datetime(2030, 1, 1, tzinfo=UTC)


def _answered(case: Case, *, at: datetime = T0) -> Case:
    """Return the next version of *case*, answered: nobody had anything."""
    for task in case.all_tasks.values():
        case = case.with_task(settle(task, NothingFound(Evidence.E2), at))
    return replace(
        case, version=case.version + 1, status=CaseStatus.CLOSED, answered_at=at
    )


def _ids(stored: Stored) -> list[str]:
    """Return what the figures are called."""
    with stored.database.reading() as connection:
        return list(connection.execute(select(t.statistics.c.id)).scalars())


def test_figures_go_with_the_step(stored: Stored) -> None:
    """They are there with the case, and change with its answer."""
    statistics = SqlStatistics(stored.database, years=5)
    case = numbered(1)
    stored.open(case)

    opened = statistics.figures(ALWAYS)
    stored.save(case, _answered(case, at=T0 + 3 * DAY))

    assert opened == [figures_of(case)]
    (after,) = statistics.figures(ALWAYS)
    assert after.answers == {"erasure": Answer.WHOLE}
    assert (after.received_on, after.answered_on) == (
        date(2026, 3, 5),
        date(2026, 3, 8),
    )


def test_figures_outlive_the_records_without_a_way_back(stored: Stored) -> None:
    """When the case goes, its figures stay as they are under another name."""
    statistics = SqlStatistics(stored.database, years=5)
    case = numbered(1)
    stored.open(case)
    stored.save(case, _answered(case))
    with stored.store.transaction() as transaction:
        transaction.add_history([(case.id, 2, T0, TimePassed(T0))])
    before = statistics.figures(ALWAYS)

    assert _ids(stored) == [case.id]
    assert SqlCaseRecords(stored.database, years=3).drop(AFTER_RECORDS) == 1

    assert statistics.figures(ALWAYS) == before
    (name,) = _ids(stored)
    assert case.id not in name


def test_figures_go_after_whole_years(on_sqlite: Stored) -> None:
    """Answered in 2026, kept 5 years: they go with 2031, and open ones never."""
    statistics = SqlStatistics(on_sqlite.database, years=5)
    case = numbered(1)
    later = numbered(3)
    on_sqlite.open(case, numbered(2), later)
    on_sqlite.save(case, _answered(case))
    on_sqlite.save(later, _answered(later, at=datetime(2027, 1, 1, tzinfo=UTC)))

    assert statistics.expire(datetime(2031, 12, 31, 23, 59, tzinfo=UTC)) == 0
    assert statistics.expire(datetime(2032, 1, 1, tzinfo=UTC)) == 1
    assert sorted(_ids(on_sqlite)) == ["case-2", "case-3"]


def test_period_and_controller_choose(on_sqlite: Stored) -> None:
    """Both days of a period belong to it."""
    statistics = SqlStatistics(on_sqlite.database, years=5)
    on_sqlite.open(numbered(1))
    day = date(2026, 3, 5)

    assert len(statistics.figures(Period(day, day, "maison"))) == 1
    assert statistics.figures(Period(day, day, "other")) == []
    assert statistics.figures(Period(date(2026, 3, 6), day.replace(year=2027))) == []


def test_rehearsal_leaves_no_figures(on_sqlite: Stored) -> None:
    """A test is nobody's request."""
    on_sqlite.open(replace(numbered(1), rehearsal=frozenset({Rehearsal.TEST})))

    assert _ids(on_sqlite) == []


def test_open_lines_are_those_of_open_cases(stored: Stored) -> None:
    """They are overdue once their case is."""
    statistics = SqlStatistics(stored.database, years=5)
    case, answered = numbered(1), numbered(2)
    stored.open(case, answered)
    stored.save(answered, _answered(answered))

    before = statistics.open_lines(ALWAYS, case.due_at)
    after = statistics.open_lines(ALWAYS, case.due_at + DAY)

    assert sorted(one.action for one in before) == ["erase", "locate"]
    assert not any(one.is_overdue for one in before)
    assert all(one == OpenLine(MAIL, one.action, True) for one in after)  # noqa: FBT003 (overdue)
