"""What becomes of a case whose answer may have left, though nobody has it any more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.answer.statements import final_receipt
from orchestrator.core.cases import Case, CaseStatus, Wants
from orchestrator.core.decide import decide
from orchestrator.core.events import Event
from orchestrator.core.holds import RulingKind
from orchestrator.core.intake.opening import open_case
from orchestrator.core.ruled import AnswerDoubted, AnswerRuled, StatementLost
from orchestrator.core.words import Rehearsal, Result, StatementKind
from schemas.connecting import Action
from tests.core.builders import (
    HOUR,
    MAIL,
    T0,
    a_plan,
    an_account,
    an_opening,
    published,
    ready_to_erase,
    signed,
    task_of,
)
from tests.core.ended import erased, keeping
from tests.core.recoveries import BY, recovered

LOST = StatementLost(T0 + HOUR, 1, BY)
NEVER = AnswerRuled(T0 + HOUR, None, "dpo-1")
COMPLETE = AnswerRuled(T0 + HOUR, Result.COMPLETE, "dpo-1")


def _after(case: Case, *events: Event) -> Case:
    for event in events:
        case = decide(case, event).case
    return case


def test_case_with_a_lost_statement_gets_no_second_final_one() -> None:
    """It may be answered already: seal does nothing until a person has found out."""
    case = _after(erased(), LOST)

    assert (erased().wants, case.wants) == (Wants.SEAL_STATEMENT, None)
    assert decide(case, signed(case)).case is case
    assert case.rulings[-1].kind is RulingKind.ANSWER_UNKNOWN
    assert case.rulings[-1].by == BY


def test_case_with_a_lost_statement_erases_nothing() -> None:
    """What was ready waits, as under a hold."""
    before = ready_to_erase("a")

    case = _after(before, LOST)

    assert task_of(before, MAIL).gate is None
    assert task_of(case, MAIL).gate is not None


def test_lost_number_is_never_given_again() -> None:
    """The next statement comes after it, and replaces it."""
    case = _after(erased(), LOST, NEVER)

    receipt = final_receipt(case, "statement-2", T0 + HOUR, "1.0.0")

    assert (receipt.number, receipt.supersedes) == (2, 1)
    assert receipt.rulings is not None
    assert [one.kind for one in receipt.rulings] == ["answer_unknown", "answered_anew"]


def test_person_who_finds_no_answer_lets_the_case_go_on() -> None:
    """It is answered as any other."""
    case = _after(erased(), LOST, NEVER)

    assert case.wants is Wants.SEAL_STATEMENT


def test_person_who_finds_the_answer_ends_the_case_without_another() -> None:
    """The portal hears that it is answered; no statement is signed for it."""
    before = _after(ready_to_erase("a"), LOST)

    decision = decide(before, COMPLETE)

    case = decision.case
    assert (case.status, case.result) == (CaseStatus.ANSWERED, Result.COMPLETE)
    assert case.statements == ()
    assert case.wants is Wants.FORGET_IDENTITY
    assert published(decision) == ("privacy.case.answered.v1",)


@pytest.mark.parametrize("event", [LOST, NEVER, COMPLETE], ids=["lost", "no", "yes"])
def test_word_of_a_lost_answer_counts_once(event: Event) -> None:
    """A release that died on the way is done again."""
    case = _after(erased(), LOST, event)

    assert decide(case, event).case is case


def test_receipt_that_comes_back_ends_the_doubt() -> None:
    """The one after the lost one answered the case."""
    case = _after(erased(), LOST)

    case = _after(case, recovered(case))

    assert (case.status, case.unsure_since) == (CaseStatus.ANSWERED, None)
    assert [one.number for one in case.statements] == [2]


def test_answered_case_only_counts_what_was_lost() -> None:
    """A supplement of it is lost: there is no second answer to fear."""
    answered = _after(keeping(), signed(keeping()))

    case = _after(answered, replace(LOST, number=2))

    assert (case.lost_statements, case.unsure_since) == ((2,), None)
    assert case.status is CaseStatus.ANSWERED


def test_statement_out_of_order_is_not_counted() -> None:
    """Number 3 is lost, and number 1 is not here yet."""
    case = erased()

    assert decide(case, replace(LOST, number=3)).case is case
    assert recovered(case).kind is StatementKind.FINAL


def test_request_that_was_perhaps_answered_is_opened_in_doubt() -> None:
    """The case that the lost statement was of is not here: the new one waits."""
    opening = an_opening(unsure_by=BY)

    case = open_case(opening, a_plan(an_account(MAIL))).case

    assert case.unsure_since == opening.at
    assert task_of(case, MAIL, Action.LOCATE).gate is None


def test_rehearsal_is_never_in_doubt() -> None:
    """It is in no log, so nothing of it was lost."""
    case = replace(erased(), rehearsal=frozenset({Rehearsal.DRY_RUN}))

    assert decide(case, AnswerDoubted(T0, BY)).case is case
