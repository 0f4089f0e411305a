"""
Cases, tasks and events as JSON documents, through pydantic's compiled adapters.

What has a column of its own is taken from the column when a row is read: `work` claims
tasks by column alone.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from pydantic import TypeAdapter

from orchestrator.core.cases import Case, Step, Task, TaskStatus
from orchestrator.core.events import Event
from orchestrator.core.plan import Plan
from schemas.connecting import TaskId

_TASK: TypeAdapter[Task] = TypeAdapter(Task)
_CASE: TypeAdapter[Case] = TypeAdapter(Case)
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class TaskColumns(NamedTuple):
    """The part of a task row that `work` may change without its document."""

    status: str
    step: str
    wake_at: datetime | None
    epoch: int | None
    claimed_at: datetime | None


def task_to_doc(task: Task) -> str:
    """Return the JSON document of *task*."""
    return _TASK.dump_json(task).decode()


def task_from_row(doc: str, columns: TaskColumns) -> Task:
    """Return the task of a row, with what its columns say on top."""
    task = _TASK.validate_json(doc)
    if task.status == columns.status and task.epoch == columns.epoch:
        return task
    return replace(
        task,
        status=TaskStatus(columns.status),
        step=Step(columns.step),
        wake_at=columns.wake_at,
        epoch=columns.epoch,
        first_called_at=task.first_called_at or columns.claimed_at,
    )


def case_to_doc(case: Case) -> str:
    """Return the JSON document of *case* without its tasks and plan."""
    return _CASE.dump_json(case, exclude={"plan": True, "tasks": True}).decode()


def case_from_doc(doc: str, plan: Plan, tasks: dict[TaskId, Task]) -> Case:
    """Return the case of a document with its *plan* and *tasks*."""
    values = json.loads(doc)
    values["plan"] = plan
    return replace(_CASE.validate_python(values), tasks=tasks or None)


def event_to_doc(event: Event) -> str:
    """Return the JSON document of *event*."""
    return _EVENT.dump_json(event, exclude_none=True).decode()
