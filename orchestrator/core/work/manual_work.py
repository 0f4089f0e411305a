"""
Manual work: handed to a person, reminded of, escalated, attested.

A task is `with_person` from the connector's answer until somebody attests how the work
ended.  Their word is evidence of grade M; where the connector can look, a look follows.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import assert_never

from orchestrator.core.cases import (
    Attestation,
    Case,
    CaseStatus,
    Handover,
    ItemState,
    Step,
    Task,
    TaskStatus,
)
from orchestrator.core.changing import replace
from orchestrator.core.events import (
    Attested,
    EvidenceOpened,
    IdentifiersShown,
    PersonAssigned,
    PersonAttested,
)
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.settling import needs_human, settle, settle_if_over
from orchestrator.core.work.items import marked
from schemas.connecting import (
    Action,
    Evidence,
    Exported,
    HandedOver,
    NothingFound,
    Notified,
)

ESCALATE_EVERY = timedelta(days=1)

# What a person may attest, by what was asked; anything else changes nothing.
ATTESTABLE: Mapping[Action, frozenset[Attested]] = MappingProxyType(
    {
        Action.ERASE: frozenset({"done", "nothing_found"}),
        Action.EXPORT: frozenset({"exported", "nothing_found"}),
        Action.NOTIFY: frozenset({"notified"}),
    }
)


def with_person(
    task: Task, report: HandedOver, at: datetime, deadline: datetime
) -> Task:
    """
    Hand *task* to a person, until some time before the case's *deadline*.

    Work that begins too late for that is due at the deadline itself, never after it.
    An assignee who was named before keeps the work.
    """
    if task.action not in ATTESTABLE or task.step is not Step.ACT or task.open_calls:
        return needs_human(task, "connector_fault")
    due_at = deadline - report.done_before
    if due_at <= at or report.done_before < timedelta(0):
        due_at = deadline
    wanted = {due_at - before for before in report.remind_before}
    moments = tuple(sorted(one for one in wanted if at < one < due_at))
    handover = task.handover or Handover(due_at, moments, report.assignee)
    handover = replace(handover, due_at=due_at, remind_at=moments)
    return replace(
        task,
        status=TaskStatus.WITH_PERSON,
        handover=handover,
        wake_at=min((*moments, due_at)),
        # Nothing was sent, so no answer was lost either.
        answers_lost=0,
        attempts=0,
        garbled=0,
        reason=None,
        hint=None,
        epoch=None,
    )


def after_assignment(task: Task, event: PersonAssigned) -> Task:
    """Give manual work to somebody else."""
    if task.status is not TaskStatus.WITH_PERSON or task.handover is None:
        return task
    return replace(task, handover=replace(task.handover, assignee=event.to))


def is_of(handover: Handover, who: str) -> bool:
    """Tell whether the work is *who*'s; what is assigned to nobody is anybody's."""
    return handover.assignee in {None, who}


def after_showing(task: Task, event: IdentifiersShown) -> Task:
    """Note that the identifiers were shown; only to whose open work it is."""
    handover = task.handover
    if task.status is not TaskStatus.WITH_PERSON or handover is None:
        return task
    is_new = handover.shown_at is None or event.at > handover.shown_at
    if not is_new or not is_of(handover, event.by):
        return task
    return replace(task, handover=replace(handover, shown_at=event.at))


def after_attestation(
    task: Task, event: PersonAttested, planned: PlannedAccount
) -> Task:
    """Take the assignee's word for how the work ended, if it fits what was asked."""
    fits = event.outcome in ATTESTABLE.get(task.action, frozenset())
    is_theirs = task.handover is not None and is_of(task.handover, event.by)
    if task.status is not TaskStatus.WITH_PERSON or not fits or not is_theirs:
        return task
    attested = Attestation(event.at, event.by, event.sha256)
    task = replace(task, attested=attested, wake_at=None)
    match event.outcome:
        case "done":
            return settle_if_over(_gone(task), planned, event.at)
        case "nothing_found" if task.action is Action.ERASE:
            return _never_seen(task, planned, event.at)
        case "nothing_found":
            return settle(task, NothingFound(Evidence.M), event.at)
        case "exported":
            return settle(task, Exported(event.rows), event.at)
        case "notified":
            return settle(task, Notified(Evidence.M), event.at)
        case _:
            assert_never(event.outcome)


def evidence_opened(case: Case, event: EvidenceOpened) -> Case:
    """Note that evidence was taken out, also of a case that has long been closed."""
    task = case.all_tasks.get(event.task)
    known = case.evidence_opened_at
    is_new = known is None or event.at > known
    if task is None or task.attested is None or not is_new:
        return case
    return replace(case, evidence_opened_at=event.at)


def told_in_time(case: Case, at: datetime) -> Case:
    """Remind of manual work, or escalate it, where the moment has come."""
    if case.status not in {CaseStatus.RUNNING, CaseStatus.ANSWERED}:
        return case
    for task in case.all_tasks.values():
        if task.status is not TaskStatus.WITH_PERSON or task.handover is None:
            continue
        if task.wake_at is not None and task.wake_at <= at:
            case = case.with_task(_told(task, task.handover, at))
    return case


def _told(task: Task, handover: Handover, at: datetime) -> Task:
    """Count a reminder or an escalation: one, however many moments have passed."""
    ahead = tuple(moment for moment in handover.remind_at if moment > at)
    handover = replace(handover, remind_at=ahead)
    if at < handover.due_at:
        handover = replace(handover, reminders=handover.reminders + 1)
    else:
        handover = replace(handover, escalations=handover.escalations + 1)
    return replace(task, handover=handover, wake_at=_next_moment(handover, at))


def _next_moment(handover: Handover, at: datetime) -> datetime:
    """Return the next reminder, the due date, or a day from now."""
    ahead = (*handover.remind_at, handover.due_at)
    later = (moment for moment in ahead if moment > at)
    return min(later, default=at + ESCALATE_EVERY)


def _gone(task: Task) -> Task:
    """Mark what was left to do as gone by a person's word."""
    left = [item.id for item in task.items if item.state is ItemState.OPEN]
    return marked(task, left, ItemState.GONE, Evidence.M)


def _never_seen(task: Task, planned: PlannedAccount, at: datetime) -> Task:
    """
    Mark what a person did not find.

    A record that the search did see is gone; one that was only asked for never was.
    """
    seen = [i.id for i in task.items if i.state is ItemState.OPEN and i.proven]
    task = marked(task, seen, ItemState.GONE, Evidence.M)
    left = [item.id for item in task.open_items()]
    task = marked(task, left, ItemState.NEVER_SEEN, Evidence.M)
    after = settle_if_over(task, planned, at)
    if isinstance(after.outcome, NothingFound):
        return replace(after, outcome=NothingFound(Evidence.M))
    return after
