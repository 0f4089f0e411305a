"""Weigh what a look saw: absence proves, presence is acted on or called a lie."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from orchestrator.core.cases import ItemState, Step, Task
from orchestrator.core.changing import replace
from orchestrator.core.events import ItemsLookedAt, TaskReported
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.settling import needs_human, ready, settle_if_over, wait
from orchestrator.core.work.items import items_to_see, marked, reopened
from orchestrator.core.work.setbacks import Setback, tried_in_vain
from schemas.connecting import Done, Evidence, ItemId, Proof

MOST_MISSES = 3  # looks that still see a record the processor called erased


def after_look(task: Task, event: TaskReported, planned: PlannedAccount) -> Task:
    """
    Return an erasure after a look.

    Only the items that the look carried are spoken of, and none that the law keeps.
    """
    match event.report:
        case ItemsLookedAt(told=True):
            return _looked(task, event.report, event, planned)
        case ItemsLookedAt():
            return _cannot_tell(task, planned, event.at)
        case _:
            return needs_human(task, "connector_fault")


def _looked(
    task: Task, report: ItemsLookedAt, event: TaskReported, planned: PlannedAccount
) -> Task:
    """Count absence: it proves once seen `looks_wanted` times, `settle_for` apart."""
    asked = frozenset(event.items)
    seen = [i.id for i in items_to_see(task) if i.id in asked]
    if not seen:
        # A look at nothing says nothing, least of all that a record is gone.
        again = Setback("no_progress", Step.LOOK)
        return tried_in_vain(task, event, planned, again)
    present = report.present.intersection(seen)
    if present:
        absent = [id_ for id_ in seen if id_ not in present]
        return _still_there(task, absent, present, event, planned)
    looks = task.looks + 1
    task = replace(task, looks=looks, attempts=0, garbled=0, misses=0)
    if looks < planned.looks_wanted:
        return wait(task, Step.LOOK, event.at + planned.settle_for, "settling")
    task = replace(marked(task, seen, ItemState.GONE, Evidence.E4), looks=0)
    task = settle_if_over(task, planned, event.at)
    if report.redacted and isinstance(task.outcome, Done):
        return replace(task, outcome=Done("redacted", task.outcome.evidence))
    return task


def _still_there(
    task: Task,
    absent: Collection[ItemId],
    present: frozenset[ItemId],
    event: TaskReported,
    planned: PlannedAccount,
) -> Task:
    """Act on what was never confirmed; doubt a processor that called it erased."""
    # Seen absent once: proof only where one look is enough, else it is looked at again.
    grade = Evidence.E4 if planned.looks_wanted <= 1 else Evidence.E2
    task = replace(marked(task, absent, ItemState.GONE, grade), looks=0)
    if still := task.open_items():
        # All that was found is there: the call whose answer was lost changed nothing.
        changed = bool(absent) or not all(item.proven for item in still)
        return ready(task if changed else replace(task, answers_lost=0))
    # Whoever signed that it is gone was wrong: what it says again proves nothing.
    task = replace(task, misses=task.misses + 1, may_confirm=())
    if task.misses >= MOST_MISSES:
        return needs_human(reopened(task, present), "still_present")
    again = Setback("still_present", Step.LOOK, planned.settle_for)
    return tried_in_vain(task, event, planned, again)


def _cannot_tell(task: Task, planned: PlannedAccount, at: datetime) -> Task:
    """Without a way to look, the processor's own word is the best there is."""
    if task.open_items():
        return needs_human(task, "answer_lost")
    without_look = replace(planned, proof=Proof.STATUS)
    return settle_if_over(task, without_look, at)
