"""The last step of a task, and the named steps before it: ready, wait, a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from orchestrator.core.afterwards.retention import kept_at_last, retained
from orchestrator.core.cases import Found, ItemState, Step, Task, TaskItem, TaskStatus
from orchestrator.core.changing import replace
from orchestrator.core.plan import PlannedAccount
from schemas.connecting import (
    Action,
    Done,
    Evidence,
    NotApplicable,
    NothingFound,
    NotTold,
    Outcome,
    Proof,
)

GRADES = tuple(Evidence)

WITHDRAWN = NotApplicable("withdrawn")
REFUSED = NotApplicable("refused")
_ENDS_OF_A_CASE = frozenset({WITHDRAWN.reason, REFUSED.reason})


def settle(task: Task, outcome: Outcome | Found, at: datetime) -> Task:
    """Give *task* its outcome."""
    task = replace(task, items=tuple(map(kept_at_last, task.items)))
    return replace(
        task,
        status=TaskStatus.SETTLED,
        outcome=outcome,
        retained=retained(task),
        settled_at=at,
        wake_at=None,
        gate=None,
        reason=None,
        hint=None,
        open_calls=(),
        choices=(),
        ask_again=False,
        epoch=None,
    )


def left_out(task: Task, reason: str) -> NotApplicable | NotTold:
    """Return why nothing is asked; of a recipient to be told, that it was not told."""
    if task.action is Action.NOTIFY:
        return NotTold(reason)
    return NotApplicable(reason)


def noted(task: Task, end: NotApplicable) -> Task:
    """
    Return a *task* under call whose case ended meanwhile: its report obeys.

    A poll that moves nothing decides nothing, unless its task has changed meanwhile.
    """
    return replace(task, reason=end.reason) if task.step is Step.POLL else task


def ended_meanwhile(task: Task) -> bool:
    """Tell whether the case of a *task* under call has ended since the call began."""
    return task.reason in _ENDS_OF_A_CASE


def needs_human(task: Task, reason: str, hint: str | None = None) -> Task:
    """Hand *task* to a person, with a code that says why."""
    return replace(
        task,
        status=TaskStatus.NEEDS_HUMAN,
        reason=reason,
        hint=hint,
        wake_at=None,
        epoch=None,
    )


def past_its_time(task: Task) -> Task:
    """Hand a task to a person whose job should be over by now."""
    return replace(needs_human(task, "horizon_passed"), late_jobs=task.late_jobs + 1)


def is_late(task: Task, at: datetime) -> bool:
    """Tell whether a job of *task* should be over by now."""
    return any(call.late_at <= at for call in task.open_calls)


def wait(task: Task, step: Step, until: datetime, reason: str | None = None) -> Task:
    """Let *task* wait for its next call."""
    return replace(
        task,
        status=TaskStatus.WAITING,
        step=step,
        wake_at=until,
        gate=None,
        reason=reason,
        hint=None,
        ask_again=False,
        epoch=None,
    )


def ready(task: Task) -> Task:
    """Let *task* act now, with every identifier that is known by then."""
    return replace(
        task,
        status=TaskStatus.READY,
        step=Step.ACT,
        wake_at=None,
        gate=None,
        reason=None,
        hint=None,
        ask_again=False,
        epoch=None,
    )


def settle_if_over(task: Task, planned: PlannedAccount, at: datetime) -> Task:
    """
    Return the next step of an erasure after something was learned of its items.

    Open items are acted on; accepted ones are polled; finished ones are looked at
    where the connector can look; and only then the task settles.
    """
    if task.open_items():
        return ready(task)
    if task.open_calls:
        return wait(task, Step.POLL, next_check(task))
    gone = [item for item in task.items if item.state is ItemState.GONE]
    if gone and planned.proof is Proof.LOOKUP and weakest(gone) is not Evidence.E4:
        pause = planned.settle_for if task.looks else timedelta(0)
        return wait(task, Step.LOOK, at + pause)
    return _settle_over(task, gone, at)


def next_check(task: Task) -> datetime:
    """Return when the next of the task's jobs is asked about."""
    return min(call.check_at for call in task.open_calls)


def _settle_over(task: Task, gone: list[TaskItem], at: datetime) -> Task:
    """Settle an erasure none of whose items has anything left to do."""
    if gone:
        is_less = all(item.limited for item in gone)
        grade = weakest(gone)
        done = Done("redacted", grade) if is_less else Done("deleted", grade)
        return settle(task, done, at)
    if kept := retained(task):
        return settle(task, max(kept, key=lambda line: line.until), at)
    return settle(task, NothingFound(Evidence.E2), at)


def weakest(items: Sequence[TaskItem]) -> Evidence:
    """Return the lowest grade among *items*."""
    return min((item.evidence or Evidence.E0 for item in items), key=GRADES.index)
