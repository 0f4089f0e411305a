"""
Follow-ups: what an answered case still owes is carried out on its day, by itself.

A follow-up is an erasure like any other, but of nothing except the records that were
kept: it finds them by the processor's own ids, since nobody's identifiers are left.
What became of it is told in a supplement, and with that the case owes it no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from orchestrator.core.afterwards.owed import Obligation, ObligationKind
from orchestrator.core.afterwards.reading_back import (
    a_read_back,
    identifiers_go_at,
    is_overtaken,
    read_backs,
    without_quiet_looks,
)
from orchestrator.core.afterwards.retention import obligations
from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ItemState,
    Step,
    Task,
    TaskItem,
    TaskStatus,
)
from orchestrator.core.changing import replace
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.settling import needs_human, settle_if_over, wait
from schemas.connecting import Action, ItemId, StillOpen

DAILY = timedelta(days=1)
ERASED_WITHIN = timedelta(days=30)
"""How long after its day manual work on what was kept is due."""


def owed_by(case: Case, at: datetime) -> tuple[Obligation, ...]:
    """
    Return what *case* owes once it is answered, at this moment.

    A request that was withdrawn or refused owes nothing: what it left alone stays so.
    """
    if case.withdrawn_at is not None or case.refused_for is not None:
        return ()
    kept = (
        one
        for task in case.tasks_of(Action.ERASE)
        for one in obligations(task, case.planned(task))
    )
    erasures = (one for one in kept if one.record_class not in case.refused_classes)
    return (*erasures, *read_backs(case, at))


def with_follow_ups(case: Case, at: datetime) -> Case:
    """Return *case* with a task for all that has come due and has none yet."""
    if not may_follow_up(case):
        return case
    case = without_quiet_looks(case, at)
    for one in case.obligations:
        is_due = begins_at(case, one) <= at and not is_overtaken(case, one)
        if is_due and one.task_id(case.id) not in case.all_tasks:
            case = case.with_task(_planned(case, one))
    return case


def may_follow_up(case: Case) -> bool:
    """Tell whether the locators of what is owed are where follow-ups find them."""
    return case.status is CaseStatus.ANSWERED and not case.identity_held


def begins_at(case: Case, one: Obligation) -> datetime:
    """Return when what is owed comes due."""
    return one.begins_at(case.plan.time_zone).astimezone(UTC)


def ends_at(case: Case, one: Obligation) -> datetime:
    """Return when what is owed should be over."""
    whole = replace(one, due_on=one.ends_on)
    return whole.begins_at(case.plan.time_zone).astimezone(UTC)


def next_follow_ups(case: Case) -> Iterator[datetime]:
    """Yield when something that is owed comes due."""
    if case.status is CaseStatus.ANSWERED:
        yield from (begins_at(case, one) for one in case.obligations)
        goes_at = identifiers_go_at(case)
        if goes_at is not None:
            yield goes_at


def settled_now(case: Case) -> tuple[Task, ...]:
    """Return the follow-ups that are over and that no supplement has told of."""
    over = [one for one in case.obligations if case.is_carried_out(one)]
    ids = [id_ for one in over for id_ in (one.task_id(case.id), one.again_id(case.id))]
    return tuple(
        case.all_tasks[id_] for id_ in dict.fromkeys(ids) if id_ in case.all_tasks
    )


def after_supplement(case: Case) -> Case:
    """Return *case* without what its newest supplement says is over."""
    left = tuple(one for one in case.obligations if not case.is_carried_out(one))
    # Where nothing is owed, nothing is locked away either: the keys go.
    locked_at = case.locked_at if left else None
    return replace(case, obligations=left, locked_at=locked_at)


def deadline_of(case: Case, task: Task) -> datetime:
    """Return until when manual work on *task* is due: of a follow-up, its own day."""
    return task.dispatch_by + ERASED_WITHIN if task.is_follow_up else case.due_at


def looked_again(
    task: Task, said: StillOpen, at: datetime, planned: PlannedAccount
) -> Task:
    """
    Return a follow-up after some of its records were found to be of something open.

    The others come first; once every open record was seen so, all wait for a day.  What
    is open for longer than the account's `open_most` is for a person.
    """
    seen = frozenset((*task.seen_open, *said.items))
    items = sorted(task.items, key=lambda item: item.id in seen)
    left = {item.id for item in items if item.state is ItemState.OPEN}
    task = replace(task, items=tuple(items), seen_open=tuple(sorted(seen & left)))
    if not left or left - seen:
        return settle_if_over(task, planned, at)
    task = replace(task, seen_open=())
    if at >= task.dispatch_by + planned.open_most:
        return needs_human(task, "still_open")
    return wait(task, Step.ACT, at + DAILY, said.reason)


def _planned(case: Case, due: Obligation) -> Task:
    """Plan what is due: another look, or an erasure."""
    if due.kind is ObligationKind.READ_BACK:
        return a_read_back(case, due, begins_at(case, due))
    return follow_up(case, due)


def follow_up(case: Case, due: Obligation) -> Task:
    """Plan the erasure of what was kept at one account until one day."""
    id_ = due.task_id(case.id)
    together = [one for one in case.obligations if one.task_id(case.id) == id_]
    wanted = {item for one in together for item in one.items}
    return Task(
        id=id_,
        account=due.account,
        action=Action.ERASE,
        status=TaskStatus.PLANNED,
        dispatch_by=begins_at(case, due),
        items=tuple(_kept(case, due, wanted)),
        sandbox_only=case.is_test,
        sealed_under=due.sealed_under,
    )


def _kept(case: Case, due: Obligation, wanted: set[ItemId]) -> Iterator[TaskItem]:
    """Yield the records that the erasure before the answer had to leave alone."""
    erasure = case.task(due.account, Action.ERASE)
    for item in erasure.items if erasure is not None else ():
        if item.id in wanted:
            yield replace(item, state=ItemState.OPEN, evidence=None, limited=False)
