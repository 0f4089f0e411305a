"""
A request that the person withdrew: what has not begun is left, jobs are called back.

Erased is erased: an erasure that may have changed something goes on to its end, unless
the processor still calls its job back.  What nobody can stop is recorded, not obeyed.
Manual work is taken back as long as nobody was shown for whom it is.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ExportStatus,
    ItemState,
    Step,
    Task,
    TaskStatus,
)
from orchestrator.core.changing import replace
from orchestrator.core.events import CheckFailed, RequestWithdrawn, TaskReported
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.settling import (
    WITHDRAWN,
    needs_human,
    next_check,
    noted,
    settle,
    wait,
)
from orchestrator.core.work.items import carried, reopened, without_call
from orchestrator.core.work.setbacks import GARBLED, Setback, tried_in_vain
from schemas.connecting import (
    CLASS_OF,
    ActionClass,
    Cancelled,
    NeedsHuman,
    NotApplicable,
    Retry,
)

_WITHDRAWABLE = frozenset({CaseStatus.RECEIVED, CaseStatus.RUNNING})
WITHDRAWN_IN_PART = NotApplicable("withdrawn_in_part")
"""Some records were erased before the job for the others was called back."""


def after_withdrawal(case: Case, event: RequestWithdrawn) -> Case:
    """
    Note that the request is withdrawn; an answered case, or a second time, stays.

    A case that reached nobody ends by it too: nothing was done, and that is the answer.
    """
    is_decided = case.withdrawn_at is not None or case.refused_for is not None
    if case.status not in _WITHDRAWABLE or is_decided:
        return case
    gathering = case.export is ExportStatus.GATHERING
    return replace(
        case,
        status=CaseStatus.RUNNING,
        withdrawn_at=event.at,
        withdrawn_because=event.reason,
        leads=(),  # whom it led goes on without it
        export=ExportStatus.DROPPED if gathering else case.export,
    )


def obeyed(case: Case, at: datetime) -> Case:
    """Let a running case's tasks end or go on, as its withdrawal demands."""
    if case.withdrawn_at is None or case.status is not CaseStatus.RUNNING:
        return case
    for task in case.all_tasks.values():
        if task.status is TaskStatus.CALLED:
            after = noted(task, WITHDRAWN)
        else:
            after = _obeyed(task, case.planned(task), at)
        if after is not task:
            case = case.with_task(after)
    return case


def after_cancelling(task: Task, event: TaskReported, planned: PlannedAccount) -> Task:
    """
    Return *task* after its job was called back, or could not be.

    A lost or unreadable answer counts as too late: the poll that follows tells.
    """
    match event.report:
        case Cancelled():
            return called_back(task, event)
        case CheckFailed(cause=cause) | Retry(cause=cause) if cause not in GARBLED:
            again = Setback(cause, Step.CANCEL, _pause_asked(event.report))
            return tried_in_vain(task, event, planned, again)
        case NeedsHuman(reason=reason):
            return needs_human(_past_cancelling(task, event), reason)
        case _:
            task = replace(_past_cancelling(task, event), attempts=0, garbled=0)
            return wait(task, Step.POLL, next_check(task))


def called_back(task: Task, event: TaskReported) -> Task:
    """Return *task* without the job that was called back: its items are untouched."""
    task = without_call(reopened(task, carried(task, event)), event)
    task = replace(task, is_called_back=True, attempts=0, garbled=0)
    if task.open_calls:
        return wait(task, Step.POLL, next_check(task))
    erased = any(item.state is ItemState.GONE for item in task.items)
    reads = CLASS_OF[task.action] is ActionClass.READING
    in_part = not reads and (erased or task.answers_lost)
    return settle(task, WITHDRAWN_IN_PART if in_part else WITHDRAWN, event.at)


def _obeyed(task: Task, planned: PlannedAccount, at: datetime) -> Task:
    """Return *task*, which is not under call, as a withdrawal leaves it."""
    if task.is_settled:
        return task
    reads = CLASS_OF[task.action] is ActionClass.READING
    if task.status is TaskStatus.WITH_PERSON and task.may_have_changed and not reads:
        return task  # they may have begun, and only they can say
    if task.action in planned.cancels and task.cancellable():
        is_on_its_way = task.status is TaskStatus.WAITING and task.step is Step.CANCEL
        return task if is_on_its_way else wait(task, Step.CANCEL, at, WITHDRAWN.reason)
    if reads or not task.may_have_changed:
        return settle(task, WITHDRAWN, at)
    if task.is_called_back and not task.open_calls:
        return settle(task, WITHDRAWN_IN_PART, at)
    return task


def _pause_asked(report: object) -> timedelta | None:
    """Return how long the processor asks us to wait, if it says so."""
    match report:
        case Retry(after=after):
            return after
        case CheckFailed(after_seconds=float(seconds)):
            return timedelta(seconds=seconds)
        case _:
            return None


def _past_cancelling(task: Task, event: TaskReported) -> Task:
    """Note that the job of this report goes on to its end."""
    return replace(
        task,
        open_calls=tuple(
            replace(call, is_past_cancelling=True) if call.id == event.call else call
            for call in task.open_calls
        ),
    )
