"""
Duplicates by rule: which request leads another, and what each learns of the other.

The same person, right and extent among verified open requests: the earliest leads.
The attached one keeps its own clock, hears every statement of its lead, and is
answered with it.  A lead that is withdrawn takes nobody along: the next in line is
carried out by itself and leads the rest.  After the answer a request is a new case.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from orchestrator.core.cases import Case, CaseStatus, ExportStatus, Scope
from orchestrator.core.changing import replace
from orchestrator.core.commands import TellCase
from orchestrator.core.doubts import in_doubt
from orchestrator.core.events import CaseExtended, RequestWithdrawn
from orchestrator.core.holds import REFUSALS, RulingKind
from orchestrator.core.intake.opening import SAFETY, Opening, begun
from orchestrator.core.leading import (
    LeadExported,
    LeadLost,
    LeadRefused,
    LeadsStatement,
    LeadStated,
    Led,
    OfLead,
    RequestAttached,
    RequestDetached,
)
from orchestrator.core.plan import Plan
from orchestrator.core.words import (
    COPY_RIGHTS,
    CaseId,
    Rehearsal,
    Result,
    Right,
    StatementKind,
)
from schemas.connecting import Mode


@dataclass(frozen=True, slots=True)
class Wish:
    """What a request asks for, as far as two can be compared; whose it is, apart."""

    controller: str
    rights: frozenset[Right]
    jurisdiction: str
    rehearsal: frozenset[Rehearsal]
    scope: Scope
    accounts: frozenset[tuple[str, Mode]]  # as its register has them

    def covers(self, later: Wish) -> bool:
        """Tell whether whoever answers this wish answers the *later* one, too."""
        mine = (self.controller, self.rights, self.jurisdiction, self.rehearsal)
        its = (later.controller, later.rights, later.jurisdiction, later.rehearsal)
        reaches = bool(later.accounts) and later.accounts <= self.accounts
        return mine == its and reaches and _is_within(later.scope, self.scope)


def wish_of(opening: Opening, plan: Plan) -> Wish:
    """Return what a request that is about to be opened asks for."""
    return Wish(
        plan.controller,
        opening.rights,
        opening.jurisdiction,
        opening.rehearsal,
        opening.scope,
        frozenset((one.id, one.mode) for one in plan.asked_in(opening.rehearsal)),
    )


def may_lead(case: Case, later: Wish) -> bool:
    """
    Tell whether an open case of the same person can answer a *later* wish.

    Not one that ends otherwise or whose person is in doubt, nor one whose copy is made:
    what came since would be missing from it.
    """
    ended = case.withdrawn_at or case.refused_for or case.refused_classes
    if case.status is not CaseStatus.RUNNING or ended or case.is_identity_doubted:
        return False
    asks_copy = bool(later.rights & COPY_RIGHTS) and not case.is_dry_run
    if asks_copy and case.export is not ExportStatus.GATHERING:
        return False
    accounts = frozenset((a.id, a.mode) for a in case.plan.asked_in(case.rehearsal))
    mine = Wish(
        case.controller,
        case.rights,
        case.jurisdiction,
        case.rehearsal,
        case.scope,
        accounts,
    )
    return mine.covers(later)


def after_leading(case: Case, event: RequestAttached | RequestDetached) -> Case:
    """Lead one request more, with the earlier of both deadlines, or one less."""
    others = tuple(one for one in case.leads if one.case != _named(event))
    if isinstance(event, RequestDetached):
        return replace(case, leads=others)
    if event.led in case.leads or case.status is not CaseStatus.RUNNING:
        return case
    return _by(replace(case, leads=(*others, event.led)), event.led)


def after_lead(case: Case, event: OfLead) -> Case:
    """Follow the lead; news of a case that does not lead this one changes nothing."""
    if case.led_by != event.case or case.withdrawn_at is not None:
        return case
    if isinstance(event, LeadStated):
        return _after_statement(case, event)
    if case.status is not CaseStatus.ATTACHED:
        return case
    return _after_news(case, event)


def _after_news(case: Case, event: LeadExported | LeadRefused | LeadLost) -> Case:
    """Follow the lead of a case that it still leads."""
    match event:
        case LeadExported(sha256=sha256, expires_at=expires_at):
            return replace(case, export_sha256=sha256, export_expires_at=expires_at)
        case LeadRefused(ruling=ruling):
            known = ruling in case.rulings
            return case if known else replace(case, rulings=(*case.rulings, ruling))
        case LeadLost(to=None):
            return _alone(case, event)
        case LeadLost(to=to):
            return replace(case, led_by=to)
        case _:
            assert_never(event)


def _after_statement(case: Case, event: LeadStated) -> Case:
    """Keep a statement of the lead, also one that supplements the answer."""
    if event.statement in case.lead_statements:
        return case
    told = (*case.lead_statements, event.statement)
    is_answer = event.result is not None and case.status is CaseStatus.ATTACHED
    case = replace(case, lead_statements=told)
    if not is_answer or event.result is None:
        return case
    return _answered(case, event.result, event.at)


def withdrawn_while_attached(case: Case, event: RequestWithdrawn) -> Case:
    """Answer an attached request that is withdrawn: nothing was begun for it."""
    case = replace(case, withdrawn_at=event.at, withdrawn_because=event.reason)
    return _answered(case, Result.WITHDRAWN, event.at)


def attachments(case: Case) -> frozenset[CaseId]:
    """Return the cases that a step of *case* may have something to tell."""
    lead = {case.led_by} if case.led_by is not None else set()
    return frozenset(lead | {led.case for led in case.leads})


def words_to_others(before: Case, after: Case, at: datetime) -> Iterator[TellCase]:
    """Yield what the cases on the other side of an attachment learn from a step."""
    if before.status is CaseStatus.ATTACHED and after.withdrawn_at is not None:
        if before.led_by is not None and before.withdrawn_at is None:
            yield TellCase(before.led_by, RequestDetached(at, after.id))
        return
    if before.withdrawn_at is None and after.withdrawn_at is not None:
        yield from _farewell(before, at, _doubting(before))
        return
    if before.leads and not after.leads and after.status is CaseStatus.ANSWERED:
        # Ruled as answered before: whether they were, too, nobody here knows.
        yield from _farewell(before, at, after.rulings[-1].by)
    for led in after.leads:
        for event in _told_to_led(before, after, at):
            yield TellCase(led.case, event)


def _told_to_led(
    before: Case, after: Case, at: datetime
) -> Iterator[OfLead | CaseExtended]:
    """Yield what happened to a lead, for one that it leads."""
    if before.extension is None and after.extension is not None:
        yield CaseExtended(at, after.extension.reason, after.id)
    for ruling in after.rulings[len(before.rulings) :]:
        if ruling.kind in REFUSALS:
            yield LeadRefused(at, after.id, ruling)
    is_gathering = before.export is ExportStatus.GATHERING
    if is_gathering and after.export is ExportStatus.SEALED:
        sha256, until = after.export_sha256, after.export_expires_at
        if sha256 is not None and until is not None:
            yield LeadExported(at, after.id, sha256, until)
    for one in after.statements[len(before.statements) :]:
        said = LeadsStatement(one.number, one.kind, one.sha256, one.key_id)
        is_final = one.kind is StatementKind.FINAL
        yield LeadStated(at, after.id, said, after.result if is_final else None)


def _doubting(case: Case) -> tuple[str, ...]:
    """Return who let it go that the case may have been answered, if anybody did."""
    if case.unsure_since is None:
        return ()
    doubts = (one for one in case.rulings if one.kind is RulingKind.ANSWER_UNKNOWN)
    return next((one.by for one in doubts), ())


def _farewell(
    lead: Case, at: datetime, unsure_by: tuple[str, ...] = ()
) -> Iterator[TellCase]:
    """Yield the news that a lead is over: the first in line leads the rest."""
    if not lead.leads:
        return
    first, *rest = lead.leads
    is_braked = lead.is_braked
    lost = LeadLost(at, lead.id, None, tuple(rest), is_braked, unsure_by)
    yield TellCase(first.case, lost)
    for other in rest:
        yield TellCase(other.case, LeadLost(at, lead.id, first.case))


def _named(event: RequestAttached | RequestDetached) -> str:
    """Return the attached case."""
    return event.led.case if isinstance(event, RequestAttached) else event.case


def _by(case: Case, led: Led) -> Case:
    """Return *case* with the deadline of one that it leads, if that is earlier."""
    counted = led.deadline
    if counted.due_at >= case.due_at:
        return case
    case = replace(case, due_at=counted.due_at, due_rule=counted.rule, deadline=counted)
    for task in case.all_tasks.values():
        latest = counted.due_at - case.planned(task).horizon - SAFETY
        by = min(task.dispatch_by, max(case.opened_at, latest))
        if not task.is_settled and by != task.dispatch_by:
            case = case.with_task(replace(task, dispatch_by=by))
    return case


def _answered(case: Case, result: Result, at: datetime) -> Case:
    """Answer an attached case; what it would have been copied under goes with it."""
    asks_copy = case.asks_copy
    return replace(
        case,
        status=CaseStatus.ANSWERED,
        answered_at=at,
        result=result,
        export=ExportStatus.DROPPED if asks_copy else case.export,
    )


def _alone(case: Case, event: LeadLost) -> Case:
    """Carry the request out by itself; it leads whoever was led beside it."""
    case = replace(case, led_by=None, leads=event.leads)
    case = begun(case, event.at, is_braked=event.is_braked)
    case = in_doubt(case, event.at, event.unsure_by) if event.unsure_by else case
    for led in event.leads:
        case = _by(case, led)
    return case


def _is_within(narrow: Scope, wide: Scope) -> bool:
    """Tell whether all that *narrow* names is within *wide*."""
    pairs = (
        (narrow.accounts, wide.accounts),
        (narrow.record_classes, wide.record_classes),
    )
    return all(w is None or (n is not None and n <= w) for n, w in pairs)
