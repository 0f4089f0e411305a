"""
More time: an extension by notice, and the doubt whether the person is who they say.

An extension moves the deadline once, to the day that the law names (Art 12(3) GDPR:
receipt and three months), if its notice can still leave before the first deadline.  It
gives the answer more time, never the work: what is to be done keeps its latest safe
moment.  A doubt moves nothing: whether waiting for the person counts is for the
controller to defend, so the earlier date stays the one that alarms are set on.
"""

from __future__ import annotations

from datetime import datetime

from orchestrator.core.cases import Case, CaseStatus, Extension
from orchestrator.core.changing import replace
from orchestrator.core.deadlines import WITHOUT_HOLIDAYS, deadline
from orchestrator.core.events import CaseExtended, IdentityAsked, IdentityReceived
from orchestrator.core.holds import (
    HoldReason,
    Ruling,
    RulingKind,
    hold_provision,
)
from orchestrator.core.laws import Law, law_of

EXTENSION_PROVISION = {
    Law.EU: "GDPR Art 12(3)",
    Law.UNITED_KINGDOM: "UK GDPR Art 12A",
    Law.CALIFORNIA: "11 CCR 7021(b)",
}
_OPEN = frozenset({CaseStatus.RECEIVED, CaseStatus.RUNNING, CaseStatus.ATTACHED})


def why_not_extended(case: Case, at: datetime) -> str | None:
    """Return a sentence that says why the deadline stays, or nothing if it may move."""
    if case.status not in _OPEN:
        return f"the case is {case.status}"
    if not _is_undecided(case):
        return "the request is refused or withdrawn, and answered without delay"
    if case.extension is not None:
        return "the deadline was extended before, and the law allows it once"
    if case.deadline is None or case.deadline.extended_at is None:
        return f"the rule {case.due_rule} knows no extension"
    if at >= case.due_at:
        return (
            "the first deadline is over, and the notice of an extension must leave "
            "before it"
        )
    return None


def after_extension(case: Case, event: CaseExtended) -> Case:
    """Move the deadline; the moments before the new one are all still to come."""
    counted = case.deadline
    if why_not_extended(case, event.at) or counted is None:
        return case
    later = counted.extended_at or case.due_at
    aim = counted.extended_target_at or later
    first = counted.target_at if event.at < counted.target_at else case.due_at
    why, law = event.reason.value, law_of(case.jurisdiction)
    ruling = Ruling(
        RulingKind.EXTENDED, event.at, (event.by,), why, EXTENSION_PROVISION.get(law)
    )
    return replace(
        case,
        rulings=(*case.rulings, ruling),
        due_at=later,
        deadline=replace(counted, due_at=later, target_at=aim),
        extension=Extension(event.at, event.reason, first),
        passed=(),
    )


def after_word_of_identity(case: Case, event: IdentityAsked | IdentityReceived) -> Case:
    """Note that the person was asked who they are, once, or that they answered."""
    is_asked = isinstance(event, IdentityAsked)
    may_be_asked = case.status in _OPEN and _is_undecided(case)
    if is_asked and may_be_asked and case.identity_asked_at is None:
        case = replace(case, identity_asked_at=event.at)
        return _ruled(case, RulingKind.IDENTITY_ASKED, event)
    if not is_asked and case.is_identity_doubted:
        case = replace(case, identity_received_at=event.at)
        return _ruled(case, RulingKind.IDENTITY_RECEIVED, event)
    return case


def _is_undecided(case: Case) -> bool:
    """Tell whether the request is still to be carried out."""
    return case.refused_for is None and case.withdrawn_at is None


def _ruled(
    case: Case, kind: RulingKind, event: IdentityAsked | IdentityReceived
) -> Case:
    """Return *case* with a word about who the person is."""
    provision = hold_provision(HoldReason.IDENTITY_DOUBT, law_of(case.jurisdiction))
    ruling = Ruling(kind, event.at, (event.by,), provision=provision)
    return replace(case, rulings=(*case.rulings, ruling))


def due_if_suspended(case: Case, at: datetime) -> datetime | None:
    """
    Return when the case would be due if the wait for the person did not count.

    In the Union the time stands still meanwhile (EDPB Guidelines 01/2022, 5.3); in the
    United Kingdom it begins anew (Art 12A UK GDPR), here without holidays.  The other
    laws let nothing wait: California counts "regardless of" it (11 CCR 7021(b)).
    """
    asked, law = case.identity_asked_at, law_of(case.jurisdiction)
    if asked is None or law not in {Law.EU, Law.UNITED_KINGDOM}:
        return None
    until = case.identity_received_at or at
    if law is Law.EU:
        return case.due_at + (until - asked)
    place, zone = case.jurisdiction, case.plan.time_zone
    anew = deadline(until, place, zone, WITHOUT_HOLIDAYS)
    return anew.extended_at if case.extension else anew.due_at
