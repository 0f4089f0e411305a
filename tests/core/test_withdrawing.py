"""What a withdrawn request stops, what it cannot, and what the receipt then says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.core.answer.results import result_of
from orchestrator.core.answer.statements import final_receipt
from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ExportStatus,
    Step,
    TaskStatus,
    Wants,
)
from orchestrator.core.commands import TellSubjectsCases
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    CheckFailed,
    ExportSealed,
    ExportShredded,
    ItemsLocated,
    ItemsLookedAt,
    Report,
    RequestWithdrawn,
)
from orchestrator.core.words import Result
from schemas.connecting import (
    Accepted,
    Action,
    Cancelled,
    Done,
    Evidence,
    Exported,
    Failed,
    ItemId,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    Progress,
    Proof,
    Retry,
    TooLate,
    Unknown,
)
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import (
    ACCESS,
    BOTH,
    CRM,
    HOUR,
    MAIL,
    T0,
    a_case,
    after,
    after_events,
    an_account,
    an_item,
    called,
    ready_to_erase,
    reported,
    signed,
    task_of,
)

LATER = T0 + HOUR
WITHDRAWAL = RequestWithdrawn(LATER, "portal", WithdrawalReason.BY_PERSON)
LEFT_ALONE = NotApplicable("withdrawn")
RECALLABLE = an_account(MAIL, proof=Proof.STATUS, cancels=frozenset({Action.ERASE}))


def withdrawn(case: Case) -> Case:
    """Withdraw the request of *case*."""
    return decide(case, WITHDRAWAL).case


def with_job(*ids: str) -> Case:
    """Open a case whose erasure is an accepted job that can be called back."""
    case = ready_to_erase(*(ids or ("a",)), account=RECALLABLE)
    return after(case, MAIL, Accepted(HOUR))


def recalled(case: Case, report: Report) -> Case:
    """Let the recall of a job end with *report*."""
    return after(case, MAIL, report, at=LATER)


def test_nothing_begun_is_left_alone() -> None:
    """Before the first call everything settles at once, and the case wants its end."""
    case = withdrawn(ready_to_erase("a"))

    assert task_of(case, MAIL).outcome == LEFT_ALONE
    assert case.wants is Wants.SEAL_STATEMENT
    assert result_of(case) is Result.WITHDRAWN


def test_withdrawn_receipt_says_so_and_when() -> None:
    """The statement has the result, the moment and a reason on each line."""
    case = withdrawn(ready_to_erase("a"))

    receipt = final_receipt(case, "case-1-1", LATER, "1")

    assert (receipt.result, receipt.times.withdrawn_at) == ("withdrawn", LATER)
    assert [line.reasons for line in receipt.lines] == [(), ("withdrawn",)]


def test_answered_case_takes_no_withdrawal() -> None:
    """What is signed stays as it is."""
    case = after(ready_to_erase("a"), MAIL, NothingFound())
    case = decide(case, signed(case)).case

    assert case.status is CaseStatus.ANSWERED
    assert withdrawn(case) is case


def test_second_withdrawal_changes_nothing() -> None:
    """The first one's moment and reason stand."""
    case = withdrawn(with_job())
    again = replace(WITHDRAWAL, at=LATER + HOUR, reason=WithdrawalReason.DUPLICATE)

    assert decide(case, again).case is case


def test_person_no_longer_needs_to_decide() -> None:
    """A task that waits for a person is closed, for nothing has begun."""
    case = after(ready_to_erase("a"), MAIL, Failed("refused_400", "Ask support."))

    assert task_of(withdrawn(case), MAIL).outcome == LEFT_ALONE


def test_call_under_way_ends_first() -> None:
    """Nobody knows what it did, so the withdrawal waits for its report."""
    case = withdrawn(called(ready_to_erase("a"), MAIL))

    assert task_of(case, MAIL).status is TaskStatus.CALLED

    report = reported(case, MAIL, Action.ERASE, Retry("throttled"))
    assert task_of(decide(case, report).case, MAIL).outcome == LEFT_ALONE


def test_search_under_way_asks_nobody_again() -> None:
    """What a late answer teaches starts no other search."""
    crm = an_account(CRM)
    case = a_case(RECALLABLE, crm)
    case = withdrawn(called(case, MAIL, Action.LOCATE))
    found = ItemsLocated((an_item("a"),), frozenset({*crm.accepts}))

    case = decide(case, reported(case, MAIL, Action.LOCATE, found)).case

    assert task_of(case, CRM, Action.LOCATE).outcome == LEFT_ALONE
    assert case.wants is Wants.SEAL_STATEMENT


def test_what_is_erased_makes_the_case_partial() -> None:
    """An account that was quicker than the person stays done, and is told."""
    case = a_case(RECALLABLE, an_account(CRM, proof=Proof.STATUS))
    for account in (MAIL, CRM):
        case = after(case, account, ItemsLocated((an_item("a"),)), Action.LOCATE)
    case = withdrawn(after(case, MAIL, Done("deleted", Evidence.E2)))

    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.E2)
    assert task_of(case, CRM).outcome == LEFT_ALONE
    assert result_of(case) is Result.PARTIAL


def test_withdrawal_after_the_last_erasure_leaves_it_complete() -> None:
    """Nothing was left to stop, so nothing is partial."""
    case = after(
        ready_to_erase("a", account=RECALLABLE), MAIL, Done("deleted", Evidence.E2)
    )

    assert result_of(withdrawn(case)) is Result.COMPLETE


def test_job_is_called_back() -> None:
    """An accepted job that can be cancelled gets a call of its own, at once."""
    case = withdrawn(with_job())
    task = task_of(case, MAIL)

    assert (task.status, task.step, task.wake_at) == (
        TaskStatus.WAITING,
        Step.CANCEL,
        LATER,
    )
    assert task_of(recalled(case, Cancelled()), MAIL).outcome == LEFT_ALONE


def test_job_that_is_too_late_goes_on() -> None:
    """It is asked about to its end, and called back no second time."""
    case = recalled(withdrawn(with_job()), TooLate())
    polling = task_of(case, MAIL)

    case = after(case, MAIL, Accepted(HOUR), at=LATER)
    case = after(case, MAIL, Done("deleted", Evidence.E2), at=LATER)

    assert polling.step is Step.POLL
    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.E2)


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param(Unknown("timeout"), id="lost"),
        pytest.param(CheckFailed("contract_changed"), id="unreadable"),
        pytest.param(Done("deleted", Evidence.E2), id="absurd"),
    ],
)
def test_poll_tells_what_a_lost_recall_did(lost: Report) -> None:
    """Nobody knows whether the job was cancelled until it is asked about."""
    case = recalled(withdrawn(with_job()), lost)

    assert task_of(case, MAIL).step is Step.POLL
    assert task_of(recalled(case, Cancelled()), MAIL).outcome == LEFT_ALONE


def test_throttled_recall_is_made_again() -> None:
    """A processor that is busy has not refused."""
    task = task_of(
        recalled(withdrawn(with_job()), CheckFailed("throttled", 60.0)), MAIL
    )

    assert (task.status, task.step) == (TaskStatus.WAITING, Step.CANCEL)
    assert task.wake_at is not None
    assert task.wake_at > LATER


def test_fault_of_ours_asks_a_person_and_not_the_processor_again() -> None:
    """A recall that we cannot apply is not made for ever."""
    case = recalled(withdrawn(with_job()), NeedsHuman("our_fault"))

    assert task_of(case, MAIL).status is TaskStatus.NEEDS_HUMAN


def test_withdrawal_during_a_poll_is_obeyed_after_it() -> None:
    """A poll that moves nothing is no end of the matter: the job is called back."""
    case = called(with_job(), MAIL)
    asked = task_of(case, MAIL)
    assert asked.step is Step.POLL

    case = withdrawn(case)

    assert task_of(case, MAIL) != asked, "else its row would be written as it was"
    going = reported(case, MAIL, Action.ERASE, Accepted(HOUR), at=LATER)
    task = task_of(decide(case, going).case, MAIL)
    assert (task.step, task.status) == (Step.CANCEL, TaskStatus.WAITING)


def test_job_that_cannot_be_called_back_goes_on() -> None:
    """The withdrawal is recorded, not obeyed."""
    account = replace(RECALLABLE, cancels=frozenset())
    case = after(ready_to_erase("a", account=account), MAIL, Accepted(HOUR))

    task = task_of(withdrawn(case), MAIL)

    assert (task.step, task.status) == (Step.POLL, TaskStatus.WAITING)


def test_failed_job_is_not_made_anew() -> None:
    """A job that the processor gave up has erased nothing: that is the end."""
    case = recalled(withdrawn(with_job()), TooLate())

    assert task_of(after(case, MAIL, Retry("job_failed")), MAIL).outcome == LEFT_ALONE


def test_records_erased_before_the_recall_are_told() -> None:
    """Called back in part is neither done nor left alone."""
    case = after(
        ready_to_erase("a", "b", account=RECALLABLE),
        MAIL,
        Progress((an_item("a").id,), Evidence.E2),
    )
    case = withdrawn(after(case, MAIL, Accepted(HOUR)))

    case = recalled(case, Cancelled())

    assert task_of(case, MAIL).outcome == NotApplicable("withdrawn_in_part")
    assert result_of(case) is Result.PARTIAL


def test_job_cancelled_by_somebody_else_needs_a_person() -> None:
    """Without a withdrawal a cancelled job is a surprise."""
    task = task_of(after(with_job(), MAIL, Cancelled()), MAIL)

    assert (task.status, task.reason) == (TaskStatus.NEEDS_HUMAN, "job_cancelled")


def test_copy_that_is_not_sealed_is_dropped() -> None:
    """Its rows are destroyed, and the person's other cases wait no longer."""
    case = after(
        a_case(rights=BOTH), MAIL, ItemsLocated((an_item("a"),)), Action.LOCATE
    )

    decision = decide(after(case, MAIL, Exported(1), Action.EXPORT), WITHDRAWAL)

    dropped = decision.case
    assert dropped.export is ExportStatus.DROPPED
    assert TellSubjectsCases(settled=True) in decision.commands
    answered = decide(dropped, signed(dropped)).case
    assert decide(answered, ExportShredded(LATER)).case.export is ExportStatus.SHREDDED


def test_rows_still_coming_are_destroyed_only_afterwards() -> None:
    """An account that is being asked ends first, or its rows would outlive the key."""
    case = after(
        a_case(rights=ACCESS), MAIL, ItemsLocated((an_item("a"),)), Action.LOCATE
    )
    case = withdrawn(called(case, MAIL, Action.EXPORT))

    assert case.wants is None
    assert decide(case, ExportShredded(LATER)).case is case


def test_sealed_copy_stays_fetchable() -> None:
    """Its time runs as ever: what was asked first was given."""
    case = after(
        a_case(rights=BOTH), MAIL, ItemsLocated((an_item("a"),)), Action.LOCATE
    )
    case = after(case, MAIL, Exported(1), Action.EXPORT)
    case = after_events(
        case, ExportSealed(T0, "0" * 64, T0 + 7 * 24 * HOUR), WITHDRAWAL
    )

    assert case.export is ExportStatus.SEALED
    assert task_of(case, MAIL).outcome == LEFT_ALONE


def test_lost_call_that_changed_nothing_is_not_made_again() -> None:
    """A look that sees every record still there is the end of it: none is erased."""
    case = after(ready_to_erase("a", "b"), MAIL, Unknown("timeout"))
    case = decide(case, WITHDRAWAL).case
    assert task_of(case, MAIL).step is Step.LOOK

    case = after(case, MAIL, ItemsLookedAt(frozenset({ItemId("a"), ItemId("b")})))

    assert task_of(case, MAIL).outcome == LEFT_ALONE
    assert result_of(case) is Result.WITHDRAWN


def test_lost_call_that_changed_something_goes_on() -> None:
    """One record is gone, so the erasure is carried to its end."""
    case = after(ready_to_erase("a", "b"), MAIL, Unknown("timeout"))
    case = decide(case, WITHDRAWAL).case

    case = after(case, MAIL, ItemsLookedAt(frozenset({ItemId("a")})))

    assert task_of(case, MAIL).status is TaskStatus.READY


def test_copy_that_was_called_back_is_never_withdrawn_in_part() -> None:
    """A lost answer of a copy has changed nothing there."""
    copying = an_account(MAIL, cancels=frozenset({Action.EXPORT}))
    case = ready_to_erase("a", rights=ACCESS, account=copying)
    case = after(case, MAIL, Unknown("no_answer"), Action.EXPORT)
    case = after(case, MAIL, Accepted(HOUR), Action.EXPORT)

    case = after(withdrawn(case), MAIL, Cancelled(), Action.EXPORT, at=LATER)

    assert task_of(case, MAIL, Action.EXPORT).outcome == LEFT_ALONE
    assert final_receipt(case, "s-1", LATER, "1").result == "withdrawn"
