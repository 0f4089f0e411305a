"""What follows when a call of a task ends: searching, copying, erasing, looking."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import assert_never

from orchestrator.core.afterwards.following import looked_again
from orchestrator.core.afterwards.reading_back import after_read_back
from orchestrator.core.afterwards.retention import kept_open
from orchestrator.core.cases import ItemState, OpenCall, Step, Task, TaskStatus
from orchestrator.core.changing import replace
from orchestrator.core.events import BatchRefused, CheckFailed, TaskReported
from orchestrator.core.plan import ONE_HOUR, PlannedAccount
from orchestrator.core.settling import (
    ended_meanwhile,
    left_out,
    needs_human,
    next_check,
    past_its_time,
    ready,
    settle,
    settle_if_over,
    wait,
)
from orchestrator.core.work.items import (
    carried,
    confirmable,
    first_items,
    marked,
    reopened,
    without_call,
)
from orchestrator.core.work.locating import after_search
from orchestrator.core.work.looking import after_look
from orchestrator.core.work.manual_work import with_person
from orchestrator.core.work.setbacks import (
    Setback,
    after_setback,
    in_smaller_batch,
    stopped,
    tried_in_vain,
)
from orchestrator.core.work.withdrawing import after_cancelling, called_back
from schemas.connecting import (
    Accepted,
    Action,
    Cancelled,
    Done,
    Evidence,
    Exported,
    Failed,
    HandedOver,
    ItemId,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    Notified,
    NotTold,
    Progress,
    Retry,
    StillOpen,
    Unconfirmed,
    Unknown,
)

__all__ = ["after_report", "first_items", "pause_before_check", "still_going"]


def after_report(
    task: Task, event: TaskReported, planned: PlannedAccount, deadline: datetime
) -> Task:
    """
    Return *task* after its call ended; total over every report.

    *deadline* is the case's: manual work is due before it.

    A report that does not fit the task (a search that claims to have erased) is a fault
    of the connector, and never taken for a result.
    """
    task = replace(
        task,
        first_called_at=task.first_called_at or event.at,
        calls=task.calls + 1,
        epoch=None,
    )
    if task.step is Step.CANCEL:
        return after_cancelling(task, event, planned)
    return _after_call(task, event, planned, deadline)


def _after_call(
    task: Task, event: TaskReported, planned: PlannedAccount, deadline: datetime
) -> Task:
    """Return *task* after an act, a poll or a look."""
    match event.report:
        case CheckFailed() | Retry() | Unknown():
            return after_setback(task, event.report, event, planned)
        case BatchRefused(size=size):
            return in_smaller_batch(task, size, event)
        case NeedsHuman() | Failed():
            return stopped(task, event.report, event)
        case HandedOver() as handed:
            return with_person(task, handed, event.at, deadline)
        case NotApplicable() | Unconfirmed():
            return _without_result(task, event.report, event.at)
        case _:
            return _after_result(replace(task, at_most=None), event, planned)


def _without_result(
    task: Task, report: NotApplicable | Unconfirmed, at: datetime
) -> Task:
    """Return *task* settled without anything done, or asked again if that may help."""
    match report:
        case NotApplicable() if task.ask_again:
            # Said of what was known at the call; more has been learned since.
            return ready(task)
        case NotApplicable(reason=reason):
            return settle(task, left_out(task, reason), at)
        case Unconfirmed():
            return settle(task, report, at)
        case _:
            assert_never(report)


def _after_result(task: Task, event: TaskReported, planned: PlannedAccount) -> Task:
    """Return *task* after its call taught something."""
    if isinstance(event.report, Cancelled):
        return _cancelled(task, event)
    match task.action:
        case Action.LOCATE if task.is_read_back:
            return after_read_back(task, event, planned)
        case Action.LOCATE:
            return after_search(task, event, planned)
        case Action.ERASE:
            return _after_erasure(task, event, planned)
        case _:
            return _after_other(task, event, planned)


def _after_erasure(task: Task, event: TaskReported, planned: PlannedAccount) -> Task:
    """Return an erasure after the processor, or a look, spoke of its items."""
    match task.step, event.report:
        case Step.LOOK, _:
            return after_look(task, event, planned)
        case _, Accepted() as accepted:
            return _accepted(task, accepted, event, planned)
        case _, (Done() | Progress() | NothingFound()) as said:
            return _finished_items(task, said, event, planned)
        case ((Step.ACT | Step.POLL), StillOpen() as said) if said.items:
            return _still_open(task, said, event, planned)
        case _:
            return needs_human(task, "connector_fault")


def _after_other(task: Task, event: TaskReported, planned: PlannedAccount) -> Task:
    """Return a copy or a notice after the processor answered."""
    match task.action, event.report:
        case _, Accepted() as accepted:
            return _accepted(task, accepted, event, planned)
        case Action.EXPORT, (Exported() | NothingFound()) as copied:
            if len(carried(task, event)) < len(task.items):
                # A copy of some of the records is not passed off as the copy.
                return needs_human(task, "our_fault")
            return settle(task, copied, event.at)
        case Action.NOTIFY, (Notified() | NotTold()) as told:
            return settle(task, told, event.at)
        case _:
            return needs_human(task, "connector_fault")


def _cancelled(task: Task, event: TaskReported) -> Task:
    """
    Return *task* after a poll of a job that was called back.

    By us, if we tried to: then it is our lost answer.  Else somebody did at the
    processor, and a person finds out why.
    """
    known = {call.id: call for call in task.open_calls}
    call = known.get(event.call) if event.call is not None else None
    if call is not None and call.is_past_cancelling:
        return called_back(task, event)
    hint = "Somebody cancelled the job at the processor; find out why, then retry."
    return stopped(task, Failed("job_cancelled", hint), event)


def _finished_items(
    task: Task,
    report: Done | Progress | NothingFound,
    event: TaskReported,
    planned: PlannedAccount,
) -> Task:
    """Mark what the processor says is done, and go on with the rest."""
    items = carried(task, event)
    match report:
        case Done(evidence=evidence):
            after = marked(task, items, ItemState.GONE, evidence)
        case Progress(done=done, evidence=evidence):
            left = [id_ for id_ in items if id_ not in done]
            after = marked(task, done, ItemState.GONE, evidence)
            after = reopened(after, left)
        case NothingFound():
            after = _not_there(task, items)
    if len(without_call(after, event).open_calls) < len(after.open_calls):
        after = confirmable(without_call(after, event), event.call)
    if (after.items, after.open_calls) == (task.items, task.open_calls):
        # An answer that moves nothing would otherwise be asked for again at once.
        again = Setback("no_progress", task.step)
        return tried_in_vain(after, event, planned, again)
    return settle_if_over(replace(after, attempts=0, garbled=0), planned, event.at)


def _still_open(
    task: Task, said: StillOpen, event: TaskReported, planned: PlannedAccount
) -> Task:
    """
    Leave alone what is of something open, and go on with the rest.

    An item that is said to be both is open: nobody looks again at what is done.
    """
    items = frozenset(carried(task, event))
    left = items.intersection(said.items)
    done = items.intersection(said.done) - left
    after = without_call(task, event)
    if len(after.open_calls) < len(task.open_calls):
        after = reopened(after, items - done)  # the job is over, and did not do these
    after = marked(after, done, ItemState.GONE, said.evidence)
    after = replace(after, attempts=0, garbled=0)
    if after.is_follow_up and after.open_items() and left | done:
        return looked_again(after, said, event.at, planned)
    until = (event.at + planned.open_most).date()
    kept = kept_open(after, left, said.reason, until)
    if not left | done or kept.items == task.items:
        # An answer that moves nothing would otherwise be asked for again at once.
        again = Setback("no_progress", task.step)
        return tried_in_vain(task, event, planned, again)
    return settle_if_over(kept, planned, event.at)


def _not_there(task: Task, items: Collection[ItemId]) -> Task:
    """
    Mark items that the processor does not know.

    After a positive locate that is absence, proven by its answer.  After a lost answer
    it is our own erasure speaking, never "nothing found".
    """
    unproven = ItemState.GONE if task.answers_lost else ItemState.NEVER_SEEN
    for item in task.items:
        if item.id in items and item.proven:
            task = marked(task, (item.id,), ItemState.GONE, Evidence.E4)
        elif item.id in items:
            task = marked(task, (item.id,), unproven, Evidence.E2)
    return task


def _accepted(
    task: Task, report: Accepted, event: TaskReported, planned: PlannedAccount
) -> Task:
    """Note the job, or that it still runs; past its horizon a person looks."""
    items = carried(task, event)
    if event.call is None or (task.action is Action.ERASE and not items):
        return needs_human(task, "our_fault")
    known = {call.id: call for call in task.open_calls}
    before = known.get(event.call)
    within = report.expected_within or planned.horizon
    late_at = before.late_at if before else event.at + max(within, ONE_HOUR)
    checks = before.checks + 1 if before else 0
    known[event.call] = OpenCall(
        event.call,
        items,
        min(event.at + pause_before_check(report, checks, planned), late_at),
        late_at,
        is_past_cancelling=before is not None and before.is_past_cancelling,
        checks=checks,
    )
    task = replace(
        task,
        open_calls=tuple(known.values()),
        attempts=0,
        garbled=0,
        how=report.how or task.how,
    )
    if task.action is Action.ERASE:
        task = marked(task, items, ItemState.ACCEPTED, Evidence.E1)
    if event.at >= late_at:
        return past_its_time(task)
    if task.action is Action.ERASE:
        return settle_if_over(task, planned, event.at)
    return wait(task, Step.POLL, next_check(task))


def pause_before_check(
    report: Accepted, checks: int, planned: PlannedAccount
) -> timedelta:
    """
    Return how long to leave a job alone that was asked about so often.

    Never shorter than the first retry, nor than what the processor asks for.
    """
    first = max(report.check_after, planned.retry_base)
    grown = first.total_seconds() * planned.poll_factor ** min(checks, _MOST_GROWTHS)
    most = planned.poll_most.total_seconds()
    return max(first, timedelta(seconds=min(grown, most)))


_MOST_GROWTHS = 64


def still_going(
    task: Task, event: TaskReported, planned: PlannedAccount
) -> Task | None:
    """
    Return *task* after a poll that moved nothing but the moment of the next one.

    `None` if anything else follows: then the whole case decides.
    """
    if ended_meanwhile(task):
        return None
    is_poll = task.step is Step.POLL and isinstance(event.report, Accepted)
    held = task.status is TaskStatus.CALLED and task.epoch == event.epoch
    if not is_poll or not held or event.calls_before not in {None, task.calls}:
        return None
    after = after_report(task, event, planned, event.at)
    goes_on = after.status is TaskStatus.WAITING and after.step is Step.POLL
    jobs = [[call.id for call in one.open_calls] for one in (task, after)]
    return (
        after if goes_on and after.items == task.items and jobs[0] == jobs[1] else None
    )
