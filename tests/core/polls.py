"""A poll that moves nothing: what its task does by itself, and with the whole case."""

from __future__ import annotations

from orchestrator.core.cases import Case, CaseStatus
from orchestrator.core.commands import Decision
from orchestrator.core.events import TaskReported
from orchestrator.core.work.reports import still_going


def check_still_going(before: Case, event: TaskReported, decision: Decision) -> None:
    """Check that a task which waits on by itself does so with the whole case, too."""
    task = before.all_tasks.get(event.task)
    if task is None or not (task.is_follow_up or before.status is CaseStatus.RUNNING):
        return
    after = still_going(task, event, before.planned(task))
    if after is None:
        return
    if before.wake_at is None or before.wake_at > event.at:
        # Else the whole case would also do what time has made due; sweep does.
        assert decision.commands == ()
        assert decision.case.all_tasks == {**before.all_tasks, task.id: after}
