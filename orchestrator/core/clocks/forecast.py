"""
When each open task can be over, if nothing goes wrong from now on.

No promise: a processor's own horizon is taken at its word, one after the other where
one waits for another.  Of what a person must decide nobody can say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from orchestrator.core.cases import Case, ExportStatus, GateReason, Task, TaskStatus
from orchestrator.core.words import AccountId
from orchestrator.core.work.gates import has_come_so_far
from schemas.connecting import CLASS_OF, Action, ActionClass, TaskId


@dataclass(frozen=True, slots=True)
class Endangered:
    """An account that cannot be done by the deadline, or of which nobody can say."""

    account: AccountId
    action: Action
    why: str
    expected_by: datetime | None


def expected_end(case: Case, task: Task, at: datetime) -> datetime | None:
    """Return by when *task* should be over; None where nobody can say."""
    return _end(case, task, at, frozenset())


def endangered(case: Case, at: datetime) -> Iterator[Endangered]:
    """Yield what will not be over by the deadline as things stand."""
    for task in case.all_tasks.values():
        if task.is_settled:
            continue
        end = expected_end(case, task, at)
        if end is None or end > case.due_at:
            yield Endangered(task.account, task.action, why_open(task), end)


def why_open(task: Task) -> str:
    """Return a code that says what an open task waits for."""
    if task.gate is not None:
        return f"gate_{task.gate.reason.value}"
    if task.open_calls:
        return "job_running"
    return task.status.value


def _end(
    case: Case, task: Task, at: datetime, seen: frozenset[TaskId]
) -> datetime | None:
    """Return by when *task* should be over; *seen* are those that wait for it."""
    if task.settled_at is not None:
        return task.settled_at
    if task.id in seen or task.status is TaskStatus.NEEDS_HUMAN:
        return None
    if task.status is TaskStatus.WITH_PERSON and task.handover:
        return _ahead(task.handover.due_at, at)
    if task.open_calls:
        return _ahead(max(call.late_at for call in task.open_calls), at)
    before = at
    if task.gate is not None:
        ends = [_end(case, one, at, seen | {task.id}) for one in _awaited(case, task)]
        known = [end for end in ends if end is not None]
        if len(known) < len(ends) or task.gate.reason is GateReason.HOLD:
            return None
        before = max([*known, at])
    start = max(before, task.wake_at or at)
    reads = CLASS_OF[task.action] is ActionClass.READING
    return start if reads else start + case.planned(task).horizon


def _ahead(moment: datetime, at: datetime) -> datetime | None:
    """Return *moment*; None if it is over, for then nobody can say."""
    return moment if moment > at else None


def _awaited(case: Case, task: Task) -> Iterable[Task]:
    """Return the tasks that a task behind a gate may wait for."""
    planned = case.planned(task)
    searches = case.tasks_of(Action.LOCATE)
    others = [one for one in case.tasks_of(Action.ERASE) if one.id != task.id]
    awaited: list[Task] = [one for one in searches if one.id != task.id]
    if task.action is Action.LOCATE:
        return [one for one in awaited if one.gate is None]
    if task.action is Action.EXPORT:
        return awaited
    if case.export is ExportStatus.GATHERING:
        awaited += case.tasks_of(Action.EXPORT)
    if planned.is_identity_root:
        return [*awaited, *others]
    feeders = [one for one in others if one.account in planned.fed_by]
    return [*awaited, *(x for x in feeders if not has_come_so_far(case, planned, x))]
