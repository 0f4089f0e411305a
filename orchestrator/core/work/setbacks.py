"""What follows when a call did not get through: wait, look, repeat, or ask a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from orchestrator.core.cases import Step, Task
from orchestrator.core.changing import replace
from orchestrator.core.events import CheckFailed, TaskReported
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.settling import (
    is_late,
    needs_human,
    past_its_time,
    ready,
    settle_if_over,
    wait,
)
from orchestrator.core.work.items import carried, confirmable, reopened, without_call
from orchestrator.core.work.retry import backoff
from schemas.connecting import (
    CLASS_OF,
    Action,
    ActionClass,
    Failed,
    NeedsHuman,
    Replay,
    Retry,
    Unknown,
)

MOST_GARBLED = 12  # answers that nobody could read, before a person looks

GARBLED = frozenset({"contract_changed", "connector_fault", "no_answer", "no_progress"})


@dataclass(frozen=True, slots=True)
class Setback:
    """Why nothing was learned, what is tried next, and how long the processor asks."""

    cause: str
    step: Step
    after: timedelta | None = None


def after_setback(
    task: Task,
    report: CheckFailed | Retry | Unknown,
    event: TaskReported,
    planned: PlannedAccount,
) -> Task:
    """
    Return *task* after a call that taught nothing.

    A look or poll that did not get through is made again.  A poll that answers `retry`
    says that the job has failed: its items want a new one.
    """
    match report:
        case CheckFailed(cause=cause, after_seconds=seconds):
            after = None if seconds is None else timedelta(seconds=seconds)
            return tried_in_vain(task, event, planned, Setback(cause, task.step, after))
        case Retry(cause=cause, after=after) if task.step is Step.LOOK:
            return tried_in_vain(task, event, planned, Setback(cause, Step.LOOK, after))
        case Retry(cause=cause, after=after):
            task = without_call(reopened(task, carried(task, event)), event)
            return tried_in_vain(task, event, planned, Setback(cause, Step.ACT, after))
        case Unknown(cause=cause) if task.step is not Step.ACT:
            return tried_in_vain(task, event, planned, Setback(cause, task.step))
        case Unknown(cause=cause):
            return _answer_lost(task, event, planned, cause)
        case _:
            assert_never(report)


def stopped(task: Task, report: NeedsHuman | Failed, event: TaskReported) -> Task:
    """Hand *task* to a person; a job that failed for good has nothing left to poll."""
    match report:
        case NeedsHuman(reason=reason):
            return needs_human(task, reason)
        case Failed(code=code, hint=hint):
            if task.step is Step.POLL:
                task = without_call(reopened(task, carried(task, event)), event)
            return needs_human(task, code, hint)
        case _:
            assert_never(report)


def in_smaller_batch(task: Task, size: int, event: TaskReported) -> Task:
    """
    Let *task* go out at once in half the company, after a batch of *size* was refused.

    So one bad member is alone after about log2(size) rounds, and stops nobody else.
    """
    if size <= 1:
        return needs_human(task, "refused")
    task = replace(task, at_most=(size + 1) // 2)
    return ready(task) if task.step is Step.ACT else wait(task, task.step, event.at)


def tried_in_vain(
    task: Task, event: TaskReported, planned: PlannedAccount, setback: Setback
) -> Task:
    """
    Wait as long as the processor asks, or as backoff says, whichever is later.

    The first answer that nobody could read may be an accident; the twelfth without
    anything learned in between is a change of contract.  A job past its time goes to a
    person even if nobody can ask about it.  An erasure whose items were all spoken of
    meanwhile, without being asked, is not tried again.
    """
    acts = setback.step is Step.ACT and task.action is Action.ERASE
    if acts and not task.open_items():
        return settle_if_over(task, planned, event.at)
    attempts = task.attempts + 1
    garbled = task.garbled + (setback.cause in GARBLED)
    task = replace(task, attempts=attempts, garbled=garbled)
    if setback.step is Step.POLL and is_late(task, event.at):
        return past_its_time(task)
    if setback.cause in GARBLED and garbled >= MOST_GARBLED:
        return needs_human(task, setback.cause)
    pause = backoff(attempts, planned.retry_base, planned.retry_cap, event.jitter)
    if setback.after is not None:
        own = pause if attempts > 1 else timedelta(0)
        pause = max(setback.after, own)
    return wait(task, setback.step, event.at + pause, setback.cause)


def _answer_lost(
    task: Task, event: TaskReported, planned: PlannedAccount, cause: str
) -> Task:
    """Follow the connector's `replay`: look first, repeat, or ask a person."""
    task = replace(task, answers_lost=task.answers_lost + 1)
    task = confirmable(task, event.call)
    match _replay(task, planned):
        case Replay.REPEAT:
            return tried_in_vain(task, event, planned, Setback(cause, Step.ACT))
        case Replay.LOOK:
            return tried_in_vain(task, event, planned, Setback(cause, Step.LOOK))
        case Replay.ASK:
            return needs_human(task, "answer_lost")
        case never:
            assert_never(never)


def _replay(task: Task, planned: PlannedAccount) -> Replay:
    """Return what may follow a lost answer; what only reads is asked again."""
    if CLASS_OF[task.action] is not ActionClass.READING:
        declared = planned.replay.get(task.action, Replay.ASK)
        # Nothing shows afterwards that somebody was told.
        blind = task.action is Action.NOTIFY and declared is Replay.LOOK
        return Replay.ASK if blind else declared
    declared = planned.replay.get(task.action, Replay.REPEAT)
    return Replay.REPEAT if declared is Replay.LOOK else declared
