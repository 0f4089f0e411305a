"""What a search found, and whom to ask again when it taught something new."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from orchestrator.core.cases import Case, Found, Task, TaskItem, TaskStatus
from orchestrator.core.changing import replace
from orchestrator.core.events import ItemsLocated, MatchesConflicted, TaskReported
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.settling import needs_human, ready, settle
from orchestrator.core.work.links import was_never_asked
from schemas.connecting import (
    Action,
    Evidence,
    IdentifierType,
    NothingFound,
    TaskId,
)


def after_search(task: Task, event: TaskReported, planned: PlannedAccount) -> Task:
    """Return a search after it was answered."""
    match event.report:
        case ItemsLocated(items=items):
            return _located(task, items, event.at, planned.max_records)
        case NothingFound():
            return _located(task, (), event.at, planned.max_records)
        case MatchesConflicted(candidates=candidates):
            return needs_human(replace(task, choices=candidates), "ambiguous")
        case _:
            return needs_human(task, "connector_fault")


def chosen(task: Task, picks: Collection[int], at: datetime) -> Task:
    """Settle an ambiguous search with the candidates that a person picked."""
    items = tuple(item for pick in picks for item in task.choices[pick])
    task = replace(task, items=(), choices=())
    return _located(task, items, at, max_records=len(items))


def with_learned(
    case: Case, source: TaskId, learned: frozenset[IdentifierType]
) -> Case:
    """Ask every search again that accepts what was learned and is not yet frozen."""
    case = replace(case, identifier_types=case.identifier_types | learned)
    for task in case.tasks_of(Action.LOCATE):
        accepts = case.planned(task).accepts
        if task.id != source and accepts & learned and not _is_in_use(case, task):
            known = case.identifier_types & accepts
            case = case.with_task(told_more(replace(task, identifier_types=known)))
    return case


def told_more(task: Task) -> Task:
    """Let a search that knows more identifiers now be made with all of them."""
    if task.is_settled:
        return ready(replace(task, outcome=None, settled_at=None))
    under_way = task.status is TaskStatus.CALLED or bool(task.choices)
    return replace(task, ask_again=True) if under_way else task


def _is_in_use(case: Case, task: Task) -> bool:
    """Tell whether nobody asks the account, or its items are already acted on."""
    if was_never_asked(task):
        return True
    later = (case.task(task.account, one) for one in (Action.EXPORT, Action.ERASE))
    return any(
        use is not None
        and (use.status is not TaskStatus.PLANNED or use.has_begun)
        and not was_never_asked(use)
        for use in later
    )


def _located(
    task: Task, found: Collection[TaskItem], at: datetime, max_records: int
) -> Task:
    """Join what this search found to what earlier ones did."""
    items = {item.id: item for item in (*task.items, *found)}
    task = replace(task, items=tuple(items.values()), attempts=0, garbled=0)
    if task.ask_again:
        return ready(task)
    if len(items) > max_records:
        return needs_human(replace(task, choices=(task.items,)), "too_many_records")
    outcome = Found(len(items)) if items else NothingFound(Evidence.E2)
    return settle(task, outcome, at)
