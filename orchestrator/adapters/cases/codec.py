"""
Cases, tasks and events as JSON documents, through pydantic's compiled adapters.

What has a column of its own is taken from the column when a row is read: `work` claims
tasks by column alone.

Parsing is the dearest part of a step, and most rows are read by the process that wrote
them; so the values of recent documents are remembered, by the whole document.  That is
safe because they are frozen and a document says everything about its value.
"""

from __future__ import annotations

import json
from collections.abc import Hashable
from datetime import datetime
from threading import Lock
from typing import Generic, NamedTuple, TypeVar

from pydantic import TypeAdapter

from orchestrator.core.cases import Case, Step, Task, TaskStatus
from orchestrator.core.changing import replace
from orchestrator.core.events import Event
from orchestrator.core.plan import Plan
from schemas.connecting import TaskId

ValueT = TypeVar("ValueT")

_MOST_TASKS = 8192  # a few kilobytes each
_MOST_CASES = 1024

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


class Remembered(Generic[ValueT]):
    """The values of the documents seen last, at most so many; for any thread."""

    def __init__(self, most: int) -> None:
        """Begin empty."""
        self._most = most
        self._values: dict[Hashable, ValueT] = {}
        self._lock = Lock()

    def get(self, document: Hashable) -> ValueT | None:
        """Return the value of a document, if it is remembered."""
        return self._values.get(document)

    def keep(self, document: Hashable, value: ValueT) -> ValueT:
        """Remember a value, and forget the oldest if there are too many."""
        with self._lock:
            self._values[document] = value
            if len(self._values) > self._most:
                del self._values[next(iter(self._values))]
        return value


_TASKS: Remembered[Task] = Remembered(_MOST_TASKS)
_CASES: Remembered[Case] = Remembered(_MOST_CASES)


def task_to_doc(task: Task) -> str:
    """Return the JSON document of *task*."""
    doc = _TASK.dump_json(task).decode()
    _TASKS.keep(doc, task)
    return doc


def task_from_row(doc: str, columns: TaskColumns) -> Task:
    """Return the task of a row, with what its columns say on top."""
    known = _TASKS.get((doc, columns))
    if known is not None:
        return known
    task = _TASKS.get(doc) or _TASKS.keep(doc, _TASK.validate_json(doc))
    if task.status == columns.status and task.epoch == columns.epoch:
        return task
    claimed = replace(
        task,
        status=TaskStatus(columns.status),
        step=Step(columns.step),
        wake_at=columns.wake_at,
        epoch=columns.epoch,
        first_called_at=task.first_called_at or columns.claimed_at,
    )
    return _TASKS.keep((doc, columns), claimed)


def case_to_doc(case: Case) -> str:
    """Return the JSON document of *case* without its tasks and plan."""
    doc = _CASE.dump_json(case, exclude={"plan": True, "tasks": True}).decode()
    _CASES.keep(doc, case)
    return doc


def case_from_doc(doc: str, plan: Plan, tasks: dict[TaskId, Task]) -> Case:
    """Return the case of a document with its *plan* and *tasks*."""
    case = _CASES.get(doc)
    if case is None:
        case = _CASES.keep(
            doc, _CASE.validate_python({**json.loads(doc), "plan": plan})
        )
    return replace(case, plan=plan, tasks=tasks or None)


def event_to_doc(event: Event) -> str:
    """Return the JSON document of *event*."""
    return _EVENT.dump_json(event).decode()
