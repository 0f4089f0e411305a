"""What follows when a call of a task ends: acting, polling, looking, locating."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from orchestrator.core.cases import Found, ItemState, OpenCall, Step, Task, TaskItem, TaskStatus
from orchestrator.core.events import (
    CheckFailed,
    ItemsLocated,
    ItemsLookedAt,
    MatchesConflicted,
    TaskReported,
)
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.retry import backoff
from orchestrator.core.settling import needs_human, ready, settle, settle_if_over, wait
from schemas.connecting import (
    Accepted,
    Action,
    Done,
    Evidence,
    Exported,
    Failed,
    ItemId,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    Notified,
    NotTold,
    Progress,
    Proof,
    Replay,
    Retained,
    Retry,
    Unconfirmed,
    Unknown,
)

MOST_MISSES = 3  # looks that still see a record the processor called erased
MOST_GARBLED = 12  # answers in a row that nobody could read

GARBLED = frozenset({"contract_changed"})


def after_report(task: Task, event: TaskReported, planned: PlannedAccount) -> Task:
    """Return *task* after its call ended; total over every report."""
    task = replace(task, first_called_at=task.first_called_at or event.at, epoch=None)
    match event.report:
        case ItemsLocated():
            return _located(task, event.report, planned, event.at)
        case MatchesConflicted(candidates=candidates):
            return needs_human(replace(task, choices=candidates), "ambiguous")
        case ItemsLookedAt():
            return _looked(task, event.report, event, planned)
        case CheckFailed(cause=cause, after_seconds=after):
            return _tried_in_vain(task, event, planned, cause, after, task.step)
        case Retry(cause=cause, after=after):
            seconds = None if after is None else after.total_seconds()
            acting = _reopened(_without_call(task, event), event.items)
            return _tried_in_vain(acting, event, planned, cause, seconds, Step.ACT)
        case Done() | Progress() | NothingFound():
            return _finished_items(task, event, planned)
        case Accepted():
            return _accepted(task, event.report, event, planned)
        case Unknown(cause=cause):
            return _answer_lost(task, event, planned, cause)
        case Exported() | Notified() | NotTold() | NotApplicable() | Retained() | Unconfirmed():
            return settle(task, event.report, event.at)
        case NeedsHuman(reason=reason):
            return needs_human(task, reason)
        case Failed(code=code, hint=hint):
            return needs_human(task, code, hint)
        case _:
            assert_never(event.report)


def chosen(task: Task, picks: Collection[int], planned: PlannedAccount, at: datetime) -> Task:
    """Settle an ambiguous search with the candidates that a person picked."""
    items = {item.id: item for pick in picks for item in task.choices[pick]}
    unlimited = replace(planned, max_records=max(planned.max_records, len(items)))
    return _located(replace(task, items=()), ItemsLocated(tuple(items.values())), unlimited, at)


def _located(task: Task, report: ItemsLocated, planned: PlannedAccount, at: datetime) -> Task:
    """Join what this search found to what earlier ones did."""
    items = {item.id: item for item in (*task.items, *report.items)}
    task = replace(task, items=tuple(items.values()), attempts=0)
    if task.ask_again:
        return ready(replace(task, ask_again=False))
    if len(items) > planned.max_records:
        return needs_human(replace(task, choices=(task.items,)), "too_many_records")
    outcome = Found(len(items)) if items else NothingFound(Evidence.E2)
    return settle(task, outcome, at)


def _finished_items(task: Task, event: TaskReported, planned: PlannedAccount) -> Task:
    """Mark what the processor says is done, and go on with the rest."""
    if task.action is Action.LOCATE:
        if task.ask_again:
            return ready(replace(task, ask_again=False))
        outcome = Found(len(task.items)) if task.items else NothingFound(Evidence.E2)
        return settle(task, outcome, event.at)
    if task.action is not Action.ERASE:
        assert isinstance(event.report, Done | NothingFound | Progress)
        return settle(task, event.report, event.at)
    match event.report:
        case Done(evidence=evidence):
            marked = _marked(task, event.items, ItemState.GONE, evidence)
        case Progress(done=done, evidence=evidence):
            marked = _reopened(_marked(task, done, ItemState.GONE, evidence), event.items)
        case _:
            marked = _not_there(task, event.items)
    marked = replace(_without_call(marked, event), attempts=0)
    return settle_if_over(marked, planned, event.at)


def _not_there(task: Task, items: Collection[ItemId]) -> Task:
    """
    Mark items that the processor does not know.

    After a positive locate that is absence, proven by its answer.  After a lost answer
    it is our own erasure speaking, never "nothing found".
    """
    for item in task.items:
        if item.id in items:
            if item.proven:
                task = _marked(task, (item.id,), ItemState.GONE, Evidence.E4)
            elif task.answers_lost:
                task = _marked(task, (item.id,), ItemState.GONE, Evidence.E2)
            else:
                task = _marked(task, (item.id,), ItemState.NEVER_SEEN, Evidence.E2)
    return task


def _accepted(task: Task, report: Accepted, event: TaskReported, planned: PlannedAccount) -> Task:
    """Note the job, or that it still runs; past the processor's horizon a person looks."""
    assert event.call is not None, "an accepted job has a durable call"
    known = {call.id: call for call in task.open_calls}
    before = known.get(event.call)
    within = report.expected_within or planned.horizon
    late_at = before.late_at if before else event.at + max(within, timedelta(hours=1))
    items = before.items if before else event.items
    known[event.call] = OpenCall(event.call, items, event.at + report.check_after, late_at)
    task = replace(task, open_calls=tuple(known.values()), attempts=0)
    if task.action is Action.ERASE:
        task = _marked(task, items, ItemState.ACCEPTED, Evidence.E1)
    if event.at >= late_at:
        return needs_human(task, "horizon_passed")
    if task.action is Action.ERASE:
        return settle_if_over(task, planned, event.at)
    return wait(task, Step.POLL, event.at + report.check_after)


def _answer_lost(task: Task, event: TaskReported, planned: PlannedAccount, cause: str) -> Task:
    """Follow the connector's `replay`: look first, repeat, or ask a person."""
    task = replace(task, answers_lost=task.answers_lost + 1)
    match planned.replay.get(task.action, Replay.ASK):
        case Replay.REPEAT:
            return _tried_in_vain(task, event, planned, cause, None, Step.ACT)
        case Replay.LOOK:
            return _tried_in_vain(task, event, planned, cause, None, Step.LOOK)
        case Replay.ASK:
            return needs_human(task, "answer_lost")
        case never:
            assert_never(never)


def _looked(
    task: Task, report: ItemsLookedAt, event: TaskReported, planned: PlannedAccount
) -> Task:
    """Weigh what a look saw: absence proves, presence is acted on or called a lie."""
    if not report.told:
        return _cannot_tell(task, planned, event.at)
    if report.present:
        return _still_there(task, report.present, event, planned)
    task = replace(task, looks=task.looks + 1, attempts=0, misses=0)
    if task.looks < planned.looks_wanted:
        return wait(task, Step.LOOK, event.at + planned.settle_for, "settling")
    gone = tuple(i.id for i in task.items if i.state in {ItemState.OPEN, ItemState.GONE})
    task = settle_if_over(_marked(task, gone, ItemState.GONE, Evidence.E4), planned, event.at)
    if report.redacted and isinstance(task.outcome, Done):
        return replace(task, outcome=Done("redacted", task.outcome.evidence))
    return task


def _still_there(
    task: Task, present: Collection[ItemId], event: TaskReported, planned: PlannedAccount
) -> Task:
    """Act on what was never confirmed; doubt a processor that called it erased."""
    absent = tuple(
        item.id
        for item in task.items
        if item.id not in present and item.state in {ItemState.OPEN, ItemState.GONE}
    )
    task = replace(_marked(task, absent, ItemState.GONE, Evidence.E4), looks=0)
    if task.open_items():
        return ready(task)
    task = replace(task, misses=task.misses + 1)
    if task.misses >= MOST_MISSES:
        return needs_human(_reopened(task, present), "still_present")
    return _tried_in_vain(task, event, planned, "still_present", None, Step.LOOK)


def _cannot_tell(task: Task, planned: PlannedAccount, at: datetime) -> Task:
    """Without a way to look, the processor's own word is the best there is."""
    if task.open_items():
        return needs_human(task, "answer_lost")
    without_look = replace(planned, proof=Proof.STATUS)
    return settle_if_over(task, without_look, at)


def _tried_in_vain(
    task: Task,
    event: TaskReported,
    planned: PlannedAccount,
    cause: str,
    after_seconds: float | None,
    step: Step,
) -> Task:
    """Wait as long as the processor asks, or as backoff says, whichever is later."""
    attempts = task.attempts + 1
    task = replace(task, attempts=attempts)
    if cause in GARBLED and attempts >= MOST_GARBLED:
        return needs_human(task, cause)
    pause = backoff(attempts, planned.retry_base, planned.retry_cap, event.jitter)
    if after_seconds is not None:
        pause = max(timedelta(seconds=after_seconds), pause if attempts > 1 else timedelta(0))
    return wait(task, step, event.at + pause, cause)


def _without_call(task: Task, event: TaskReported) -> Task:
    """Forget the job that this report ended."""
    return replace(task, open_calls=tuple(c for c in task.open_calls if c.id != event.call))


def _marked(
    task: Task, ids: Collection[ItemId], state: ItemState, evidence: Evidence | None
) -> Task:
    """Return *task* with the named items in *state*."""
    wanted = frozenset(ids)
    return replace(
        task,
        items=tuple(
            replace(item, state=state, evidence=evidence)
            if item.id in wanted and item.state is not ItemState.KEPT
            else item
            for item in task.items
        ),
    )


def _reopened(task: Task, ids: Collection[ItemId]) -> Task:
    """Put the named items back to open unless they are gone with a read-back."""
    still = tuple(
        item.id
        for item in task.items
        if item.id in ids and not (item.state is ItemState.GONE and item.evidence is Evidence.E4)
    )
    return _marked(task, still, ItemState.OPEN, None)


def is_open(task: Task) -> bool:
    """Tell whether news about *task* may still change it."""
    return task.status is not TaskStatus.SETTLED


def first_items(task: Task, limit: int | None) -> tuple[TaskItem, ...]:
    """Return the items that the next call of *task* carries."""
    items = task.open_items() if task.action is Action.ERASE else task.items
    return items if limit is None else items[:limit]
