"""Two requests for the same: who leads, whose clock counts, and who answers whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.cases import Case, CaseStatus, ExportStatus, Scope, Wants
from orchestrator.core.commands import Command, TellCase
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    CaseExtended,
    Event,
    ExportSealed,
    ExportShredded,
    IdentityAsked,
    RequestWithdrawn,
    TimePassed,
)
from orchestrator.core.grounds import Ground
from orchestrator.core.holds import HoldReason
from orchestrator.core.intake.attaching import may_lead, wish_of
from orchestrator.core.intake.opening import Opening, open_case
from orchestrator.core.keyed import IdentityForgotten
from orchestrator.core.leading import (
    LeadLost,
    LeadsStatement,
    LeadStated,
    Led,
    RequestAttached,
    RequestDetached,
)
from orchestrator.core.ruled import CaseRefused
from orchestrator.core.words import (
    CaseId,
    ExtensionReason,
    Rehearsal,
    Result,
    StatementKind,
)
from schemas.case_events import (
    CASE_ANSWERED,
    CASE_OPENED,
    CASE_REFUSED,
    EXPORT_READY,
    NOTICE_READY,
    RECEIPT_ISSUED,
)
from schemas.case_words import CASE_ATTACHED
from schemas.connecting import Action, Exported
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import (
    ACCESS,
    BOTH,
    CRM,
    DAY,
    HOUR,
    MAIL,
    T0,
    a_case,
    a_plan,
    after,
    after_events,
    an_account,
    an_opening,
    published,
    ready_to_erase,
    signed,
    task_of,
)
from tests.core.ended import SEALED, erased

SECOND, THIRD = CaseId("case-2"), CaseId("case-3")
LATER = T0 + HOUR
WITHDRAWAL = RequestWithdrawn(LATER, "portal", WithdrawalReason.BY_PERSON)


def a_later(**changes: object) -> Opening:
    """Build the opening of a second request of the same person."""
    second = {"case": SECOND, "request_id": "request-2", "at": LATER}
    return an_opening(**{**second, "received_at": LATER, **changes})


def attached(**changes: object) -> Case:
    """Build the case of a second request, which the first one leads."""
    lead = a_case().id
    return open_case(a_later(led_by=lead, **changes), a_plan()).case


def led_by(lead: Case, *others: Case) -> Case:
    """Let *lead* lead *others*."""
    for one in others or (attached(),):
        assert one.deadline is not None
        event = RequestAttached(LATER, Led(one.id, one.deadline))
        lead = decide(lead, event).case
    return lead


def told(commands: tuple[Command, ...]) -> list[tuple[CaseId, Event]]:
    """Return what other cases hear."""
    return [(one.case, one.event) for one in commands if isinstance(one, TellCase)]


# --- who leads ------------------------------------------------------------------------


def leads(case: Case, **changes: object) -> bool:
    """Tell whether *case* may lead a later request."""
    return may_lead(case, wish_of(a_later(**changes), a_plan()))


def test_same_wish_of_an_open_case_is_a_duplicate() -> None:
    """The same right for everything, while the first one runs."""
    assert leads(a_case())


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"rights": ACCESS}, id="other right"),
        pytest.param({"rights": BOTH}, id="more rights"),
        pytest.param({"jurisdiction": "FR"}, id="other law"),
        pytest.param({"rehearsal": frozenset({Rehearsal.TEST})}, id="rehearsal"),
    ],
)
def test_other_wish_is_no_duplicate(changes: dict[str, object]) -> None:
    """What would be answered in part, or by another law, is a case of its own."""
    assert not leads(a_case(), **changes)


def test_wider_scope_is_no_duplicate_and_a_narrower_one_is() -> None:
    """Whoever answers for one account does not answer for two."""
    narrow = Scope(accounts=frozenset({MAIL}))
    wide = Scope(accounts=frozenset({MAIL, CRM}))
    case = replace(a_case(), scope=narrow)

    assert leads(case, scope=narrow)
    assert leads(a_case(), scope=narrow)
    assert not leads(case, scope=wide)
    assert not leads(case)
    assert not leads(case, scope=Scope(record_classes=frozenset({"invoice"})))


def test_register_that_names_more_accounts_makes_no_duplicate() -> None:
    """The earlier case pins its register, and would pass the new account by."""
    plan = a_plan(an_account(), an_account(CRM))

    assert not may_lead(a_case(), wish_of(a_later(), plan))


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(decide(ready_to_erase("a"), WITHDRAWAL).case, id="withdrawn"),
        pytest.param(decide(erased(), signed(erased())).case, id="answered"),
        pytest.param(
            decide(a_case(), IdentityAsked(T0, "dpo")).case,
            id="whose identity is asked",
        ),
        pytest.param(replace(a_case(), refused_classes=frozenset({"x"})), id="in part"),
        pytest.param(attached(), id="attached itself"),
    ],
)
def test_only_an_open_case_leads(case: Case) -> None:
    """What ends otherwise, or is in doubt, answers for nobody else."""
    assert not leads(case)


def test_copy_that_is_sealed_answers_no_later_request() -> None:
    """What came since it was made would be missing from it."""
    case = ready_to_erase("a", rights=ACCESS)
    gathering = leads(case, rights=ACCESS)
    case = decide(after(case, MAIL, Exported(1), Action.EXPORT), SEALED).case

    assert gathering
    assert not leads(case, rights=ACCESS)


# --- opened, and led ------------------------------------------------------------------


def test_attached_request_is_opened_and_asks_nobody() -> None:
    """Its portal hears of its case, its date, and the case that answers it."""
    decision = open_case(a_later(led_by=CaseId("case-1")), a_plan())
    case = decision.case

    assert published(decision) == (CASE_OPENED, CASE_ATTACHED)
    assert (case.status, case.all_tasks) == (CaseStatus.ATTACHED, {})
    assert case.deadline is not None
    attached_ = RequestAttached(LATER, Led(SECOND, case.deadline))
    assert told(decision.commands) == [(CaseId("case-1"), attached_)]


def test_earlier_deadline_of_an_attached_request_counts() -> None:
    """A letter that lay for ten days is due before what came by the portal."""
    lead = ready_to_erase("a")
    early = attached(received_at=T0 - 10 * DAY)

    after_ = led_by(lead, early)

    assert after_.due_at == early.due_at < lead.due_at
    task, was = task_of(after_, MAIL), task_of(lead, MAIL)
    assert task.dispatch_by < was.dispatch_by


def test_later_deadline_of_an_attached_request_moves_nothing() -> None:
    """The lead keeps its date, and the attached one its own."""
    lead = led_by(ready_to_erase("a"), attached(received_at=T0 + 5 * DAY))

    assert lead.due_at == ready_to_erase("a").due_at


def test_own_clock_of_an_attached_request_alarms() -> None:
    """It wakes for its own moments, not for an interim statement."""
    case = attached()
    assert case.wake_at is not None

    decision = decide(
        replace(case, wake_at=case.due_at), TimePassed(case.due_at + HOUR)
    )

    assert "privacy.case.alarmed.v1" in published(decision)
    assert decision.case.wants is None


def test_case_leads_a_request_once() -> None:
    """The same news again changes nothing."""
    lead = led_by(a_case())
    (led,) = lead.leads

    assert decide(lead, RequestAttached(LATER, led)).case is lead


# --- answered -------------------------------------------------------------------------


def test_answer_of_the_lead_answers_the_attached() -> None:
    """Both portals hear the same statement, number and digest."""
    lead = led_by(erased())
    decision = decide(lead, signed(lead))
    ((other, stated),) = told(decision.commands)
    assert other == SECOND

    decision = decide(attached(), stated)

    assert published(decision) == (RECEIPT_ISSUED, CASE_ANSWERED)
    case = decision.case
    assert (case.status, case.result) == (CaseStatus.ANSWERED, Result.COMPLETE)
    assert case.lead_statements[0].sha256 == signed(lead).sha256
    assert decide(case, stated).case is case


def test_attached_case_forgets_and_closes() -> None:
    """Its identity key goes like any other; nothing else is owed."""
    final = LeadsStatement(1, StatementKind.FINAL, "0" * 64, "key-1")
    stated = LeadStated(LATER, CaseId("case-1"), final, Result.COMPLETE)
    case = after_events(attached(rights=BOTH), stated)
    assert case.wants is Wants.SHRED_EXPORT

    case = decide(case, ExportShredded(LATER)).case
    assert case.wants is Wants.FORGET_IDENTITY
    case = decide(case, IdentityForgotten(LATER)).case

    assert case.status is CaseStatus.CLOSED


def test_supplement_speaks_for_both() -> None:
    """What is done after the answer is told under either request."""
    lead = CaseId("case-1")
    final = LeadsStatement(1, StatementKind.FINAL, "0" * 64, "key-1")
    later = LeadsStatement(2, StatementKind.SUPPLEMENT, "1" * 64, "key-1")
    stated = LeadStated(LATER, lead, final, Result.COMPLETE_WITH_RETENTION)
    case = after_events(attached(), stated, IdentityForgotten(LATER))
    assert case.status is CaseStatus.CLOSED

    decision = decide(case, LeadStated(LATER, lead, later))

    assert published(decision) == (RECEIPT_ISSUED,)
    assert decision.case.status is CaseStatus.CLOSED


def test_interim_statement_speaks_for_both() -> None:
    """The attached portal hears of it, and goes on waiting for the answer."""
    lead = replace(led_by(ready_to_erase("a")), wants_interim=True)
    decision = decide(lead, signed(lead, StatementKind.INTERIM))
    ((_, stated),) = told(decision.commands)

    decision = decide(attached(), stated)

    assert published(decision) == (RECEIPT_ISSUED,)
    assert decision.case.status is CaseStatus.ATTACHED


def test_copy_of_the_lead_is_the_copy_of_the_attached() -> None:
    """Its portal hears the digest and until when it can be fetched."""
    lead = led_by(ready_to_erase("a", rights=ACCESS), attached(rights=ACCESS))
    lead = after(lead, MAIL, Exported(1), Action.EXPORT)
    sealed = ExportSealed(LATER, "ab" * 32, LATER + DAY)
    ((_, exported),) = told(decide(lead, sealed).commands)

    decision = decide(attached(rights=ACCESS), exported)

    assert published(decision) == (EXPORT_READY,)
    assert decision.case.export_sha256 == "ab" * 32


def test_refusal_of_the_lead_is_told_to_both() -> None:
    """The person must hear the ground and the remedies under either request."""
    refusal = CaseRefused(LATER, Ground.LEGAL_CLAIMS, "dpo")
    news = told(decide(led_by(a_case()), refusal).commands)

    decision = decide(attached(), news[0][1])

    assert published(decision) == (CASE_REFUSED,)
    assert decision.case.status is CaseStatus.ATTACHED


def test_extension_of_the_lead_is_one_of_both() -> None:
    """The notice goes out for either request, each within its own first date."""
    extension = CaseExtended(LATER, ExtensionReason.COMPLEXITY, "dpo")
    ((_, relayed),) = told(decide(led_by(a_case()), extension).commands)
    before = attached()

    decision = decide(before, relayed)

    assert published(decision) == (NOTICE_READY,)
    assert decision.case.due_at > before.due_at


# --- withdrawn ------------------------------------------------------------------------


def test_withdrawn_lead_takes_nobody_along() -> None:
    """The next in line is carried out by itself, and leads the rest."""
    third = replace(attached(), id=THIRD)
    lead = led_by(ready_to_erase("a"), attached(), third)

    decision = decide(lead, WITHDRAWAL)

    assert third.deadline is not None
    rest = (Led(THIRD, third.deadline),)
    assert told(decision.commands) == [
        (SECOND, LeadLost(LATER, lead.id, None, rest)),
        (THIRD, LeadLost(LATER, lead.id, SECOND)),
    ]
    second = decide(attached(), LeadLost(LATER, lead.id, None, rest)).case
    assert second.status is CaseStatus.RUNNING
    assert task_of(second, MAIL, Action.LOCATE).status == "ready"
    assert second.leads == rest
    follows = decide(third, LeadLost(LATER, lead.id, SECOND)).case
    assert (follows.status, follows.led_by) == (CaseStatus.ATTACHED, SECOND)


def test_request_that_goes_on_alone_gathers_its_own_copy() -> None:
    """It begins as if it had come by itself, under its own deadline."""
    before = attached(rights=BOTH)

    case = decide(before, LeadLost(LATER, CaseId("case-1"))).case

    assert case.export is ExportStatus.GATHERING
    assert case.due_at == before.due_at


def test_brake_of_a_withdrawn_lead_stays_pulled() -> None:
    """Nobody gets past two people by withdrawing the first of two requests."""
    lost = LeadLost(LATER, CaseId("case-1"), is_braked=True)

    case = decide(attached(), lost).case

    assert [hold.reason for hold in case.holds] == [HoldReason.BRAKE]


def test_withdrawn_attached_request_leaves_its_lead_alone() -> None:
    """It is answered as withdrawn, and its lead no longer leads it."""
    decision = decide(attached(), WITHDRAWAL)

    assert decision.case.result is Result.WITHDRAWN
    assert told(decision.commands) == [
        (CaseId("case-1"), RequestDetached(LATER, SECOND))
    ]
    lead = decide(led_by(a_case()), RequestDetached(LATER, SECOND)).case
    assert lead.leads == ()


def test_news_of_a_stranger_changes_nothing() -> None:
    """Only the case that leads may speak for another."""
    case = attached()

    assert decide(case, LeadLost(LATER, THIRD)).case is case
