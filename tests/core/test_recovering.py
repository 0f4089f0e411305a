"""What a statement from before a restore does to the case that forgot it."""

from __future__ import annotations

import pytest

from orchestrator.core.answer.recovering import ANSWERED_BEFORE
from orchestrator.core.cases import Case, CaseStatus, ExportStatus, Wants
from orchestrator.core.decide import decide
from orchestrator.core.events import Event
from orchestrator.core.words import Result, StatementKind
from schemas.connecting import Action
from tests.core.answers import RECOVERED
from tests.core.builders import (
    ACCESS,
    CRM,
    MAIL,
    T0,
    a_case,
    an_account,
    called,
    published,
    ready_to_erase,
    signed,
)
from tests.core.ended import erased, keeping
from tests.core.recoveries import recovered


def _recovered(case: Case) -> Case:
    return decide(case, recovered(case)).case


def test_recovered_answer_answers_the_case() -> None:
    """As it did before the restore: its time, its result, its digest."""
    case = _recovered(ready_to_erase("a"))

    assert (case.status, case.result) == (CaseStatus.ANSWERED, Result.COMPLETE)
    assert case.answered_at == T0
    assert [one.sha256 for one in case.statements] == [RECOVERED]
    assert case.wants is Wants.FORGET_IDENTITY


def test_what_the_backup_believes_to_be_open_is_left_alone() -> None:
    """Nobody is erased a second time, and no line claims to be done."""
    before = called(a_case(an_account(MAIL), an_account(CRM)), MAIL, Action.LOCATE)

    case = _recovered(before)

    outcomes = {task.outcome for task in case.all_tasks.values()}
    assert all(task.is_settled for task in case.all_tasks.values())
    assert outcomes == {ANSWERED_BEFORE}


def test_no_second_final_statement_is_signed() -> None:
    """Neither by seal, nor by the same news again, nor by another final one."""
    case = _recovered(ready_to_erase("a"))

    again: list[Event] = [recovered(case, number=1), recovered(case), signed(case)]

    assert all(decide(case, event).case is case for event in again)


def test_recovered_answer_is_told_again_and_no_account_is() -> None:
    """The portal hears what it heard before; the lines would be wrong."""
    case = ready_to_erase("a")

    decision = decide(case, recovered(case))

    assert published(decision) == (
        "privacy.receipt.issued.v1",
        "privacy.case.answered.v1",
    )


def test_recovered_answer_ends_a_case_that_waited_for_its_signature() -> None:
    """What is settled in the backup stays as it was."""
    before = erased("a")

    case = _recovered(before)

    assert case.all_tasks == before.all_tasks
    assert case.status is CaseStatus.ANSWERED


def test_copy_that_the_backup_lacks_does_not_come() -> None:
    """What was gathered for it goes."""
    case = _recovered(a_case(an_account(MAIL), rights=ACCESS))

    assert case.export is ExportStatus.DROPPED
    assert case.is_copied


def test_what_the_law_keeps_is_still_owed() -> None:
    """As far as the backup knows of it."""
    before = keeping()

    assert _recovered(before).obligations


def test_recovered_interim_statement_only_counts() -> None:
    """The case goes on under the next number."""
    before = ready_to_erase("a")
    interim = recovered(before, kind=StatementKind.INTERIM, result=None)

    case = decide(before, interim).case

    assert case.status is CaseStatus.RUNNING
    assert case.all_tasks == before.all_tasks
    assert [one.kind for one in case.statements] == [StatementKind.INTERIM]
    assert decide(case, interim).case is case


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"number": 2}, id="a_number_is_missing"),
        pytest.param({"kind": StatementKind.SUPPLEMENT}, id="supplement_of_no_answer"),
        pytest.param({"result": None}, id="final_without_result"),
    ],
)
def test_recovered_statement_that_does_not_fit_changes_nothing(
    changes: dict[str, object],
) -> None:
    """It is in the log all the same; the case does not follow it."""
    case = ready_to_erase("a")

    assert decide(case, recovered(case, **changes)).case is case
