"""
What identifies a person is kept only while the case's clock runs.

That is the law's until the answer, and then that of what is still owed.  A case that is
stuck beyond it is locked: its keys are under the data protection
officer's, and nobody is asked anything until they hand them back, for a time.
"""

from __future__ import annotations

from datetime import datetime

from orchestrator.core.afterwards.following import (
    ERASED_WITHIN,
    begins_at,
    ends_at,
    may_follow_up,
)
from orchestrator.core.afterwards.owed import Obligation
from orchestrator.core.cases import Case, Step, Task, TaskStatus
from orchestrator.core.changing import replace
from orchestrator.core.clocks.alarms import OPEN
from orchestrator.core.events import PersonRetried
from orchestrator.core.keyed import IdentityLocked, IdentityUnlocked
from orchestrator.core.ruling.rulings import after_retry
from orchestrator.core.settling import needs_human, wait

IDENTITY_LOCKED = "identity_locked"
_MOVES = frozenset({TaskStatus.READY, TaskStatus.WAITING})


def locks_at(case: Case) -> datetime | None:
    """
    Return from when on what identifies the person is not ours to keep.

    Of an open case that is the deadline, as it was extended, and the register's margin;
    of an answered one that owes an erasure, as long after the day on which that should
    be over, or after it was first asked for, if that was later: nobody is locked for
    our own standstill.  Whatever it is, not before the time is over for which it was
    handed back.
    """
    if case.locked_at is not None:
        return None
    clocks = [case.due_at] if case.status in OPEN and case.identity_held else []
    if may_follow_up(case):
        # Looks have a shorter end of their own.
        erasures = [o for o in case.obligations if o.items]
        clocks += [_stuck_from(case, one) for one in erasures]
    if not clocks:
        return None
    moment = min(clocks) + case.plan.identifiers_margin
    return max(moment, case.unlocked_until or moment)


def _stuck_from(case: Case, one: Obligation) -> datetime:
    """Return from when on an erasure that is owed counts as stuck."""
    end = ends_at(case, one) + ERASED_WITHIN
    task = case.all_tasks.get(one.task_id(case.id))
    return end if task is None or task.heard_at is None else max(end, task.heard_at)


def _is_unasked(case: Case, at: datetime) -> bool:
    """Tell whether an erasure is due that nobody was asked for yet."""
    return may_follow_up(case) and any(
        one.items
        and one.task_id(case.id) not in case.all_tasks
        and begins_at(case, one) <= at
        for one in case.obligations
    )


def after_lock(case: Case, event: IdentityLocked | IdentityUnlocked) -> Case:
    """Lock a case whose time is over, or hand a locked one back for a time."""
    if isinstance(event, IdentityLocked):
        moment = locks_at(case)
        called = any(
            task.status is TaskStatus.CALLED for task in case.all_tasks.values()
        )
        if moment is None or event.at < moment:
            return case
        if called or _is_unasked(case, event.at):
            return case  # what is under call is heard first, what is due asked for
        return replace(case, locked_at=event.at, unlocked_until=None)
    if case.locked_at is None or event.until <= event.at:
        return case
    case = replace(case, locked_at=None, unlocked_until=event.until)
    for task in case.all_tasks.values():
        if task.reason == IDENTITY_LOCKED and not task.is_settled:
            case = case.with_task(_resumed(case, task, event))
    return case


def with_locked_tasks(case: Case) -> Case:
    """Let no task of a locked case move: each one that could needs a person."""
    if case.locked_at is None:
        return case
    for task in case.all_tasks.values():
        if task.status in _MOVES:
            case = case.with_task(needs_human(task, IDENTITY_LOCKED))
    return case


def _resumed(case: Case, task: Task, event: IdentityUnlocked) -> Task:
    """Return *task* as a person's retry leaves it; the pause of a proof begins anew."""
    planned = case.planned(task)
    if task.step is Step.LOOK and task.looks:
        return wait(task, Step.LOOK, event.at + planned.settle_for, "settling")
    retried = PersonRetried(event.at, task.id, event.by)
    return after_retry(replace(task, choices=()), retried, planned)
