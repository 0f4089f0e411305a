"""
What a planned task waits for, and when its gate opens.

Order: locate until nothing new is learned; exports of this subject, in any open case,
before the first irreversible call; what is fed by an account after it; the identity
root last.  An account without such a link waits for nobody.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from orchestrator.core.afterwards.retention import with_dispositions, with_limits
from orchestrator.core.cases import (
    Case,
    ExportStatus,
    Found,
    Gate,
    GateReason,
    Step,
    Task,
    TaskItem,
    TaskStatus,
)
from orchestrator.core.changing import replace
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.settling import ready, settle, settle_if_over, wait
from orchestrator.core.words import Until
from orchestrator.core.work.links import (
    fed_accounts,
    is_frozen,
    is_located,
    may_still_learn,
)
from schemas.connecting import (
    CLASS_OF,
    Action,
    ActionClass,
    Evidence,
    Mode,
    NotApplicable,
    NothingFound,
    NotTold,
)

_FINAL = frozenset({ActionClass.IRREVERSIBLE, ActionClass.TELLING})
_UNCLAIMED = frozenset({TaskStatus.READY, TaskStatus.WAITING})


def open_gates(case: Case, at: datetime) -> Case:
    """Move every planned task whose gate is open; repeat until nothing moves."""
    moved = True
    while moved:
        moved = False
        for task in case.all_tasks.values():
            if task.status is not TaskStatus.PLANNED:
                continue
            after = _past_gate(case, task, at)
            if after is not task:
                case = case.with_task(after)
                moved = moved or after.status is not TaskStatus.PLANNED
    return case


def close_gates(case: Case) -> Case:
    """
    Put back behind a gate that has closed again what cannot be taken back once done.

    Only what has not begun goes back, for order is of no use to what is half gone; a
    hold stops what has begun too, and takes manual work back from a person.  A task
    under call is past recall.
    """
    for task in case.all_tasks.values():
        if task.status is TaskStatus.WITH_PERSON and _is_held(case, task):
            idle = replace(task, wake_at=None)  # no reminder meanwhile
            case = case.with_task(_behind(case, idle, GateReason.HOLD))
        if task.status in _UNCLAIMED and _is_recallable(case, task):
            reason = waits_for(case, task)
            if reason is GateReason.HOLD or (reason and not task.has_begun):
                case = case.with_task(_behind(case, task, reason))
    return case


def waits_for(case: Case, task: Task) -> GateReason | None:
    """Return what keeps *task* planned, or nothing if its gate is open."""
    if _is_held(case, task):
        return GateReason.HOLD
    if task.is_follow_up:
        return None  # what stood in its way was over at the answer
    planned = case.planned(task)
    if task.action is Action.LOCATE:
        known = case.identifier_types & planned.accepts
        return None if known else GateReason.IDENTIFIERS
    if not is_frozen(case, planned):
        return GateReason.LOCATE
    if task.action in {Action.ERASE, Action.NOTIFY} and not case.is_dry_run:
        shut = _erasure_waits_for(case, planned)
        return next((reason for reason in shut if reason not in task.opened), None)
    return None


def has_come_so_far(case: Case, planned: PlannedAccount, feeder: Task) -> bool:
    """Tell whether an account's erasure need not wait for its *feeder*'s any more."""
    match planned.awaited_of(feeder.account):
        case Until.LOCATED:
            return is_located(case, feeder.account)
        case Until.ACCEPTED:
            return feeder.is_accepted
        case Until.SETTLED:
            return feeder.is_settled


def cooled(case: Case, at: datetime) -> Case:
    """Return *case* without its cooling-off delay, if that is over."""
    is_over = case.cools_until is not None and case.cools_until <= at
    return replace(case, cools_until=None) if is_over else case


def opens_at(case: Case, task: Task, reason: GateReason) -> datetime:
    """
    Return the moment after which a person may open the gate of *task*.

    The controller's `gate_margin` before the last moment at which the processor, within
    its horizon, can still be done by the deadline.  A cooling-off delay is over then.
    """
    if reason is GateReason.COOLING_OFF and case.cools_until is not None:
        return case.cools_until
    planned = case.planned(task)
    latest = case.due_at - planned.horizon - case.plan.gate_margin
    return max(case.opened_at, latest)


def _is_held(case: Case, task: Task) -> bool:
    """Tell whether a hold names the class of the task's action, or a doubt does."""
    its_class = CLASS_OF[task.action]
    is_asked = task.action is not Action.LOCATE and not task.is_follow_up
    if (case.is_identity_doubted or case.unsure_since) and is_asked:
        return its_class is not ActionClass.PROTECTIVE
    return its_class in case.held


def _is_recallable(case: Case, task: Task) -> bool:
    """Tell whether *task*, unclaimed, would erase, tell or do what is held."""
    is_final = CLASS_OF[task.action] in _FINAL
    return task.step is Step.ACT and (is_final or _is_held(case, task))


def _behind(case: Case, task: Task, reason: GateReason) -> Task:
    """Return *task* behind a gate; the retry time a processor asked for stays."""
    if task.gate is not None and task.gate.reason is reason:
        return task
    gate = Gate(reason, opens_at(case, task, reason))
    return replace(task, status=TaskStatus.PLANNED, gate=gate)


def _past_gate(case: Case, task: Task, at: datetime) -> Task:
    """Return *task* moved on if its gate is open, else with what it waits for."""
    reason = waits_for(case, task)
    if reason is GateReason.IDENTIFIERS:
        if not may_still_learn(case, case.planned(task)):
            return settle(task, NotApplicable("no_identifier"), at)
        return _behind(case, task, reason)
    if reason is not None:
        return _behind(case, task, reason)
    if task.action is Action.LOCATE or task.has_begun or task.is_follow_up:
        return _resumed(task, at)
    if task.action is Action.NOTIFY:
        return _notice_begun(case, task, at)
    return _with_frozen_items(case, task, at)


def _with_frozen_items(case: Case, task: Task, at: datetime) -> Task:
    """Give *task* its account's frozen items; settle it where nothing is to do."""
    located = case.task(task.account, Action.LOCATE)
    if located is None or located.outcome is None:
        return _behind(case, task, GateReason.LOCATE)
    if not isinstance(located.outcome, Found | NothingFound):
        # Only an answered search says what there is: never "nothing found" without one.
        return settle(task, located.outcome, at)
    items = tuple(item for item in located.items if _is_wanted(case, task, item))
    known = case.identifier_types & case.planned(task).accepts
    task = replace(task, items=items, identifier_types=known)
    if not items:
        is_left = bool(refused_classes(case, task))
        nothing = NotApplicable("refused") if is_left else NothingFound(Evidence.E2)
        return settle(task, nothing, at)
    planned = case.planned(task)
    is_left_out = planned.mode is Mode.DRY_RUN and task.action in planned.writes
    if is_left_out or case.is_dry_run:
        return settle(task, NotApplicable("dry_run"), at)
    if task.action is Action.ERASE:
        return _erasure_begun(case, task, at)
    return _resumed(task, at)


def refused_classes(case: Case, task: Task) -> tuple[str, ...]:
    """Return the classes found at the account whose erasure was refused."""
    located = case.task(task.account, Action.LOCATE)
    if located is None or task.action is not Action.ERASE:
        return ()
    found = {i.record_class for i in located.items}
    named = {one for one in found if case.scope.names_class(one)}
    return tuple(sorted(named & case.refused_classes))


def _is_wanted(case: Case, task: Task, item: TaskItem) -> bool:
    """Tell whether *task* is about this record, by the wish and by the rulings."""
    is_refused = item.record_class in case.refused_classes
    if task.action is Action.ERASE and is_refused:
        return False
    return case.scope.names_class(item.record_class)


def _erasure_begun(case: Case, task: Task, at: datetime) -> Task:
    """Let an erasure act on what the law does not keep, or does not need."""
    planned = case.planned(task)
    items = with_limits(with_dispositions(case, task.items, at), planned)
    task = replace(task, items=items)
    if task.open_items():
        return _resumed(task, at)
    return settle_if_over(task, planned, at)


def _notice_begun(case: Case, task: Task, at: datetime) -> Task:
    """
    Let a notice go out with every identifier that the recipient accepts.

    It is about the person as a whole, so an erasure of some record classes only is not
    told: the recipient would take it for the erasure of all.
    """
    planned = case.planned(task)
    task = replace(task, identifier_types=case.identifier_types & planned.accepts)
    if not task.identifier_types:
        return settle(task, NotTold("no_identifier"), at)
    if case.scope.record_classes is not None or case.refused_classes:
        return settle(task, NotTold("partial_erasure"), at)
    if planned.mode is Mode.DRY_RUN or case.is_dry_run:
        return settle(task, NotTold("dry_run"), at)
    return _resumed(task, at)


def _resumed(task: Task, at: datetime) -> Task:
    """Let *task* act: now, or when the retry time that it went back with is over."""
    if task.wake_at is not None and task.wake_at > at:
        return wait(task, Step.ACT, task.wake_at, task.reason)
    return ready(task)


def _erasure_waits_for(case: Case, planned: PlannedAccount) -> Iterator[GateReason]:
    """Yield what an erasure, or the news of it, still waits for once frozen."""
    if not all(is_located(case, other.id) for other in fed_accounts(case, planned)):
        yield GateReason.FED_LOCATE
    if case.waits_for_exports or case.export is ExportStatus.GATHERING:
        yield GateReason.EXPORT
    erasures = {task.account: task for task in case.tasks_of(Action.ERASE)}
    feeders = [erasures[id_] for id_ in planned.fed_by if id_ in erasures]
    if not all(has_come_so_far(case, planned, feeder) for feeder in feeders):
        yield GateReason.FEEDER
    others = (task for id_, task in erasures.items() if id_ != planned.id)
    if planned.is_identity_root and not all(task.is_accepted for task in others):
        yield GateReason.OTHERS
    if case.cools_until is not None:
        yield GateReason.COOLING_OFF
