"""What a case's lines add up to."""

from __future__ import annotations

from orchestrator.core.answer.recipients import is_anybody_missed
from orchestrator.core.cases import Case, Found, ItemState, Task
from orchestrator.core.settling import REFUSED, WITHDRAWN
from orchestrator.core.words import Result
from orchestrator.core.work.gates import refused_classes
from orchestrator.core.work.withdrawing import WITHDRAWN_IN_PART
from schemas.connecting import (
    CLASS_OF,
    Action,
    ActionClass,
    Done,
    Exported,
    NothingFound,
    Notified,
    Retained,
)


def result_of(case: Case) -> Result:
    """
    Return the case's result; `complete` only when every line is closed in full.

    A line that was skipped, failed or ended by a person without confirmation makes it
    `partial`, and so does a recipient that nobody told without a ground; a kept record
    makes it `complete_with_retention`.  A withdrawn request is
    `withdrawn` only if nothing was erased or told before.
    """
    if any(task.outcome == REFUSED for task in case.all_tasks.values()):
        return _result_of_refusal(case)
    asked_nobody = case.withdrawn_at is not None and not case.all_tasks
    if asked_nobody or any(_is_withdrawn(task) for task in case.all_tasks.values()):
        return Result.PARTIAL if _has_changed(case) else Result.WITHDRAWN
    lines = [
        task for task in case.all_tasks.values() if task.action is not Action.LOCATE
    ]
    searches = case.tasks_of(Action.LOCATE)
    if not lines or not all(is_fulfilled(task) for task in (*lines, *searches)):
        return Result.PARTIAL
    if any(refused_classes(case, task) for task in lines) or is_anybody_missed(case):
        return Result.PARTIAL
    if any(task.retained for task in lines):
        return Result.COMPLETE_WITH_RETENTION
    return Result.COMPLETE


def _result_of_refusal(case: Case) -> Result:
    """Return `refused` if nothing at all was done or given; a part is `partial`."""
    is_whole = case.refused_for is not None and case.export_sha256 is None
    return Result.REFUSED if is_whole else Result.PARTIAL


def is_fulfilled(task: Task) -> bool:
    """Tell whether a line ended as the person may expect."""
    fulfilled = Done | NothingFound | Retained | Exported | Notified | Found
    return task.is_settled and isinstance(task.outcome, fulfilled)


def _is_withdrawn(task: Task) -> bool:
    """Tell whether a line ended because the request was withdrawn."""
    return task.outcome in {WITHDRAWN, WITHDRAWN_IN_PART}


def _has_changed(case: Case) -> bool:
    """Tell whether anything may have changed at a recipient, or it was told."""
    return any(
        isinstance(task.outcome, Done | Notified)
        or any(item.state is ItemState.GONE for item in task.items)
        or (task.answers_lost and CLASS_OF[task.action] is not ActionClass.READING)
        for task in case.all_tasks.values()
    )
