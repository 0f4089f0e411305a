"""
What a planned task waits for, and when its gate opens.

Order: locate until nothing new is learned; exports of this subject, in any open case,
before the first irreversible call; what is fed by an account after it; the identity
root last.  An account without such a link waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from orchestrator.core.cases import (
    Case,
    ExportStatus,
    Gate,
    GateReason,
    ItemState,
    Task,
    TaskStatus,
)
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.retention import with_dispositions
from orchestrator.core.settling import settle, settle_if_over
from orchestrator.core.words import AccountId
from schemas.connecting import (
    CLASS_OF,
    Action,
    Evidence,
    Mode,
    NotApplicable,
    NothingFound,
)


def open_gates(case: Case, at: datetime) -> Case:
    """Move every planned task whose gate is open; repeat until nothing moves."""
    while True:
        moved = case
        for task in case.all_tasks.values():
            if task.status is TaskStatus.PLANNED:
                moved = moved.with_task(_past_gate(moved, task, at))
        if moved.all_tasks == case.all_tasks:
            return moved
        case = moved


def close_gates(case: Case) -> Case:
    """Put ready irreversible tasks back behind a gate that has closed again."""
    for task in case.all_tasks.values():
        if task.status is TaskStatus.READY and task.calls == 0 and task.action is Action.ERASE:
            reason = waits_for(case, task)
            if reason is not None:
                case = case.with_task(
                    replace(task, status=TaskStatus.PLANNED, gate=Gate(reason, opens_at(case, task)))
                )
    return case


def waits_for(case: Case, task: Task) -> GateReason | None:
    """Return what keeps *task* planned, or nothing if its gate is open."""
    if CLASS_OF[task.action] in case.held:
        return GateReason.HOLD
    planned = case.planned(task)
    if task.action is Action.LOCATE:
        return None if case.identifier_types & planned.accepts else GateReason.IDENTIFIERS
    if not is_frozen(case, planned):
        return GateReason.LOCATE
    if task.action is Action.ERASE:
        return _erasure_waits_for(case, planned)
    return None


def is_frozen(case: Case, account: PlannedAccount) -> bool:
    """
    Tell whether nothing more can be learned about the account's items.

    It, and every account that yields an identifier it needs (also through others),
    has been located.
    """
    return all(_is_located(case, id_) for id_ in _teachers(case, account))


def opens_at(case: Case, task: Task) -> datetime:
    """Return the moment after which a person may open the gate of *task*."""
    return max(case.opened_at, task.dispatch_by)


def _past_gate(case: Case, task: Task, at: datetime) -> Task:
    """Return *task* moved on if its gate is open, else with what it waits for."""
    reason = waits_for(case, task)
    if reason is GateReason.IDENTIFIERS and _nothing_more_to_learn(case, task):
        return settle(task, NotApplicable("no_identifier"), at)
    if reason is not None:
        return replace(task, gate=Gate(reason, opens_at(case, task)))
    if task.action is Action.LOCATE:
        return replace(task, status=TaskStatus.READY, gate=None)
    return _with_frozen_items(case, task, at)


def _with_frozen_items(case: Case, task: Task, at: datetime) -> Task:
    """Give *task* the frozen items of its account, or settle it where there is nothing to do."""
    located = case.task(task.account, Action.LOCATE)
    planned = case.planned(task)
    if located is not None and isinstance(located.outcome, NotApplicable):
        return settle(task, located.outcome, at)
    items = located.items if located is not None else ()
    if not items:
        return settle(task, NothingFound(Evidence.E2), at)
    if task.action is not Action.ERASE:
        return replace(task, status=TaskStatus.READY, gate=None, items=items)
    if planned.mode is Mode.DRY_RUN:
        return settle(replace(task, items=items), NotApplicable("dry_run"), at)
    ready = replace(task, status=TaskStatus.READY, gate=None, items=with_dispositions(case, items, at))
    if any(item.state is ItemState.OPEN for item in ready.items):
        return ready
    return settle_if_over(ready, planned, at)


def _erasure_waits_for(case: Case, planned: PlannedAccount) -> GateReason | None:
    """Return what an erasure of a frozen account still waits for."""
    if not all(_is_located(case, other.id) for other in _fed_accounts(case, planned)):
        return GateReason.FED_LOCATE
    if case.waits_for_exports or case.export is ExportStatus.GATHERING:
        return GateReason.EXPORT
    erasures = {task.account: task for task in case.tasks_of(Action.ERASE)}
    feeders = (erasures[id_] for id_ in planned.fed_by if id_ in erasures)
    if not all(task.is_settled for task in feeders):
        return GateReason.FEEDER
    others = (task for id_, task in erasures.items() if id_ != planned.id)
    if planned.is_identity_root and not all(task.is_accepted for task in others):
        return GateReason.OTHERS
    return None


def _nothing_more_to_learn(case: Case, task: Task) -> bool:
    """Tell whether nobody who could teach this account's identifiers is still searching."""
    planned = case.planned(task)
    return all(_is_located(case, id_) for id_ in _teachers(case, planned) if id_ != planned.id)


def _is_located(case: Case, account: AccountId) -> bool:
    """Tell whether the account's search is over (or it never searches)."""
    task = case.task(account, Action.LOCATE)
    return task is None or task.is_settled


def _teachers(case: Case, account: PlannedAccount) -> frozenset[AccountId]:
    """Return the account and all that yield what it needs, directly or through others."""
    known = {account.id: account}
    queue = [account]
    while queue:
        needs = queue.pop().accepts
        for other in _others_searching(case, known):
            if other.yields & needs:
                known[other.id] = other
                queue.append(other)
    return frozenset(known)


def _others_searching(case: Case, known: dict[AccountId, PlannedAccount]) -> Iterator[PlannedAccount]:
    """Yield the accounts with a search in this case that are not known yet."""
    for other in case.plan.accounts:
        if other.id not in known and case.task(other.id, Action.LOCATE) is not None:
            yield other


def _fed_accounts(case: Case, account: PlannedAccount) -> Iterator[PlannedAccount]:
    """Yield the accounts that *account* feeds with data or with identifiers."""
    for other in case.plan.accounts:
        if other.id != account.id and (account.id in other.fed_by or other.accepts & account.yields):
            yield other
