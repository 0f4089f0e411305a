"""Identifiers that come later: who is asked with them, and where they come too late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from orchestrator.core.answer.informing import doubt
from orchestrator.core.cases import Case, CaseStatus, GateReason, TaskStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    ExportSealed,
    PersonClosed,
    RequestWithdrawn,
)
from orchestrator.core.later import Amendment, RequestAmended
from orchestrator.core.words import AccountId, Right
from schemas.case_words import CASE_AMENDED, PassedOverBecause
from schemas.connecting import (
    EMAIL,
    PHONE,
    Accepted,
    Action,
    Done,
    Evidence,
    Exported,
    IdentifierType,
    NotApplicable,
    NothingFound,
    Retry,
)
from schemas.later_words import RequestAmendment
from schemas.rejections import RejectionCode
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import (
    ACCESS,
    BOTH,
    CRM,
    CUSTOMER,
    HOUR,
    MAIL,
    SHOP,
    T0,
    a_case,
    after,
    an_account,
    called,
    located,
    published,
    ready_to_erase,
    reported,
    signed,
    task_of,
)

BY_EITHER = an_account(MAIL, accepts=frozenset({EMAIL, PHONE}))
BY_PHONE = an_account(CRM, accepts=frozenset({PHONE}))
LATER = T0 + HOUR


def an_amendment(*types: IdentifierType, event_id: str = "e-1") -> RequestAmended:
    """Build the news that the portal sent values of these types."""
    return RequestAmended(LATER, "portal", event_id, frozenset(types or {PHONE}))


def amended(case: Case, *types: IdentifierType) -> Case:
    """Let the portal send identifiers of *types*, by default a telephone number."""
    return decide(case, an_amendment(*types)).case


def reached(case: Case) -> tuple[AccountId, ...]:
    """Return who is asked with the identifiers that came last."""
    return case.amendments[-1].accounts


def too_late(case: Case) -> dict[AccountId, PassedOverBecause]:
    """Return where the identifiers that came last are of no use, and why."""
    return {one.account: one.code for one in case.amendments[-1].passed_over}


def test_account_without_an_identifier_becomes_searchable() -> None:
    """What was closed for want of an identifier is searched, and then erased."""
    case = a_case(an_account(MAIL), BY_PHONE)
    nobody = NotApplicable("no_identifier")
    assert task_of(case, CRM, Action.LOCATE).outcome == nobody
    case = after(case, MAIL, NothingFound(), Action.LOCATE)
    assert task_of(case, CRM).outcome == nobody

    case = amended(case)

    assert task_of(case, CRM, Action.LOCATE).status is TaskStatus.READY
    case = after(case, CRM, located("a"), Action.LOCATE)
    assert task_of(case, CRM).status is TaskStatus.READY


def test_account_that_was_searched_is_searched_again() -> None:
    """Its erasure goes back behind the gate until more is found, or nothing."""
    case = amended(ready_to_erase("a", account=BY_EITHER))
    search, erasure = task_of(case, MAIL, Action.LOCATE), task_of(case, MAIL)

    assert search.status is TaskStatus.READY
    assert search.identifier_types == {EMAIL, PHONE}
    assert erasure.gate is not None
    assert erasure.gate.reason is GateReason.LOCATE

    case = after(case, MAIL, located("b"), Action.LOCATE)
    assert {item.id for item in task_of(case, MAIL).items} == {"a", "b"}


def test_search_under_way_is_made_once_more() -> None:
    """Its answer cannot know of what came meanwhile."""
    case = amended(called(a_case(BY_EITHER), MAIL, Action.LOCATE))

    case = decide(case, reported(case, MAIL, Action.LOCATE, located("a"))).case

    assert task_of(case, MAIL, Action.LOCATE).status is TaskStatus.READY


def test_what_found_nothing_is_searched_again() -> None:
    """An account that does not know the address may know the number."""
    case = after(a_case(BY_EITHER), MAIL, NothingFound(), Action.LOCATE)
    assert task_of(case, MAIL).is_settled

    case = after(amended(case), MAIL, located("a"), Action.LOCATE)

    assert task_of(case, MAIL).status is TaskStatus.READY


def test_account_that_may_still_be_taught_waits_again() -> None:
    """Whoever cannot search by a number may learn its own name from one that can."""
    teacher = an_account(CRM, accepts=frozenset({PHONE}), yields=frozenset({CUSTOMER}))
    learner = an_account(SHOP, accepts=frozenset({CUSTOMER}))
    case = a_case(teacher, learner, an_account(MAIL))
    assert task_of(case, SHOP, Action.LOCATE).is_settled

    case = amended(case)
    assert task_of(case, SHOP, Action.LOCATE).status is TaskStatus.PLANNED
    case = after(case, CRM, located("a", learned=[CUSTOMER]), Action.LOCATE)

    assert task_of(case, SHOP, Action.LOCATE).status is TaskStatus.READY


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(Done("deleted", Evidence.E4), id="erased"),
        pytest.param(Accepted(HOUR), id="accepted"),
    ],
)
def test_account_that_was_asked_to_erase_is_left_alone(
    report: Done | Accepted,
) -> None:
    """It is recorded, not obeyed: what is half gone cannot be searched again."""
    before = after(ready_to_erase("a", account=BY_EITHER), MAIL, report)

    case = amended(before)

    assert case.all_tasks == before.all_tasks
    assert too_late(case) == {MAIL: "already_dispatched"}
    assert PHONE in case.identifier_types


def test_erasure_under_call_is_left_alone() -> None:
    """Nobody knows what it has done already."""
    case = amended(called(ready_to_erase("a", account=BY_EITHER), MAIL))

    assert too_late(case) == {MAIL: "already_dispatched"}


def test_throttled_erasure_is_searched_again() -> None:
    """It was turned away at the door, so nothing was asked that counts."""
    case = after(ready_to_erase("a", account=BY_EITHER), MAIL, Retry("throttled"))

    assert reached(amended(case)) == (MAIL,)


def test_task_that_a_person_closed_stays_closed() -> None:
    """The portal does not overrule the people here."""
    case = ready_to_erase("a", account=BY_EITHER)
    closed = PersonClosed(T0, task_of(case, MAIL).id, "not_reachable", "dpo")
    case = decide(case, closed).case
    assert task_of(case, MAIL).is_settled

    assert too_late(amended(case)) == {MAIL: "already_dispatched"}


def test_copy_is_made_again_with_what_is_found_now() -> None:
    """What will be erased is copied first, all of it."""
    case = ready_to_erase("a", account=BY_EITHER, rights=BOTH)
    case = after(case, MAIL, Exported(1), Action.EXPORT)

    case = after(amended(case), MAIL, located("b"), Action.LOCATE)

    copy = task_of(case, MAIL, Action.EXPORT)
    assert copy.status is TaskStatus.READY
    assert {item.id for item in copy.items} == {"a", "b"}


@pytest.mark.parametrize("rights", [ACCESS, BOTH], ids=["access", "both"])
def test_sealed_copy_is_not_made_again(rights: frozenset[Right]) -> None:
    """The portal was told its digest; what is not in it is not erased either."""
    case = ready_to_erase("a", account=BY_EITHER, rights=rights)
    case = after(case, MAIL, Exported(1), Action.EXPORT)
    case = decide(case, ExportSealed(T0, "0" * 64, T0 + HOUR)).case

    assert too_late(amended(case)) == {MAIL: "copy_sealed"}


def test_copy_under_way_is_not_begun_anew() -> None:
    """Its rows are on their way, and the call cannot be taken back."""
    case = ready_to_erase("a", account=BY_EITHER, rights=BOTH)

    assert too_late(amended(called(case, MAIL, Action.EXPORT))) == {
        MAIL: "copy_under_way"
    }


def test_case_says_whom_the_identifiers_reached() -> None:
    """The portal hears it in types and accounts, and the record keeps it."""
    decision = decide(a_case(an_account(MAIL), BY_PHONE), an_amendment())

    assert CASE_AMENDED in published(decision)
    assert decision.case.amendments == (
        Amendment("e-1", LATER, frozenset({PHONE}), (CRM,), ()),
    )


def test_known_identifiers_are_noted_and_ask_nobody() -> None:
    """An amendment of what is known is answered, and changes no task."""
    before = ready_to_erase("a", account=BY_EITHER)

    decision = decide(before, RequestAmended(LATER, "portal", "e-1", frozenset()))

    assert decision.case.all_tasks == before.all_tasks
    assert published(decision) == (CASE_AMENDED,)


def test_same_event_amends_once() -> None:
    """Delivered again, even with other words, it changes nothing."""
    case = amended(a_case(BY_EITHER))

    assert decide(case, an_amendment(PHONE, CUSTOMER)).case is case


def test_what_is_over_takes_no_more_identifiers() -> None:
    """Withdrawn, answered or locked, the case stays as it is; the portal is told."""
    answered = after(ready_to_erase("a"), MAIL, Done("deleted", Evidence.E4))
    answered = decide(answered, signed(answered)).case
    withdrawal = RequestWithdrawn(T0, "portal", WithdrawalReason.BY_PERSON)
    withdrawn = decide(after(ready_to_erase("a"), MAIL, Accepted(HOUR)), withdrawal)
    assert answered.status is CaseStatus.ANSWERED

    locked = replace(ready_to_erase("a"), locked_at=T0)  # there is no key to seal with
    for case in (answered, withdrawn.case, locked):
        why = doubt(case, the_word("substantial"), "e-1", LATER)
        assert amended(case) is case
        assert why is not None
        assert why.code is RejectionCode.NOT_OPEN


def test_identifiers_need_the_verification_of_their_request() -> None:
    """A weaker one would let anybody be erased beside the person."""
    why = doubt(a_case(BY_EITHER), the_word("low"), "e-1", LATER)

    assert why is not None
    assert why.code is RejectionCode.VERIFICATION_TOO_LOW
    assert doubt(a_case(BY_EITHER), the_word("high"), "e-1", LATER) is None


def test_owner_of_the_identifiers_was_verified_before() -> None:
    """The word says when somebody made sure of them: never a day to come."""
    early = datetime(2026, 3, 5, 9, 54, tzinfo=UTC)

    why = doubt(a_case(BY_EITHER), the_word("high"), "e-1", early)

    assert why is not None
    assert why.pointer == "/verification/verified_at"


def the_word(level: str) -> RequestAmendment:
    """Build an amendment verified at *level*."""
    return RequestAmendment.model_validate_json(
        f"""{{
            "request_id": "r-1",
            "identifiers": [{{"type": "phone", "value": "+33199000101"}}],
            "verification": {{
                "method": "phone_code",
                "level": "{level}",
                "verified_at": "2026-03-05T10:00:00Z"
            }}
        }}"""
    )
