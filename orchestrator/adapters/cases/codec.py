"""
Cases, tasks and events as JSON documents, through pydantic's compiled adapters.

What has a column of its own is taken from the column when a row is read: `work` claims
tasks by column alone.

Parsing is the dearest part of a step, and most rows are read by the process that wrote
them; so the last document of a recent task or case is remembered with its value, and
given out for the very same document again.  That is safe because values are frozen and
a document says everything about its value.
"""

from __future__ import annotations

import json
from collections import OrderedDict
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
    """What was kept last, at most so many by their ids; for any thread."""

    def __init__(self, most: int) -> None:
        """Begin empty."""
        self._most = most
        self._values: OrderedDict[str, ValueT] = OrderedDict()
        self._lock = Lock()

    def get(self, id_: str) -> ValueT | None:
        """Return what was kept of *id_*, if it is remembered."""
        return self._values.get(id_)

    def keep(self, id_: str, value: ValueT) -> None:
        """Remember a value, and forget the oldest if there are too many."""
        with self._lock:
            self._values[id_] = value
            self._values.move_to_end(id_)
            if len(self._values) > self._most:
                self._values.popitem(last=False)


class TaskRead(NamedTuple):
    """A task's document and columns, with the task that each of them says."""

    doc: str
    columns: TaskColumns
    written: Task
    task: Task


class CaseRead(NamedTuple):
    """A case's document, and the case that it says."""

    doc: str
    case: Case


_TASKS: Remembered[TaskRead] = Remembered(_MOST_TASKS)
_CASES: Remembered[CaseRead] = Remembered(_MOST_CASES)


def task_to_doc(task: Task) -> str:
    """Return the JSON document of *task*."""
    doc = _TASK.dump_json(task).decode()
    columns = TaskColumns(
        task.status, task.step, task.wake_at, task.epoch, task.first_called_at
    )
    _TASKS.keep(task.id, TaskRead(doc, columns, task, task))
    return doc


def task_from_row(id_: str, doc: str, columns: TaskColumns) -> Task:
    """Return the task of a row, with what its columns say on top."""
    known = _TASKS.get(id_)
    if known is None or known.doc != doc:
        task = _TASK.validate_json(doc)
    elif known.columns == columns:
        return known.task
    else:
        task = known.written
    read = TaskRead(doc, columns, task, _with_columns(task, columns))
    _TASKS.keep(id_, read)
    return read.task


def _with_columns(task: Task, columns: TaskColumns) -> Task:
    """Return *task* as a claim has changed its row."""
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
    doc = _CASE.dump_json(case, exclude={"plan": True, "tasks": True}).decode()
    _CASES.keep(case.id, CaseRead(doc, case))
    return doc


def case_from_doc(id_: str, doc: str, plan: Plan, tasks: dict[TaskId, Task]) -> Case:
    """Return the case of a document with its *plan* and *tasks*."""
    known = _CASES.get(id_)
    if known is None or known.doc != doc:
        case = _CASE.validate_python({**json.loads(doc), "plan": plan})
        known = CaseRead(doc, case)
        _CASES.keep(id_, known)
    return replace(known.case, plan=plan, tasks=tasks or None)


def event_to_doc(event: Event) -> str:
    """Return the JSON document of *event*."""
    return _EVENT.dump_json(event).decode()
