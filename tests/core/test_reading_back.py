"""Who was erased is looked for again, and never erased again by that alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from orchestrator.core.afterwards.owed import ObligationKind
from orchestrator.core.answer.statements import final_receipt, supplement_receipt
from orchestrator.core.cases import Case, CaseStatus, Found, Scope, TaskStatus, Wants
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    ItemsLocated,
    MatchesConflicted,
    Report,
    TaskReported,
    TimePassed,
)
from orchestrator.core.holds import ReturnReason, RulingKind
from orchestrator.core.keyed import IdentityForgotten, OwedForgotten
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.ruled import ReturnRuled
from orchestrator.core.tasks import Task
from orchestrator.core.words import CallId, StatementKind
from schemas.connecting import (
    EMAIL,
    Action,
    Done,
    Evidence,
    Failed,
    NotApplicable,
    NothingFound,
    Proof,
    Retry,
    TaskId,
)
from schemas.receipts import Owed
from tests.core.builders import (
    DAY,
    INVOICES,
    MAIL,
    T0,
    a_case,
    after,
    after_events,
    an_account,
    an_item,
    located,
    signed,
)

KEY = "read_back:mail"
FIRST = datetime(2026, 3, 6, 23, 0, tzinfo=UTC)  # a whole day after, in Berlin
LOOK = TaskId("case-1.mail.locate.read_back-2026-03-06")
AGAIN = TaskId("case-1.mail.erase.again-2026-03-06")
BACK = an_item("new", started_on=date(2026, 3, 6))
GONE_AT = T0 + 35 * DAY


def _erased(*days: int, **changes: object) -> Case:
    """Build a case whose one record is erased; its account is read back then."""
    account = an_account(MAIL, proof=Proof.STATUS, read_back=days, **changes)
    case = after(a_case(account), MAIL, located("a"), Action.LOCATE)
    return after(case, MAIL, Done("deleted", Evidence.E2))


def _answered(*days: int, **changes: object) -> Case:
    case = _erased(*days, **changes)
    return after_events(case, signed(case), IdentityForgotten(T0))


def _looking(*days: int, **changes: object) -> Case:
    """Build a case whose first look is due."""
    return decide(_answered(*days, **changes), TimePassed(FIRST)).case


def _said(case: Case, report: Report, id_: TaskId = LOOK, at: datetime = FIRST) -> Case:
    """Let the call of a task report."""
    task = replace(case.all_tasks[id_], status=TaskStatus.CALLED, epoch=1)
    items = tuple(item.id for item in task.items)
    event = TaskReported(at, id_, report, 1, CallId(f"call-{task.calls}"), items)
    return decide(case.with_task(task), event).case


def _found_again() -> Case:
    return _said(_looking(1, 7), ItemsLocated((BACK,)))


def _ruled(case: Case, reason: ReturnReason, at: datetime = FIRST) -> Case:
    return decide(case, ReturnRuled(at, LOOK, reason, "dpo-1")).case


def _task(case: Case, id_: TaskId = LOOK) -> Task:
    return case.all_tasks[id_]


def test_answer_promises_looks_and_the_receipt_names_them() -> None:
    """It says where, by which kinds of identifier, and when these are destroyed."""
    case = _erased(1, 7, 30)

    receipt = final_receipt(case, "case-1-1", T0, "1.0.0")
    answered = decide(case, signed(case)).case

    (owed,) = receipt.owed
    assert (owed.what, owed.account, owed.action) == (
        Owed.READ_BACK,
        MAIL,
        Action.LOCATE,
    )
    assert (owed.identifier_types, owed.due_on, owed.kept_until) == (
        (EMAIL,),
        date(2026, 4, 4),
        GONE_AT,
    )
    assert [one.due_on for one in answered.obligations] == [
        date(2026, 3, 6),
        date(2026, 3, 12),
        date(2026, 4, 4),
    ]


def test_forgotten_identity_leaves_the_looks_their_own_key() -> None:
    """The case waits for its first look, a whole day after the answer."""
    case = _answered(1, 7)

    assert case.sealed_apart == {KEY}
    assert (case.status, case.wake_at) == (CaseStatus.ANSWERED, FIRST)


def test_look_is_a_search_that_may_write_nothing() -> None:
    """It is asked by what the account accepts, and the shell lets no write leave."""
    task = _task(_looking(1))

    assert (task.action, task.status) == (Action.LOCATE, TaskStatus.READY)
    assert task.reads_only
    assert task.sealed_under == KEY
    assert task.identifier_types == {EMAIL}


@pytest.mark.parametrize(
    ("proof", "grade"),
    [
        pytest.param(Proof.LOOKUP, Evidence.E4, id="seen"),
        pytest.param(Proof.STATUS, Evidence.E2, id="said"),
    ],
)
def test_nothing_found_is_noted_and_no_more(proof: Proof, grade: Evidence) -> None:
    """A look proves absence where looking is a proof; nobody is told of each."""
    case = _looking(1, 7)
    planned: PlannedAccount = replace(case.plan.accounts[0], proof=proof)
    case = replace(case, plan=replace(case.plan, accounts=(planned,)))

    case = _said(case, NothingFound())

    assert _task(case).outcome == NothingFound(grade)
    assert [one.due_on for one in case.obligations] == [date(2026, 3, 12)]
    assert case.wants is None


def test_last_quiet_look_ends_the_case() -> None:
    """Without a supplement: its key goes, and nothing is owed."""
    case = _said(_looking(1), NothingFound())

    assert case.wants is Wants.FORGET_OWED
    closed = decide(case, OwedForgotten(FIRST, frozenset({KEY}))).case
    assert closed.status is CaseStatus.CLOSED


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(ItemsLocated((BACK,)), id="found"),
        pytest.param(ItemsLocated((BACK,), frozenset({EMAIL})), id="taught"),
        pytest.param(MatchesConflicted(((BACK,), (BACK,))), id="ambiguous"),
    ],
)
def test_somebody_found_again_is_for_a_person(report: Report) -> None:
    """With the date since when, and without an erasure."""
    case = _said(_looking(1, 7), report)

    task = _task(case)
    assert (task.status, task.reason) == (TaskStatus.NEEDS_HUMAN, "present_again")
    assert task.hint is not None
    assert "2026-03-06" in task.hint
    assert AGAIN not in case.all_tasks
    assert case.wants is None


def test_what_was_never_erased_is_not_found_again() -> None:
    """A kept invoice is still there, as it should be."""
    account = an_account(MAIL, proof=Proof.STATUS, read_back=(1,))
    invoice = an_item("k", record_class="invoice")
    case = a_case(account, retention=[INVOICES])
    case = after(case, MAIL, ItemsLocated((an_item("a"), invoice)), Action.LOCATE)
    case = after(case, MAIL, Done("deleted", Evidence.E2))
    case = after_events(case, signed(case), IdentityForgotten(T0), TimePassed(FIRST))

    case = _said(case, ItemsLocated((invoice,)))

    assert _task(case).outcome == NothingFound(Evidence.E2)


def test_looks_that_are_due_together_come_one_after_the_other() -> None:
    """After an outage: a person is asked about one find once, and rules once."""
    later = FIRST + 10 * DAY
    case = decide(_answered(1, 7), TimePassed(later)).case
    assert [t.id for t in case.all_tasks.values() if t.sealed_under == KEY] == [LOOK]

    found = _said(case, ItemsLocated((BACK,)), at=later)
    quiet = _said(case, NothingFound(), at=later)

    returned = _ruled(found, ReturnReason.RETURNING_CUSTOMER, at=later)
    assert [t.id for t in returned.all_tasks.values() if t.sealed_under == KEY] == [
        LOOK
    ]
    second = TaskId("case-1.mail.locate.read_back-2026-03-12")
    assert not _task(quiet, second).is_settled


def test_returning_customer_is_left_alone() -> None:
    """No erasure, no further look; the ruling is told in a supplement."""
    case = _ruled(_found_again(), ReturnReason.RETURNING_CUSTOMER)

    assert AGAIN not in case.all_tasks
    assert _task(case).outcome == NotApplicable("returning_customer")
    assert [one.due_on for one in case.obligations] == [date(2026, 3, 6)]
    receipt = supplement_receipt(case, "case-1-2", FIRST, "1.0.0")
    assert [line.reasons for line in receipt.lines] == [("returning_customer",)]
    assert receipt.rulings is not None
    assert (receipt.rulings[-1].kind, receipt.rulings[-1].reason) == (
        RulingKind.RETURNED.value,
        "returning_customer",
    )


def test_resurrection_is_erased_again_once_a_person_says_so() -> None:
    """The follow-up has what was found, and is told of once it is over."""
    case = _ruled(_found_again(), ReturnReason.RESTORED)

    again = _task(case, AGAIN)
    assert (again.action, again.status) == (Action.ERASE, TaskStatus.READY)
    assert [item.id for item in again.items] == ["new"]
    assert _task(case).outcome == Found(1)
    assert case.wants is None
    case = _said(case, Done("deleted", Evidence.E2), AGAIN)
    assert case.wants is Wants.SEAL_SUPPLEMENT
    told = supplement_receipt(case, "case-1-2", FIRST, "1.0.0")
    assert [(line.action, line.outcome) for line in told.lines] == [
        (Action.LOCATE, "found"),
        (Action.ERASE, "done"),
    ]
    signed_ = signed(case, StatementKind.SUPPLEMENT, at=FIRST)
    case = decide(case, signed_).case
    assert [one.due_on for one in case.obligations] == [date(2026, 3, 12)]


def test_ruling_fits_only_who_was_found_again() -> None:
    """A look that found nobody, or is under way, wants no such word."""
    case = _looking(1, 7)
    ruling = ReturnRuled(FIRST, LOOK, ReturnReason.RESTORED, "dpo-1")

    assert decide(case, ruling).case is case
    quiet = _said(case, NothingFound())
    assert decide(quiet, ruling).case is quiet
    once = _ruled(_found_again(), ReturnReason.RESTORED)
    assert _ruled(once, ReturnReason.RETURNING_CUSTOMER) is once


def test_identifiers_are_gone_after_35_days_whatever_happens() -> None:
    """An account that never answered is not waited for."""
    case = _said(_looking(1, 30), Retry("timeout"))

    over = decide(replace(case, wake_at=GONE_AT), TimePassed(GONE_AT)).case

    assert over.obligations == ()
    assert over.wants is Wants.FORGET_OWED
    assert over.spent_keys == {KEY}


def test_what_nobody_decided_in_time_is_told() -> None:
    """They are there again, nobody said why, and nothing is left to erase by."""
    case = _said(_looking(1), ItemsLocated((BACK,)))

    over = decide(case, TimePassed(GONE_AT)).case

    assert isinstance(_task(over).outcome, Failed)
    assert over.wants is Wants.SEAL_SUPPLEMENT
    receipt = supplement_receipt(over, "case-1-2", GONE_AT, "1.0.0")
    assert receipt.owed == ()  # it tells of the look, and promises none
    assert [line.reasons for line in receipt.lines] == [("present_again",)]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"writes": frozenset({Action.LOCATE, Action.ERASE})}, id="writes"),
        pytest.param({"read_back": ()}, id="switched off"),
    ],
)
def test_account_that_is_not_looked_at_owes_no_look(changes: dict[str, object]) -> None:
    """It can only search by writing, or the register wants none."""
    days = {"read_back": (1,)} | changes
    account = an_account(MAIL, proof=Proof.STATUS, **days)
    case = after(a_case(account), MAIL, located("a"), Action.LOCATE)
    case = after(case, MAIL, Done("deleted", Evidence.E2))

    assert decide(case, signed(case)).case.obligations == ()


def test_erasure_of_a_part_promises_no_look() -> None:
    """The rest of the person's records is there, and should be."""
    case = replace(_erased(1), scope=Scope(record_classes=frozenset({"order"})))

    assert decide(case, signed(case)).case.obligations == ()


def test_unproven_records_promise_no_look() -> None:
    """An account that cannot say whom it knows would find everybody again."""
    account = an_account(MAIL, proof=Proof.STATUS, read_back=(1,))
    case = after(a_case(account), MAIL, located("a", proven=False), Action.LOCATE)
    case = after(case, MAIL, Done("deleted", Evidence.E2))

    assert decide(case, signed(case)).case.obligations == ()


def test_looks_are_obligations_of_their_own_kind() -> None:
    """What a law keeps has its own day and key."""
    kinds = {one.kind for one in _answered(1, 30).obligations}

    assert kinds == {ObligationKind.READ_BACK}
