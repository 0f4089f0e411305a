"""The next moment of a case: a case is never without one until it is closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from orchestrator.core.afterwards.following import next_follow_ups
from orchestrator.core.cases import Case, CaseStatus, ExportStatus, TaskStatus
from orchestrator.core.changing import replace
from orchestrator.core.clocks.alarms import next_mark
from orchestrator.core.clocks.ladder import next_rung_at
from orchestrator.core.ruling.reviewing import next_review_at

DAILY = timedelta(days=1)
AT_ONCE = timedelta(seconds=1)


def with_wake_at(case: Case, at: datetime) -> Case:
    """
    Return *case* with the earliest moment ahead; a day from now if none is known.

    A moment before the deadline that something else overtook is made up for at once.
    """
    if case.status is CaseStatus.CLOSED:
        return replace(case, wake_at=None)
    future = [moment for moment in _moments(case) if moment > at]
    mark = next_mark(case)
    if mark is not None:
        future.append(max(mark[0], at + AT_ONCE))
    return replace(case, wake_at=min(future, default=at + DAILY))


def _moments(case: Case) -> Iterator[datetime]:
    """Yield the moments at which something about *case* may change by itself."""
    if case.export is ExportStatus.SEALED and case.export_expires_at is not None:
        yield case.export_expires_at
    told = (next_rung_at(case), next_review_at(case))
    yield from (moment for moment in told if moment is not None)
    yield from next_follow_ups(case)
    for task in case.all_tasks.values():
        if task.gate is not None:
            yield task.gate.opens_at
        if task.status is TaskStatus.WITH_PERSON and task.wake_at is not None:
            yield task.wake_at
