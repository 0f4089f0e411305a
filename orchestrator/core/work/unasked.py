"""
What a processor says by itself: callbacks and confirmations, about one call.

Monotonic: an open call is ended once, a call that is over can only be proven better,
and what is said again changes nothing.  A task that is being called is left alone; the
word is kept outside until its report is in.
"""

from __future__ import annotations

from datetime import timedelta

from orchestrator.core.cases import ItemState, OpenCall, Step, Task, TaskStatus
from orchestrator.core.changing import replace
from orchestrator.core.events import CallReported, TaskReported
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.settling import GRADES, needs_human, settle_if_over, weakest
from orchestrator.core.work.items import marked
from orchestrator.core.work.reports import after_report
from schemas.connecting import (
    Accepted,
    Action,
    Cancelled,
    Done,
    Evidence,
    Failed,
    NeedsHuman,
    NothingFound,
    Notified,
    NotTold,
    Progress,
    Retry,
)

ENDS_A_CALL = (
    Cancelled | Done | Progress | NothingFound | Retry | Failed | Notified | NotTold
)


def after_unasked(task: Task, event: CallReported, planned: PlannedAccount) -> Task:
    """Return *task* after its processor spoke of one of its calls; perhaps the same."""
    if task.status in {TaskStatus.CALLED, TaskStatus.PLANNED}:
        return task
    job = next((call for call in task.open_calls if call.id == event.call), None)
    if job is not None:
        return _spoken_of(task, job, event, planned)
    if event.call in task.may_confirm and isinstance(event.report, Done):
        return _confirmed(task, event.report, event, planned)
    return task


def _spoken_of(
    task: Task, job: OpenCall, event: CallReported, planned: PlannedAccount
) -> Task:
    """Return *task* after its processor spoke of an open job."""
    match event.report:
        case Done() if task.action is Action.EXPORT:
            # A copy comes with a poll, and it is there now.
            return _asked_sooner(task, job, event, planned.retry_base)
        case Accepted(check_after=pause):
            return _asked_sooner(task, job, event, max(pause, planned.retry_base))
        case NeedsHuman(reason=reason) if task.status is not TaskStatus.NEEDS_HUMAN:
            return needs_human(task, reason)
        case report if isinstance(report, ENDS_A_CALL):
            return _ended(task, event, planned)
        case _:
            return task  # nothing was learned, or it is for a person to go on


def _ended(task: Task, event: CallReported, planned: PlannedAccount) -> Task:
    """Return *task* as if a poll of that very job had said it."""
    polled = TaskReported(
        at=event.at,
        task=task.id,
        report=event.report,
        epoch=0,
        call=event.call,
        items=event.items,
        jitter=event.jitter,
    )
    # No deadline is needed: what a poll says is never handed over.
    after = after_report(replace(task, step=Step.POLL), polled, planned, event.at)
    # It cost no call of ours.
    after = replace(after, calls=task.calls)
    is_signed = _grade(event.report) >= GRADES.index(Evidence.E3)
    if is_signed:
        after = _without_word(after, event)
    if task.step is Step.POLL or isinstance(event.report, Failed):
        return after
    if task.action is not Action.ERASE or not after.open_items():
        return after
    # Its other records go on as they were: at a look, after a pause, with a person.
    return replace(
        task,
        items=after.items,
        open_calls=after.open_calls,
        may_confirm=after.may_confirm,
    )


def _confirmed(
    task: Task, done: Done, event: CallReported, planned: PlannedAccount
) -> Task:
    """
    Take the word on a call that is over: its answer was lost, or nobody had signed.

    What the call carried is gone with this evidence, unless it is known better.
    """
    if task.is_settled and not isinstance(task.outcome, Done):
        return task  # a person ended it, or it never was an erasure: that stands
    grade = GRADES.index(done.evidence)
    worse = [
        item.id
        for item in task.items
        if item.id in event.items
        and (item.evidence is None or GRADES.index(item.evidence) < grade)
        and (item.state is ItemState.GONE or not task.is_settled)
    ]
    after = marked(task, worse, ItemState.GONE, done.evidence)
    if after.items == task.items:
        return task
    after = _without_word(after, event)
    if after.is_settled:
        return _better_proven(after)
    is_all = bool(task.open_items()) and not after.open_items()
    return settle_if_over(after, planned, event.at) if is_all else after


def _better_proven(task: Task) -> Task:
    """Return a settled erasure with the evidence of its items."""
    gone = [item for item in task.items if item.state is ItemState.GONE]
    if not isinstance(task.outcome, Done) or not gone:
        return task
    return replace(task, outcome=replace(task.outcome, evidence=weakest(gone)))


def _without_word(task: Task, event: CallReported) -> Task:
    """Return *task* once the processor has said the last word on that call."""
    left = tuple(call for call in task.may_confirm if call != event.call)
    return replace(task, may_confirm=left)


def _asked_sooner(
    task: Task, job: OpenCall, event: CallReported, pause: timedelta
) -> Task:
    """Poll earlier than planned, never later: an old word may be sent again."""
    check_at = event.at + pause
    if task.status is not TaskStatus.WAITING or check_at >= job.check_at:
        return task
    calls = tuple(
        replace(call, check_at=check_at) if call is job else call
        for call in task.open_calls
    )
    task = replace(task, open_calls=calls)
    if task.step is Step.POLL and task.reason is None and task.wake_at is not None:
        return replace(task, wake_at=min(task.wake_at, check_at))
    return task


def _grade(report: object) -> int:
    """Return how well a report proves what it says, as a place among the grades."""
    evidence: Evidence | None = getattr(report, "evidence", None)
    return -1 if evidence is None else GRADES.index(evidence)
