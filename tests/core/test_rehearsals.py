"""What a dry run and a test leave undone, and who is asked in them."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from orchestrator.core.answer.statements import final_receipt
from orchestrator.core.cases import Case, ExportStatus, TaskStatus, Wants
from orchestrator.core.commands import TellSubjectsCases
from orchestrator.core.decide import decide
from orchestrator.core.events import ItemsLocated, SiblingExportOpened
from orchestrator.core.intake.opening import open_case
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.words import CaseId, Rehearsal, Right
from schemas.connecting import Action, Mode, NotApplicable
from tests.core.builders import (
    BOTH,
    CRM,
    ERASURE,
    MAIL,
    T0,
    a_plan,
    after,
    an_account,
    an_item,
    an_opening,
    task_of,
)

DRY = frozenset({Rehearsal.DRY_RUN})
TEST = frozenset({Rehearsal.TEST})
LEFT_OUT = NotApplicable("dry_run")
LIVE, SANDBOX = an_account(CRM), an_account(MAIL, is_sandbox=True)


def a_rehearsal(
    *accounts: PlannedAccount,
    rehearsal: Collection[Rehearsal] = DRY,
    rights: frozenset[Right] = ERASURE,
) -> Case:
    """Open a case that is perhaps not for real."""
    opening = an_opening(rehearsal=frozenset(rehearsal), rights=rights)
    return open_case(opening, a_plan(*accounts)).case


def test_dry_run_ends_with_its_counts() -> None:
    """Once searched, nothing is left to do, and the line says how much there is."""
    case = a_rehearsal(an_account(), rights=BOTH)

    case = after(case, MAIL, ItemsLocated((an_item("a"), an_item("b"))), Action.LOCATE)

    erasure = task_of(case, MAIL)
    assert (erasure.outcome, len(erasure.items)) == (LEFT_OUT, 2)
    assert task_of(case, MAIL, Action.EXPORT).outcome == LEFT_OUT
    assert case.wants is Wants.SEAL_STATEMENT


def test_dry_run_makes_no_copy_and_nobody_waits_for_one() -> None:
    """A real erasure of the same person is not held up by a rehearsal."""
    opening = an_opening(rehearsal=DRY, rights=BOTH)

    decision = open_case(opening, a_plan())

    assert decision.case.export is ExportStatus.NOT_ASKED
    assert TellSubjectsCases(settled=False) not in decision.commands


def test_dry_run_waits_for_nobody() -> None:
    """No order matters where nothing is erased."""
    fed = an_account(MAIL, fed_by=(CRM,))
    case = a_rehearsal(an_account(CRM), fed)
    case = decide(case, SiblingExportOpened(T0, CaseId("case-2"))).case

    case = after(case, MAIL, ItemsLocated((an_item("a"),)), Action.LOCATE)

    assert task_of(case, MAIL).outcome == LEFT_OUT


def test_tasks_of_a_dry_run_carry_its_mark() -> None:
    """The shell reads it from the task, whatever the core decided."""
    assert all(task.reads_only for task in a_rehearsal().all_tasks.values())
    assert not any(
        task.reads_only for task in a_rehearsal(rehearsal=TEST).all_tasks.values()
    )


def test_tasks_of_a_test_carry_its_mark() -> None:
    """The shell reads it from the task: the register may have changed meanwhile."""
    rehearsed = a_rehearsal(SANDBOX, rehearsal=TEST)

    assert all(task.sandbox_only for task in rehearsed.all_tasks.values())
    assert not any(task.sandbox_only for task in a_rehearsal().all_tasks.values())


def test_statement_of_a_rehearsal_says_what_it_is() -> None:
    """Even without its payload type nobody reads it as a receipt."""
    case = after(a_rehearsal(), MAIL, ItemsLocated((an_item("a"),)), Action.LOCATE)

    receipt = final_receipt(case, "case-1-1", T0, "1")

    assert receipt.rehearsal == ("dry_run",)
    assert receipt.result == "partial"


def test_test_reaches_sandbox_accounts_only() -> None:
    """A live account gets a visible line, settled before anybody could call it."""
    case = a_rehearsal(LIVE, SANDBOX, rehearsal=TEST)

    live = [task for task in case.all_tasks.values() if task.account == CRM]
    assert {task.outcome for task in live} == {NotApplicable("live_account")}
    assert task_of(case, MAIL, Action.LOCATE).status is TaskStatus.READY


@pytest.mark.parametrize(
    ("accounts", "asked"),
    [
        pytest.param((LIVE, SANDBOX), {CRM}, id="beside a live account"),
        pytest.param((SANDBOX,), {MAIL}, id="alone"),
        pytest.param(
            (an_account(CRM, mode=Mode.OFF), SANDBOX),
            {CRM, MAIL},
            id="beside a live account that is off",
        ),
        pytest.param(
            (an_account(CRM, mode=Mode.DRY_RUN), SANDBOX),
            {CRM},
            id="beside a live account that is only searched",
        ),
    ],
)
def test_sandboxes_take_requests_until_there_is_a_live_account(
    accounts: tuple[PlannedAccount, ...], asked: set[str]
) -> None:
    """From then on they are for tests alone: they hold nobody's data."""
    case = a_rehearsal(*accounts, rehearsal=())

    assert {task.account for task in case.all_tasks.values()} == asked
