"""Mark the items of a task: which a call carried, and what became of each."""

from __future__ import annotations

from collections.abc import Collection

from orchestrator.core.cases import ItemState, Step, Task, TaskItem
from orchestrator.core.changing import replace
from orchestrator.core.events import TaskReported
from orchestrator.core.words import CallId
from schemas.connecting import Action, Evidence, ItemId

MOST_CONFIRMABLE = 20  # calls of a task that a processor may still speak of


def first_items(task: Task, limit: int | None) -> tuple[TaskItem, ...]:
    """Return the items that the next act of *task* carries."""
    items = task.open_items() if task.action is Action.ERASE else task.items
    return items if limit is None else items[:limit]


def items_to_see(task: Task) -> tuple[TaskItem, ...]:
    """Return the items whose absence a look still has to prove."""
    return tuple(
        item
        for item in task.items
        if item.state is ItemState.OPEN
        or (item.state is ItemState.GONE and item.evidence is not Evidence.E4)
    )


def carried(task: Task, event: TaskReported) -> tuple[ItemId, ...]:
    """Return the items that a report speaks of: the named job's, or the call's."""
    for call in task.open_calls:
        if call.id == event.call and task.step in {Step.POLL, Step.CANCEL}:
            return call.items
    return event.items


def without_call(task: Task, event: TaskReported) -> Task:
    """Forget the job that this report ended."""
    left = tuple(call for call in task.open_calls if call.id != event.call)
    return replace(task, open_calls=left)


def confirmable(task: Task, call: CallId | None) -> Task:
    """Note a call that is over for us, and of which the processor may still speak."""
    if call is None or task.action is not Action.ERASE or call in task.may_confirm:
        return task
    return replace(task, may_confirm=(*task.may_confirm, call)[-MOST_CONFIRMABLE:])


def marked(
    task: Task, ids: Collection[ItemId], state: ItemState, evidence: Evidence | None
) -> Task:
    """
    Return *task* with the named items in *state*.

    What the law keeps and what a look has seen gone stay as they are.
    """
    wanted = frozenset(ids)
    return replace(
        task,
        items=tuple(
            replace(item, state=state, evidence=evidence)
            if item.id in wanted and not _is_final(item)
            else item
            for item in task.items
        ),
    )


def reopened(task: Task, ids: Collection[ItemId]) -> Task:
    """Put the named items back to open."""
    return marked(task, ids, ItemState.OPEN, None)


def _is_final(item: TaskItem) -> bool:
    """Tell whether nothing that a call learns moves the item any more."""
    seen_gone = item.state is ItemState.GONE and item.evidence is Evidence.E4
    return seen_gone or item.state is ItemState.KEPT
