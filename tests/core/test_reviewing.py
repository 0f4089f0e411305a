"""What people decide of a whole case: hold, release, approve."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.cases import Case, GateReason, TaskStatus, Wants
from orchestrator.core.decide import decide
from orchestrator.core.events import Event, RequestWithdrawn, TimePassed
from orchestrator.core.grounds import Ground
from orchestrator.core.holds import (
    DECISIVE,
    HOLD_PROVISION,
    HoldReason,
    Ruling,
    RulingKind,
    hold_provision,
)
from orchestrator.core.intake.opening import open_case
from orchestrator.core.laws import Law
from orchestrator.core.plan import ReviewRule
from orchestrator.core.ruled import (
    CaseApproved,
    CaseHeld,
    CaseRefused,
    CaseReleased,
)
from orchestrator.core.words import Rehearsal, Right
from schemas.connecting import (
    Action,
    ActionClass,
    Exported,
    NotApplicable,
    Proof,
)
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import (
    ACCESS,
    BOTH,
    DAY,
    ERASURE,
    HOUR,
    MAIL,
    T0,
    a_case,
    a_plan,
    after,
    after_events,
    an_account,
    an_opening,
    located,
    published,
    ready_to_erase,
    states,
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


# --- holds --------------------------------------------------------------------------


def test_hold_puts_an_erasure_back_and_its_release_lets_it_go() -> None:
    """What has not been claimed waits behind its gate until nobody holds it."""
    case = ready_to_erase("a")

    held = decide(case, HELD).case
    freed = decide(held, CaseReleased(NOW, HoldReason.LEGAL_CLAIMS, "dpo-2")).case

    gate = task_of(held, MAIL).gate
    assert gate is not None
    assert gate.reason is GateReason.HOLD
    assert states(freed) == {MAIL: TaskStatus.READY}


def test_hold_on_reading_stops_a_search_that_is_ready() -> None:
    """Who doubts the person's identity asks no processor about them."""
    reading = frozenset({ActionClass.READING})
    doubt = CaseHeld(NOW, reading, HoldReason.IDENTITY_DOUBT, "dpo-1")

    held = decide(a_case(), doubt).case

    assert task_of(held, MAIL, Action.LOCATE).status is TaskStatus.PLANNED


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(
            replace(HELD, classes=frozenset({ActionClass.PROTECTIVE})), id="protective"
        ),
        pytest.param(replace(HELD, reason=HoldReason.REVIEW), id="by-rule"),
        pytest.param(replace(HELD, reason=HoldReason.BRAKE), id="brake"),
        pytest.param(replace(HELD, classes=frozenset()), id="nothing"),
        pytest.param(CaseReleased(NOW, HoldReason.AUTHORITY, "dpo-1"), id="not-held"),
    ],
)
def test_hold_that_nobody_may_set_changes_nothing(event: Event) -> None:
    """What protects is never held, and a rule's hold is the rule's."""
    assert not changes(ready_to_erase("a"), event)


def test_two_holds_end_one_by_one() -> None:
    """A class stays held as long as any reason holds it."""
    other = replace(HELD, reason=HoldReason.AUTHORITY)
    case = after_events(ready_to_erase("a"), HELD, other)

    one = decide(case, CaseReleased(NOW, HoldReason.AUTHORITY, "dpo-1")).case

    assert one.held == IRREVERSIBLE
    assert not changes(one, HELD)


def test_hold_moves_no_deadline() -> None:
    """The law's clock keeps running."""
    case = ready_to_erase("a")

    assert decide(case, HELD).case.due_at == case.due_at


def test_rulings_are_told_and_kept_with_their_provision() -> None:
    """The portal hears of a hold; the case keeps who held what, and by which law."""
    decision = decide(ready_to_erase("a"), HELD)

    (ruling,) = decision.case.rulings
    assert published(decision) == ("privacy.case.held.v1",)
    assert ruling == Ruling(
        RulingKind.HELD,
        NOW,
        ("dpo-1",),
        reason="legal_claims",
        provision="GDPR Art 17(3)(e)",
        classes=IRREVERSIBLE,
        review_at=NOW + 90 * DAY,
    )


def test_every_hold_that_a_person_sets_has_a_provision() -> None:
    """The receipt names the law, and never another one's."""
    assert set(HOLD_PROVISION) == {*HoldReason} - {HoldReason.REVIEW, HoldReason.BRAKE}
    for law in set(Law) - {Law.EU}:
        said = {hold_provision(reason, law) for reason in HOLD_PROVISION}
        assert not said & set(HOLD_PROVISION.values())


# --- review -------------------------------------------------------------------------


def test_case_under_review_is_searched_and_nothing_else() -> None:
    """It is held for the decision, reads on, and is told to the portal as held."""
    case = after(reviewed(), MAIL, located("a"), Action.LOCATE)

    assert case.held == DECISIVE
    assert states(case) == {MAIL: TaskStatus.PLANNED}


def test_approval_lets_the_case_go_on() -> None:
    """The erasure is ready, and the ruling says who approved."""
    case = after(reviewed(), MAIL, located("a"), Action.LOCATE)

    approved = decide(case, CaseApproved(NOW, "dpo-1")).case

    assert states(approved) == {MAIL: TaskStatus.READY}
    assert approved.rulings[-1].kind is RulingKind.APPROVED
    assert not changes(approved, CaseApproved(NOW, "dpo-2"))


def test_two_different_people_approve_where_the_register_wants_four_eyes() -> None:
    """The same one twice is one."""
    once = decide(reviewed(2), CaseApproved(NOW, "dpo-1")).case

    twice = decide(once, CaseApproved(NOW, "dpo-2")).case

    assert once.is_under_review
    assert not changes(once, CaseApproved(NOW + HOUR, "dpo-1"))
    assert twice.rulings[-1].by == ("dpo-1", "dpo-2")
    assert not twice.is_under_review


def test_second_person_who_says_something_else_decides_nothing() -> None:
    """A refusal after an approval is a new proposal."""
    case = after_events(reviewed(2), CaseApproved(NOW, "dpo-1"), refusal(by="dpo-2"))

    assert case.is_under_review
    assert case.refused_for is None
    assert case.rulings == ()


def test_copy_under_review_is_not_handed_out() -> None:
    """Nothing is packed or signed before a person has decided."""
    case = after(reviewed(rights=ACCESS), MAIL, located("a"), Action.LOCATE)
    case = after(case, MAIL, Exported(1), Action.EXPORT)

    approved = decide(case, CaseApproved(NOW, "dpo-1")).case

    assert case.wants is None
    assert approved.wants is Wants.SEAL_EXPORT


def test_withdrawal_ends_a_review() -> None:
    """Nobody need decide on what is not wanted any more."""
    word = RequestWithdrawn(NOW, "portal", WithdrawalReason.BY_PERSON)

    case = decide(reviewed(), word).case

    assert case.wants is Wants.SEAL_STATEMENT


def test_review_holds_no_rehearsal() -> None:
    """A dry run gives and does nothing that a person must decide on."""
    plan = replace(a_plan(), reviews=(ReviewRule(Right.ERASURE, 2),))
    dry = frozenset({Rehearsal.DRY_RUN})

    assert open_case(an_opening(rehearsal=dry), plan).case.holds == ()
    assert open_case(an_opening(), plan).case.holds != ()


@pytest.mark.parametrize(
    ("jurisdiction", "deciders"),
    [
        pytest.param("FR", 1, id="everywhere"),
        pytest.param("DE", 0, id="country"),
        pytest.param("DE-BE", 0, id="part-of-the-country"),
        pytest.param("DE-BY", 2, id="part"),
    ],
)
def test_closest_rule_decides(jurisdiction: str, deciders: int) -> None:
    """A part of a country goes before the country, and that before everywhere."""
    rules = (
        ReviewRule(Right.ERASURE, 1),
        ReviewRule(Right.ERASURE, 0, frozenset({"DE"})),
        ReviewRule(Right.ERASURE, 2, frozenset({"DE-BY"})),
    )

    assert replace(a_plan(), reviews=rules).deciders(ERASURE, jurisdiction) == deciders


def test_strictest_of_the_rights_decides() -> None:
    """Who wants two rights at once gets the stricter review."""
    plan = replace(a_plan(), reviews=(ReviewRule(Right.ACCESS, 2),))

    assert plan.deciders(BOTH, "DE") == 2
    assert plan.deciders(ERASURE, "DE") == 0


def test_hold_survives_time() -> None:
    """Nothing but a person ends it."""
    case = decide(ready_to_erase("a"), HELD).case

    later = decide(case, TimePassed(case.due_at)).case

    assert later.held == IRREVERSIBLE
