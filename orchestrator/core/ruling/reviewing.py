"""
What people rule of a whole case: hold, release, approve, refuse.

A ruling that does not fit changes nothing.  A refusal comes before anything
irreversible or not at all; it is answered like any case, and a refusal of some record
classes leaves these alone while the rest goes on.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ExportStatus,
    Gate,
    GateReason,
    ItemState,
    Task,
    TaskStatus,
)
from orchestrator.core.changing import replace
from orchestrator.core.grounds import PROVISIONS, fits
from orchestrator.core.holds import (
    BY_RULE,
    HOLDABLE,
    Hold,
    HoldReason,
    Proposal,
    Ruling,
    RulingKind,
    hold_provision,
)
from orchestrator.core.laws import law_of
from orchestrator.core.people import is_same_person
from orchestrator.core.ruled import (
    CaseApproved,
    CaseHeld,
    CaseRefused,
    CaseReleased,
    CaseRuling,
    GateOpened,
)
from orchestrator.core.settling import REFUSED, noted, settle
from schemas.connecting import Action, Done, Notified

OPENABLE = frozenset({GateReason.FED_LOCATE, GateReason.FEEDER, GateReason.OTHERS})
"""
Gates of order.  The others end by a release, an approval, time, or by closing the task
that they wait for: a copy is never overtaken, and only frozen items are erased.
"""
_FINAL = (Action.ERASE, Action.NOTIFY)


def after_ruling(case: Case, event: CaseRuling) -> Case:
    """
    Apply a person's ruling on a running case.

    What is still owed after the answer can be held too, and released again.
    """
    is_open = case.status is CaseStatus.RUNNING
    if isinstance(event, CaseHeld | CaseReleased):
        is_open |= case.status is CaseStatus.ANSWERED and bool(case.obligations)
    if not is_open or case.withdrawn_at is not None:
        return case
    match event:
        case CaseHeld():
            return _held(case, event)
        case CaseReleased():
            return _released(case, event)
        case CaseApproved():
            return _approved(case, event)
        case CaseRefused():
            return _refused(case, event)
        case GateOpened():
            return _opened(case, event)
        case _:
            assert_never(event)


def with_refusal(case: Case, at: datetime) -> Case:
    """Let every task of a refused case end; one under call ends with its report."""
    if case.refused_for is None or case.status is not CaseStatus.RUNNING:
        return case
    for task in case.all_tasks.values():
        if task.status is TaskStatus.CALLED:
            case = case.with_task(noted(task, REFUSED))
        elif not task.is_settled:
            case = case.with_task(settle(task, REFUSED, at))
    return case


def with_due_holds(case: Case, at: datetime) -> Case:
    """Note which holds want to be looked at again; none of them ends by that."""
    if case.status not in {CaseStatus.RUNNING, CaseStatus.ANSWERED}:
        return case
    holds = tuple(
        replace(hold, is_due=True) if _wants_look(hold, at) else hold
        for hold in case.holds
    )
    return case if holds == case.holds else replace(case, holds=holds)


def next_review_at(case: Case) -> datetime | None:
    """Return when the next hold is to be looked at again."""
    ahead = (hold.review_at for hold in case.holds if not hold.is_due)
    return min((at for at in ahead if at is not None), default=None)


def _wants_look(hold: Hold, at: datetime) -> bool:
    """Tell whether the moment of *hold* has come, and was not told."""
    return hold.review_at is not None and hold.review_at <= at and not hold.is_due


def may_refuse(case: Case, record_classes: frozenset[str]) -> bool:
    """
    Tell whether the whole request, or the erasure of these classes, can be refused.

    Not once a call may have erased what is refused, or told of its erasure; and not
    when nothing is left to do.
    """
    tasks = case.all_tasks.values()
    if not any(not t.is_settled and t.status is not TaskStatus.CALLED for t in tasks):
        return False
    return not any(_goes_too_far(task, record_classes) for task in tasks)


def _held(case: Case, event: CaseHeld) -> Case:
    """Add a hold, more classes to the one of this reason, or a later look at it."""
    known = {hold.reason: hold for hold in case.holds}
    before = known.get(event.reason)
    review_at = event.review_at or event.at + case.plan.hold_review_after
    is_allowed = event.classes <= HOLDABLE and event.reason not in BY_RULE
    if not is_allowed or case.refused_for is not None or review_at <= event.at:
        return case
    if before is None and not event.classes:
        return case
    if before is not None and not _is_news(before, event):
        return case
    known[event.reason] = Hold(
        event.reason,
        event.classes | (before.classes if before else frozenset()),
        event.at,
        event.by,
        event.owner or (before.owner if before else None),
        review_at,
    )
    ruling = Ruling(
        RulingKind.HELD,
        event.at,
        (event.by,),
        reason=event.reason.value,
        provision=hold_provision(event.reason, law_of(case.jurisdiction)),
        classes=event.classes,
        review_at=review_at,
    )
    return _ruled(replace(case, holds=tuple(known.values())), ruling)


def _is_news(hold: Hold, event: CaseHeld) -> bool:
    """Tell whether *event* adds anything to *hold*, which is not older than it."""
    reviewed = event.review_at not in {None, hold.review_at}
    owned = event.owner not in {None, hold.owner}
    adds = reviewed or owned or not event.classes <= hold.classes
    return adds and event.at >= hold.at


def _released(case: Case, event: CaseReleased) -> Case:
    """Take a hold away; a review ends by a decision, the brake by two people."""
    is_by_two = _is_second(event.by, event.also_by)
    if event.reason is HoldReason.BRAKE and not is_by_two:
        return case
    if event.reason is HoldReason.REVIEW:
        return case
    if event.reason not in {hold.reason for hold in case.holds}:
        return case
    by = (event.by, event.also_by) if event.also_by else (event.by,)
    ruling = Ruling(RulingKind.RELEASED, event.at, by, reason=event.reason.value)
    return _ruled(_without(case, event.reason), ruling)


def _approved(case: Case, event: CaseApproved) -> Case:
    """End the review once as many people as the register wants have approved."""
    if not case.is_under_review:
        return case
    by = _agreed(case, Proposal(event.by))
    if by is None:
        return replace(case, proposal=Proposal(event.by))
    ruling = Ruling(RulingKind.APPROVED, event.at, by)
    return _ruled(_without(case, HoldReason.REVIEW), ruling)


def _refused(case: Case, event: CaseRefused) -> Case:
    """Refuse, once as many people as the register wants have said the same."""
    classes, in_part = event.record_classes, bool(event.record_classes)
    is_news = case.refused_for is None and not classes & case.refused_classes
    law = law_of(case.jurisdiction)
    suits = fits(event.ground, law, case.rights, in_part=in_part)
    if not (is_news and suits and may_refuse(case, classes)):
        return case
    proposal = Proposal(event.by, event.ground, classes)
    by = _agreed(case, proposal, event.also_by)
    if by is None:
        return replace(case, proposal=proposal)
    ruling = Ruling(
        RulingKind.REFUSED_IN_PART if in_part else RulingKind.REFUSED,
        event.at,
        by,
        reason=event.ground.value,
        provision=PROVISIONS[law][event.ground],
        record_classes=classes,
    )
    case = _ruled(case, ruling)
    if in_part:
        case = replace(case, refused_classes=case.refused_classes | classes)
        return _thought_again(case)
    gathering = case.export is ExportStatus.GATHERING
    return replace(
        case,
        refused_for=event.ground,
        holds=(),
        export=ExportStatus.DROPPED if gathering else case.export,
    )


def _opened(case: Case, event: GateOpened) -> Case:
    """Open a gate of order, once its moment has come."""
    task = case.all_tasks.get(event.task)
    gate = task.gate if task else None
    if task is None or gate is None or gate.reason is not event.gate:
        return case
    if gate.reason not in OPENABLE:
        return case
    if event.at < gate.opens_at or case.refused_for is not None:
        return case
    case = case.with_task(replace(task, opened=task.opened | {gate.reason}))
    ruling = Ruling(
        RulingKind.GATE_OPENED,
        event.at,
        (event.by,),
        reason=event.reason.value,
        task=task.id,
        gate=gate.reason.value,
    )
    return replace(case, rulings=(*case.rulings, ruling))


def _agreed(
    case: Case, said: Proposal, also_by: str | None = None
) -> tuple[str, ...] | None:
    """Return who decided, or nothing if another person must say the same first."""
    if also_by is not None and _is_second(said.by, also_by):
        return (said.by, also_by)
    if case.deciders <= 1:
        return (said.by,)
    first = case.proposal
    if first is None or is_same_person(first.by, said.by):
        return None
    if replace(first, by=said.by) != said:
        return None
    return (first.by, said.by)


def _is_second(by: str, also_by: str | None) -> bool:
    """Tell whether somebody else said the same as well."""
    return also_by is not None and not is_same_person(by, also_by)


def _thought_again(case: Case) -> Case:
    """Put what has not begun behind its gate, so that it leaves the classes alone."""
    for task in case.all_tasks.values():
        begun = task.has_begun or task.status in {TaskStatus.CALLED, TaskStatus.SETTLED}
        if task.action in _FINAL and not begun:
            gate = task.gate or Gate(GateReason.LOCATE, task.dispatch_by)
            planned = replace(
                task, status=TaskStatus.PLANNED, gate=gate, items=(), reason=None
            )
            case = case.with_task(replace(planned, hint=None, wake_at=None))
    return case


def _goes_too_far(task: Task, record_classes: frozenset[str]) -> bool:
    """Tell whether *task* may have done already what is to be refused."""
    is_called = task.status is TaskStatus.CALLED
    if isinstance(task.outcome, Done) and not task.items:
        return True  # by a person's word, who knows which records
    if task.action is Action.NOTIFY:
        return is_called or task.has_begun or isinstance(task.outcome, Notified)
    if task.action is not Action.ERASE or not (task.has_begun or is_called):
        return False
    concerned = [item for item in task.items if item.state is not ItemState.KEPT]
    return not record_classes or any(
        item.record_class in record_classes for item in concerned
    )


def _without(case: Case, reason: HoldReason) -> Case:
    """Return *case* without a hold."""
    holds = tuple(hold for hold in case.holds if hold.reason is not reason)
    return replace(case, holds=holds)


def _ruled(case: Case, ruling: Ruling) -> Case:
    """Return *case* with one more ruling, and nothing left to agree on."""
    return replace(case, rulings=(*case.rulings, ruling), proposal=None)
