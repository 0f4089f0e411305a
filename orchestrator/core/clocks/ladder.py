"""
The escalation ladder: what follows, once each, while an account stays silent.

Silence begins when an answer should have been there.  What was asked for should be
answered at once, a job by the processor's own time (or when nobody can ask about it any
more), manual work on its due date.  Whose fault the silence is, nobody can tell from
here: a paused account, a dead one and a processor that never ends look the same.

Behind a gate nobody is silent, and of a rehearsal nobody is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from orchestrator.core.cases import Case, CaseStatus
from orchestrator.core.changing import replace
from orchestrator.core.plan import Ladder
from orchestrator.core.tasks import Climbed, Rung, Task, TaskStatus

OPEN = frozenset({CaseStatus.RUNNING, CaseStatus.ANSWERED})
"""Of an answered case only follow-ups are open."""


def climbed(before: Case, after: Case, at: datetime) -> Case:
    """Return *after* with who was heard of, and every rung that is reached by *at*."""
    if after.status not in OPEN or after.rehearsal:
        return after
    awaited = before.wake_at if before.status in OPEN else None
    is_early = awaited is not None and at < awaited
    for task in after.all_tasks.values():
        known = before.all_tasks.get(task.id)
        if task is known and (is_early or _is_quiet(task)):
            continue  # the case was to wake at its next rung, if not before
        heard = task if task is known else _heard(known, task, at)
        moments = _ahead(after, heard)
        # Told now, however long ago the moment was: nobody looked since.
        rungs = tuple(Climbed(rung, at) for rung in moments if moments[rung] <= at)
        if rungs:
            heard = replace(heard, rungs=(*heard.rungs, *rungs))
        if heard is not task:
            after = after.with_task(heard)
    return after


def next_rung_at(case: Case) -> datetime | None:
    """Return when the next rung of any task is reached, if all stay silent."""
    if case.rehearsal or case.status not in OPEN:
        return None
    tasks = case.all_tasks.values()
    ahead = [_ahead(case, task) for task in tasks if not _is_quiet(task)]
    return min((at for moments in ahead for at in moments.values()), default=None)


def silent_since(task: Task) -> datetime | None:
    """Return when the account should have answered; it may still be to come."""
    if _is_quiet(task):
        return None
    if task.open_calls:
        return min(min(call.check_at, call.late_at) for call in task.open_calls)
    if task.status is TaskStatus.WITH_PERSON and task.handover is not None:
        return task.handover.due_at
    return task.heard_at


def wanted_by(task: Task) -> datetime:
    """Return when the job or the work should be over; else the latest safe dispatch."""
    if task.open_calls:
        return min(call.late_at for call in task.open_calls)
    if task.status is TaskStatus.WITH_PERSON and task.handover is not None:
        return task.handover.due_at
    return task.dispatch_by


def highest_rung(task: Task) -> Rung | None:
    """Return how far the silence of *task* was escalated; they are listed in order."""
    return max((one.rung for one in task.rungs), key=[*Rung].index, default=None)


def has_breached(task: Task) -> bool:
    """Tell whether the account let the time pass that it had."""
    return any(one.rung is Rung.BREACH_OF_SLA for one in task.rungs)


def _ahead(case: Case, task: Task) -> Mapping[Rung, datetime]:
    """Return the rungs that *task* has still to reach, and when it does so."""
    since = silent_since(task)
    if since is None:
        return {}
    ladder = case.planned(task).ladder
    moments = {Rung.REMINDER: since + ladder.remind_after}
    if not _is_ours(task):
        moments[Rung.PROCESSOR] = since + ladder.escalate_after
        moments[Rung.BREACH_OF_SLA] = _breach_at(task, since, ladder)
    for one in task.rungs:
        moments.pop(one.rung, None)
    return moments


def _is_quiet(task: Task) -> bool:
    """Tell whether nobody is asked for anything: before the task, or after it."""
    return task.is_settled or task.status is TaskStatus.PLANNED


def _breach_at(task: Task, since: datetime, ladder: Ladder) -> datetime:
    """
    Return when the account's time is over.

    That is a job's latest end, or the due date of manual work; for what is not even
    accepted the latest safe dispatch, though never before somebody was reminded.
    """
    if task.open_calls or task.status is TaskStatus.WITH_PERSON:
        return wanted_by(task)
    return max(wanted_by(task), since + ladder.remind_after)


def _is_ours(task: Task) -> bool:
    """Tell whether the account has answered, and a person of ours is to decide."""
    return task.status is TaskStatus.NEEDS_HUMAN and not task.open_calls


def _heard(known: Task | None, task: Task, at: datetime) -> Task:
    """
    Return *task* with the last time that its account was heard of, or asked anew.

    A job needs no such note: its own moments say when it should be heard of.
    """
    if task.status is TaskStatus.PLANNED:
        return task if task.heard_at is None else replace(task, heard_at=None)
    if task.is_settled:
        return task
    begins = task.heard_at is None or (known is not None and known.is_settled)
    return replace(task, heard_at=at) if begins or _answered(known, task) else task


def _answered(known: Task | None, task: Task) -> bool:
    """Tell whether the account said anything that could be understood."""
    if known is None or task.open_calls:
        return False
    said = task.calls > known.calls and not task.attempts
    return said or task.items != known.items or bool(known.open_calls)
