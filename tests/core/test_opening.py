"""Opening a case: tasks per right, what is closed at once, and when it is due."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from orchestrator.core.answer.statements import final_receipt
from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ExportStatus,
    GateReason,
    Scope,
    TaskStatus,
    Wants,
)
from orchestrator.core.commands import TellSubjectsCases
from orchestrator.core.decide import decide
from orchestrator.core.events import RequestWithdrawn, TimePassed
from orchestrator.core.intake.opening import open_case
from orchestrator.core.words import CaseId, Right
from schemas.case_events import ACCOUNT_SETTLED, CASE_OPENED
from schemas.connecting import Action, IdentifierType, Mode, NotApplicable
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import (
    BOTH,
    CRM,
    CUSTOMER,
    DAY,
    ERASURE,
    MAIL,
    T0,
    a_case,
    a_plan,
    after_events,
    an_account,
    an_opening,
    published,
    signed,
    task_of,
)


def _actions(case: Case) -> Counter[Action]:
    """Count the tasks of a case by action."""
    return Counter(task.action for task in case.all_tasks.values())


@pytest.mark.parametrize(
    ("rights", "actions"),
    [
        pytest.param({Right.ERASURE}, {Action.LOCATE, Action.ERASE}, id="erasure"),
        pytest.param({Right.ACCESS}, {Action.LOCATE, Action.EXPORT}, id="access"),
        pytest.param({Right.PORTABILITY}, {Action.LOCATE, Action.EXPORT}, id="port"),
        pytest.param(
            {Right.ACCESS, Right.PORTABILITY},
            {Action.LOCATE, Action.EXPORT},
            id="both copies are one export",
        ),
        pytest.param(
            set(Right), {Action.LOCATE, Action.EXPORT, Action.ERASE}, id="all"
        ),
    ],
)
def test_each_right_plans_its_tasks_at_each_account(
    rights: set[Right], actions: set[Action]
) -> None:
    """Every account is searched, and gets one task for each action of the rights."""
    case = a_case(an_account(MAIL), an_account(CRM), rights=frozenset(rights))

    assert _actions(case) == dict.fromkeys(actions, 2)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"mode": Mode.OFF}, "account_off", id="off"),
        pytest.param(
            {"actions": frozenset({Action.LOCATE})}, "not_supported", id="cannot"
        ),
    ],
)
def test_account_that_is_not_asked_has_a_visible_line(
    changes: dict[str, object], reason: str
) -> None:
    """An account that is off or cannot erase is settled, with its reason, at once."""
    case = a_case(an_account(MAIL, **changes))

    task = task_of(case, MAIL)

    assert task.status is TaskStatus.SETTLED
    assert task.outcome == NotApplicable(reason)


def test_portal_learns_of_lines_that_close_at_once() -> None:
    """The portal is told of each line that is settled when the case opens."""
    plan = a_plan(an_account(MAIL, mode=Mode.OFF))

    decision = open_case(an_opening(), plan)

    assert published(decision) == (CASE_OPENED, ACCOUNT_SETTLED, ACCOUNT_SETTLED)


def test_case_without_accounts_is_unplanned_and_never_sealed() -> None:
    """A case that reaches nobody stays received, wants nothing and takes no answer."""
    plan = replace(a_plan(), accounts=())
    case = open_case(an_opening(rights=BOTH), plan).case

    later = after_events(case, TimePassed(T0 + 400 * DAY), signed(case))

    assert case.status is CaseStatus.RECEIVED
    assert case.export is ExportStatus.NOT_ASKED
    assert case.wants is None
    assert case.wake_at is not None
    assert case.wake_at <= case.due_at
    assert later.status is CaseStatus.RECEIVED
    assert later.statements == ()


def test_unplanned_case_ends_when_its_request_is_withdrawn() -> None:
    """Nobody was asked, which the receipt says: it was withdrawn, without a line."""
    plan = replace(a_plan(), accounts=())
    case = open_case(an_opening(rights=BOTH), plan).case
    word = RequestWithdrawn(T0 + DAY, "portal", WithdrawalReason.SENT_IN_ERROR)

    case = decide(case, word).case

    assert case.wants is Wants.SEAL_STATEMENT
    receipt = final_receipt(case, "s-1", T0 + DAY, "1")
    assert (receipt.result, receipt.lines) == ("withdrawn", ())
    case = decide(case, signed(case)).case
    assert case.status is CaseStatus.ANSWERED
    assert case.wants is Wants.FORGET_IDENTITY


def test_scope_limits_the_accounts() -> None:
    """A person who named one account is searched and erased there only."""
    scope = Scope(accounts=frozenset({CRM}))

    case = open_case(
        an_opening(scope=scope), a_plan(an_account(MAIL), an_account(CRM))
    ).case

    assert {task.account for task in case.all_tasks.values()} == {CRM}


def test_search_starts_at_once_and_erasure_waits() -> None:
    """A search with a known identifier is ready; the erasure is behind its gate."""
    case = a_case()

    assert task_of(case, MAIL, Action.LOCATE).status is TaskStatus.READY
    erasure = task_of(case, MAIL)
    assert erasure.status is TaskStatus.PLANNED
    assert erasure.gate is not None
    assert erasure.gate.reason is GateReason.LOCATE


def test_task_knows_only_the_identifiers_its_account_accepts() -> None:
    """A search carries the types that its account accepts, and no others."""
    opening = an_opening(
        identifier_types=frozenset({CUSTOMER, IdentifierType("email")})
    )

    case = open_case(opening, a_plan()).case

    assert task_of(case, MAIL, Action.LOCATE).identifier_types == {"email"}


def test_asked_copy_is_told_to_the_subjects_other_cases() -> None:
    """A case that gathers a copy tells the subject's other cases to wait for it."""
    copying = open_case(an_opening(rights=BOTH), a_plan())
    erasing = open_case(an_opening(rights=ERASURE), a_plan())

    assert TellSubjectsCases(settled=False) in copying.commands
    assert TellSubjectsCases(settled=False) not in erasing.commands


def test_only_an_erasure_waits_for_other_cases_copies() -> None:
    """Exports of the subject's other cases are waited for by erasures alone."""
    other = frozenset({CaseId("case-0")})
    copying = an_opening(rights=frozenset({Right.ACCESS}), sibling_exports=other)
    erasing = an_opening(rights=ERASURE, sibling_exports=other)

    assert open_case(copying, a_plan()).case.waits_for_exports == frozenset()
    assert open_case(erasing, a_plan()).case.waits_for_exports == other


def test_latest_dispatch_leaves_the_processor_its_horizon() -> None:
    """What must be sent last is computed back from the deadline over the horizon."""
    case = a_case(an_account(MAIL, horizon=10 * DAY))

    assert task_of(case, MAIL).dispatch_by == case.due_at - 12 * DAY


def test_dispatch_of_a_slow_processor_is_due_at_once() -> None:
    """A horizon longer than the time that is left makes the dispatch due now."""
    case = a_case(an_account(MAIL, horizon=60 * DAY))

    assert task_of(case, MAIL).dispatch_by == T0


def test_deadline_is_kept_in_utc_with_its_rule() -> None:
    """A case stores the moment in UTC, and the name of the rule that gave it."""
    case = a_case()

    assert case.due_at == datetime(2026, 4, 6, 21, 59, 59, tzinfo=UTC)
    assert case.due_at.tzinfo is UTC
    assert case.due_rule == "eu-1182-71.1"


def test_due_date_is_not_moved_by_time() -> None:
    """Whatever time passes, the deadline stays where it was."""
    case = a_case()

    later = decide(case, TimePassed(case.due_at + DAY)).case

    assert later.due_at == case.due_at
