"""What a refusal stops, when it comes too late, and what the receipt says of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from orchestrator.core.answer.statements import final_receipt
from orchestrator.core.cases import Case, CaseStatus, Step, TaskStatus, Wants
from orchestrator.core.decide import decide
from orchestrator.core.events import Event, ExportSealed, RequestWithdrawn
from orchestrator.core.grounds import PROVISIONS, Ground, fits
from orchestrator.core.holds import HoldReason
from orchestrator.core.intake.opening import open_case
from orchestrator.core.laws import Law
from orchestrator.core.plan import ReviewRule
from orchestrator.core.ruled import CaseHeld, CaseRefused
from orchestrator.core.words import Result, Right
from schemas.connecting import (
    Accepted,
    Action,
    ActionClass,
    Done,
    Evidence,
    Exported,
    NotApplicable,
    Proof,
)
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import (
    ACCESS,
    BOTH,
    CRM,
    ERASURE,
    HOUR,
    MAIL,
    T0,
    a_case,
    a_plan,
    after,
    an_account,
    an_item,
    an_opening,
    called,
    located,
    published,
    ready_to_erase,
    reported,
    signed,
    task_of,
)

NOW = T0 + HOUR
IRREVERSIBLE = frozenset({ActionClass.IRREVERSIBLE})
HELD = CaseHeld(NOW, IRREVERSIBLE, HoldReason.LEGAL_CLAIMS, "dpo-1")
LEFT_ALONE = NotApplicable("refused")
SOLID = an_account(MAIL, proof=Proof.STATUS)


def refusal(
    *classes: str, ground: Ground = Ground.LEGAL_CLAIMS, by: str = "dpo-1"
) -> CaseRefused:
    """Build a refusal."""
    return CaseRefused(NOW, ground, by, frozenset(classes))


def reviewed(deciders: int = 1, rights: frozenset[Right] = ERASURE) -> Case:
    """Open a case that so many people must decide on."""
    rules = tuple(ReviewRule(right, deciders) for right in rights)
    plan = replace(a_plan(an_account(MAIL, proof=Proof.STATUS)), reviews=rules)
    return open_case(an_opening(rights=rights), plan).case


def changes(case: Case, event: Event) -> bool:
    """Tell whether *event* changes *case*."""
    return decide(case, event).case is not case


def test_refused_case_ends_every_line_and_is_answered() -> None:
    """Nothing is erased; the receipt says refused, by whom, and on which ground."""
    decision = decide(ready_to_erase("a"), refusal())

    case = decision.case
    receipt = final_receipt(case, "s-1", NOW, "1")
    answered = decide(case, signed(case)).case
    assert task_of(case, MAIL).outcome == LEFT_ALONE
    assert "privacy.case.refused.v1" in published(decision)
    assert receipt.result == "refused"
    assert receipt.rulings is not None
    assert receipt.rulings[0].provision == "GDPR Art 17(3)(e)"
    assert answered.result is Result.REFUSED
    assert answered.status is CaseStatus.ANSWERED


def test_refusal_ends_what_is_called_only_with_its_report() -> None:
    """A search under call reports, and then the case is over."""
    case = decide(called(a_case(), MAIL, Action.LOCATE), refusal()).case
    assert case.wants is None

    event = located("a")
    task = task_of(case, MAIL, Action.LOCATE)
    case = case.with_task(replace(task, status=TaskStatus.WAITING, wake_at=NOW))
    case = after(case, MAIL, event, Action.LOCATE)

    assert case.wants is Wants.SEAL_STATEMENT
    assert task_of(case, MAIL).outcome == LEFT_ALONE


def test_refusal_during_a_poll_is_obeyed_after_it() -> None:
    """A poll for a copy that moves nothing else is no end of the matter."""
    case = a_case(an_account(MAIL), an_account(CRM), rights=ACCESS)
    case = after(case, MAIL, located("a"), Action.LOCATE)
    case = after(case, MAIL, Accepted(HOUR), Action.EXPORT)
    case = called(case, MAIL, Action.EXPORT)
    asked = task_of(case, MAIL, Action.EXPORT)
    assert asked.step is Step.POLL

    case = decide(case, refusal(ground=Ground.EXCESSIVE)).case

    assert task_of(case, MAIL, Action.EXPORT) != asked, "else its row stays as it was"
    going = reported(case, MAIL, Action.EXPORT, Accepted(HOUR), at=NOW + HOUR)
    case = decide(case, going).case
    assert task_of(case, MAIL, Action.EXPORT).outcome == LEFT_ALONE


@pytest.mark.parametrize("is_called", [True, False], ids=["called", "erased"])
def test_refusal_comes_before_anything_irreversible(*, is_called: bool) -> None:
    """What may be erased is not refused any more, and the rest neither."""
    crm = an_account(CRM, proof=Proof.STATUS)
    case = a_case(SOLID, crm)
    for account in (MAIL, CRM):
        case = after(case, account, located("a"), Action.LOCATE)
    case = called(case, MAIL) if is_called else after(case, MAIL, DONE)

    assert not changes(case, refusal())


DONE = Done("deleted", Evidence.E2)


def test_refusal_of_a_class_leaves_it_alone_and_erases_the_rest() -> None:
    """The line says what is left alone; the result is partial."""
    items = (an_item("a"), an_item("b", record_class="order"))
    case = after(a_case(SOLID), MAIL, replace(located(), items=items), Action.LOCATE)

    case = decide(case, refusal("order")).case
    case = after(case, MAIL, DONE)

    erased = task_of(case, MAIL)
    (search, line) = final_receipt(case, "s-1", NOW, "1").lines
    assert [item.record_class for item in erased.items] == ["marketing_profile"]
    assert (search.left_alone, line.left_alone) == (None, ("order",))
    assert final_receipt(case, "s-1", NOW, "1").result == "partial"


def test_refusal_of_all_that_was_found_settles_the_line_as_refused() -> None:
    """An account that has only refused records is asked for nothing."""
    case = decide(ready_to_erase("a"), refusal("marketing_profile")).case

    assert task_of(case, MAIL).outcome == LEFT_ALONE
    assert case.refused_for is None


def test_refusal_of_a_class_is_too_late_once_it_may_be_erased() -> None:
    """Another class can still be refused."""
    case = called(ready_to_erase("a", account=SOLID), MAIL)

    assert not changes(case, refusal("marketing_profile"))


def test_refused_case_learns_nothing_and_is_not_withdrawn() -> None:
    """What is decided is decided, until the answer."""
    case = decide(ready_to_erase("a"), refusal()).case

    word = RequestWithdrawn(NOW, "portal", WithdrawalReason.BY_PERSON)
    assert not changes(case, word)
    assert not changes(case, HELD)
    assert not changes(case, refusal())


def test_copy_that_was_sealed_makes_a_refusal_partial() -> None:
    """The person has got something."""
    case = ready_to_erase("a", rights=BOTH, account=SOLID)
    case = after(case, MAIL, Exported(1), Action.EXPORT)
    case = decide(case, ExportSealed(NOW, "0" * 64, NOW + HOUR)).case

    case = decide(case, refusal(ground=Ground.EXCESSIVE)).case

    assert final_receipt(case, "s-1", NOW, "1").result == "partial"


def test_two_people_refuse_where_the_register_wants_four_eyes() -> None:
    """The first word alone changes no task."""
    once = decide(reviewed(2), refusal()).case

    same = decide(once, refusal(by="DPO-1")).case
    twice = decide(once, refusal(by="dpo-2")).case

    assert once.refused_for is same.refused_for is None
    assert twice.refused_for is Ground.LEGAL_CLAIMS
    assert twice.rulings[-1].by == ("dpo-1", "dpo-2")


@pytest.mark.parametrize(
    ("ground", "rights", "in_part", "fitting"),
    [
        pytest.param(Ground.LEGAL_CLAIMS, ERASURE, False, True, id="exception"),
        pytest.param(Ground.LEGAL_CLAIMS, BOTH, False, False, id="no-copy-by-art-17"),
        pytest.param(Ground.LEGAL_CLAIMS, BOTH, True, True, id="in-part"),
        pytest.param(Ground.OTHERS_RIGHTS, ACCESS, False, True, id="copy"),
        pytest.param(Ground.OTHERS_RIGHTS, ERASURE, False, False, id="no-erasure"),
        pytest.param(Ground.EXCESSIVE, BOTH, False, True, id="excessive"),
        pytest.param(Ground.EXCESSIVE, ACCESS, True, False, id="no-part-of-a-copy"),
    ],
)
def test_ground_fits_only_its_rights(
    ground: Ground, rights: Iterable[Right], *, fitting: bool, in_part: bool
) -> None:
    """An exception to erasure is none to access (Art 17(3) GDPR)."""
    assert fits(ground, Law.EU, frozenset(rights), in_part=in_part) is fitting


def test_every_ground_has_a_provision() -> None:
    """The closed list is closed; no law is without grounds."""
    assert set(PROVISIONS) == set(Law)
    assert {ground for known in PROVISIONS.values() for ground in known} == set(Ground)


@pytest.mark.parametrize(
    ("place", "ground", "provision"),
    [
        pytest.param("DE", Ground.LEGAL_CLAIMS, "GDPR Art 17(3)(e)", id="eu"),
        pytest.param("GB", Ground.LEGAL_CLAIMS, "UK GDPR Art 17(3)(e)", id="uk"),
        pytest.param(
            "US-CA",
            Ground.TRANSACTION,
            "Cal. Civ. Code 1798.105(d)(1)",
            id="california",
        ),
        pytest.param("BR", Ground.LEGAL_OBLIGATION, "LGPD Art 16 I", id="brazil"),
        pytest.param("CN", Ground.TECHNICALLY_HARD, "PIPL Art 47(2)", id="china"),
    ],
)
def test_refusal_names_the_provision_of_its_own_law(
    place: str, ground: Ground, provision: str
) -> None:
    """No receipt cites the GDPR to a Californian."""
    case = replace(ready_to_erase("a"), jurisdiction=place)

    refused = decide(case, refusal(ground=ground)).case

    assert refused.rulings[-1].provision == provision


@pytest.mark.parametrize(
    ("place", "ground"),
    [
        pytest.param("FR", Ground.TRANSACTION, id="eu"),
        pytest.param("GB", Ground.TECHNICALLY_HARD, id="uk"),
        pytest.param("US-CA", Ground.NO_GROUND, id="california"),
        pytest.param("BR", Ground.EXCESSIVE, id="brazil"),
        pytest.param("CN", Ground.LEGAL_CLAIMS, id="china"),
    ],
)
def test_ground_that_a_law_does_not_know_refuses_nothing(
    place: str, ground: Ground
) -> None:
    """A ground is of one law, not of all."""
    case = replace(ready_to_erase("a"), jurisdiction=place)

    assert not changes(case, refusal(ground=ground))
