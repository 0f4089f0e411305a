"""What a case's lines add up to."""

from __future__ import annotations

from orchestrator.core.cases import Case, Found, Task
from orchestrator.core.words import Result
from schemas.connecting import Action, Done, Exported, NothingFound, Notified, Retained


def result_of(case: Case) -> Result:
    """
    Return the case's result; `complete` only when every line is closed in full.

    A line that was skipped, failed or ended by a person without confirmation makes it
    `partial`; a kept record makes it `complete_with_retention`.
    """
    lines = [
        task for task in case.all_tasks.values() if task.action is not Action.LOCATE
    ]
    searches = case.tasks_of(Action.LOCATE)
    if not lines or not all(_is_fulfilled(task) for task in (*lines, *searches)):
        return Result.PARTIAL
    if any(task.retained for task in lines):
        return Result.COMPLETE_WITH_RETENTION
    return Result.COMPLETE


def _is_fulfilled(task: Task) -> bool:
    """Tell whether a line ended as the person may expect."""
    fulfilled = Done | NothingFound | Retained | Exported | Notified | Found
    return task.is_settled and isinstance(task.outcome, fulfilled)
