"""What is kept past the answer is erased on its day, and a supplement says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from orchestrator.core.afterwards.owed import CarriedOut
from orchestrator.core.answer.statements import supplement_receipt
from orchestrator.core.cases import Case, CaseStatus, ItemState, TaskStatus, Wants
from orchestrator.core.commands import Publish
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    Event,
    ItemsLookedAt,
    PersonClosed,
    TaskReported,
    TimePassed,
)
from orchestrator.core.holds import HoldReason
from orchestrator.core.keyed import IdentityForgotten, OwedForgotten
from orchestrator.core.ruled import CaseHeld, CaseReleased
from orchestrator.core.tasks import Task
from orchestrator.core.words import CallId, StatementKind
from schemas.case_events import ReceiptIssued
from schemas.connecting import (
    Action,
    ActionClass,
    Done,
    Evidence,
    Failed,
    ItemId,
    TaskId,
)
from schemas.receipts import Owed, read_receipt, receipt_bytes
from tests.core.builders import (
    DAY,
    HOUR,
    INVOICES,
    MAIL,
    SECOND,
    T0,
    after,
    after_events,
    an_item,
    ready_to_erase,
    signed,
)
from tests.core.recoveries import recovered

LAST_DAY = date(2033, 12, 31)
# Midnight in Berlin, where the controller is.
BEGINS = datetime(2033, 12, 31, 23, 0, tzinfo=UTC)
FOLLOW_UP = TaskId("case-1.mail.erase.2033-12-31")
KEY = "obligation:mail:2033"
ERASURES = frozenset({ActionClass.IRREVERSIBLE})


def owing() -> Case:
    """Build a case that is answered and forgotten, and owes an invoice's erasure."""
    case = ready_to_erase("i1", record_class="invoice", retention=[INVOICES])
    case = after_events(case, signed(case), IdentityForgotten(T0))
    assert case.status is CaseStatus.ANSWERED
    return case


def begun(case: Case | None = None) -> Case:
    """Let the day come on which it may be erased."""
    return decide(case or owing(), TimePassed(BEGINS)).case


def follow_up(case: Case) -> Task:
    """Return the follow-up, which must be there."""
    return case.all_tasks[FOLLOW_UP]


def carried_out(case: Case, *reports: object, at: datetime = BEGINS) -> Case:
    """Let calls of the follow-up report."""
    for number, report in enumerate(reports):
        called = replace(follow_up(case), status=TaskStatus.CALLED, epoch=1)
        case = decide(
            case.with_task(called),
            TaskReported(
                at=at,
                task=FOLLOW_UP,
                report=report,  # type: ignore[arg-type]
                epoch=1,
                call=CallId(f"call-{number}"),
                items=(ItemId("i1"),),
            ),
        ).case
    return case


def erased() -> Case:
    """Build a case whose invoice is erased, and seen gone, after its time."""
    gone = ItemsLookedAt(frozenset())
    return carried_out(begun(), Done("deleted", Evidence.E2), gone)


def supplemented(case: Case, at: datetime = BEGINS + HOUR) -> Case:
    """Sign the supplement that the case wants."""
    return decide(case, signed(case, StatementKind.SUPPLEMENT, at=at)).case


def test_case_that_owes_wakes_when_retention_ends() -> None:
    """The next moment is midnight after the last day, where the controller is."""
    assert owing().wake_at == BEGINS


def test_nothing_is_followed_up_before_its_day() -> None:
    """A second before, the law still keeps the record."""
    case = replace(owing(), wake_at=BEGINS - SECOND)

    after_ = decide(case, TimePassed(BEGINS - SECOND)).case

    assert FOLLOW_UP not in after_.all_tasks
    assert after_.wake_at == BEGINS


def test_due_day_begins_an_erasure_of_just_what_was_kept() -> None:
    """The follow-up has the kept record and nothing else, and may be called at once."""
    case = ready_to_erase("i1", record_class="invoice", retention=[INVOICES])
    search = case.task(MAIL, Action.LOCATE)
    assert search is not None
    other = an_item("other")
    case = case.with_task(replace(search, items=(*search.items, other)))
    case = after_events(case, signed(case), IdentityForgotten(T0))

    task = follow_up(begun(case))

    assert task.status is TaskStatus.READY
    assert [(one.id, one.state) for one in task.items] == [("i1", ItemState.OPEN)]
    assert task.sealed_under == KEY
    assert task.is_follow_up


def test_follow_up_is_planned_once() -> None:
    """Time passes again and again, and the task goes on as it is."""
    case = carried_out(begun(), Failed("refused_400", "Ask."))

    again = decide(replace(case, wake_at=BEGINS), TimePassed(BEGINS + DAY)).case

    assert follow_up(again) == follow_up(case)
    assert follow_up(again).status is TaskStatus.NEEDS_HUMAN


def test_nothing_begins_while_locators_are_under_the_identity_key() -> None:
    """A follow-up would look for them where they are not yet."""
    case = ready_to_erase("i1", record_class="invoice", retention=[INVOICES])
    answered = decide(case, signed(case)).case

    waits = decide(replace(answered, wake_at=BEGINS), TimePassed(BEGINS)).case
    goes_on = decide(waits, IdentityForgotten(BEGINS)).case

    assert FOLLOW_UP not in waits.all_tasks
    assert follow_up(goes_on).status is TaskStatus.READY


def test_erased_follow_up_wants_a_supplement() -> None:
    """What was owed is said to be over before it is owed no more."""
    case = erased()

    assert follow_up(case).outcome == Done("deleted", Evidence.E4)
    assert case.wants is Wants.SEAL_SUPPLEMENT
    assert case.obligations
    assert case.status is CaseStatus.ANSWERED


def test_supplement_says_what_law_kept_and_that_it_is_erased() -> None:
    """It has the class, the statute, the last day, when it was erased and the proof."""
    case = erased()

    receipt = supplement_receipt(case, "case-1-2", BEGINS + HOUR, "1.0.0")

    (line,) = receipt.lines
    assert line.was_kept is not None
    assert [
        (one.record_class, one.statute, one.until, one.count) for one in line.was_kept
    ] == [("invoice", INVOICES.statute, LAST_DAY, "1")]
    assert (line.outcome, line.evidence, line.settled_at) == (
        "done",
        Evidence.E4,
        BEGINS,
    )
    assert (receipt.kind, receipt.number, receipt.supersedes) == ("supplement", 2, None)
    assert receipt.result == "complete"
    assert receipt.times.answered_at == case.answered_at
    assert receipt.times.signed_at == BEGINS + HOUR
    assert receipt.owed == ()
    assert read_receipt(receipt_bytes(receipt)) == receipt


def test_supplement_of_what_a_person_gave_up_is_partial() -> None:
    """Only a line that is done is called complete."""
    case = carried_out(begun(), Failed("refused_400", "Ask."))
    word = PersonClosed(BEGINS, FOLLOW_UP, "not_reachable", "dpo-1")

    case = decide(case, word).case

    assert case.wants is Wants.SEAL_SUPPLEMENT
    receipt = supplement_receipt(case, "case-1-2", BEGINS, "1.0.0")
    assert receipt.result == "partial"


def test_supplement_without_news_is_never_made() -> None:
    """Nothing is signed that says nothing."""
    with pytest.raises(ValueError, match="are over"):
        supplement_receipt(begun(), "case-1-2", BEGINS, "1.0.0")

    case = begun()
    odd = signed(case, StatementKind.SUPPLEMENT, at=BEGINS)
    assert decide(case, odd).case is case


def test_signed_supplement_leaves_a_key_to_destroy_and_then_closes() -> None:
    """The last thing owed, its key, and with it the case are over in this order."""
    case = supplemented(erased())

    assert case.obligations == ()
    assert (case.status, case.wants) == (CaseStatus.ANSWERED, Wants.FORGET_OWED)
    assert case.spent_keys == {KEY}
    closed = decide(case, OwedForgotten(BEGINS + HOUR, frozenset({KEY}))).case
    assert closed.status is CaseStatus.CLOSED
    assert closed.closed_at == BEGINS + HOUR


def test_supplement_is_told_to_the_portal() -> None:
    """It is published like every statement."""
    case = erased()

    decision = decide(case, signed(case, StatementKind.SUPPLEMENT, at=BEGINS))

    told = [one.event for one in decision.commands if isinstance(one, Publish)]
    (issued,) = [one for one in told if isinstance(one, ReceiptIssued)]
    assert (issued.kind, issued.number) == ("supplement", 2)


def test_key_of_what_is_still_owed_is_never_destroyed() -> None:
    """News that it is gone changes nothing while something is owed under it."""
    case = owing()

    assert decide(case, OwedForgotten(T0, frozenset({KEY}))).case is case
    assert case.wants is None


def test_each_year_has_its_own_supplement_and_key() -> None:
    """What is due later is neither touched nor told as over."""
    case = ready_to_erase("i1", record_class="invoice", retention=[INVOICES])
    search = case.task(MAIL, Action.LOCATE)
    erasure = case.task(MAIL, Action.ERASE)
    assert search is not None
    assert erasure is not None
    until = date(2034, 12, 31)
    later = replace(
        erasure.items[0], id=ItemId("i2"), keep_until=until, state=ItemState.KEPT
    )
    case = case.with_task(replace(erasure, items=(*erasure.items, later)))
    case = after_events(case, signed(case), IdentityForgotten(T0))
    case = carried_out(
        begun(case), Done("deleted", Evidence.E2), ItemsLookedAt(frozenset())
    )

    receipt = supplement_receipt(case, "case-1-2", BEGINS, "1.0.0")
    case = supplemented(case)

    assert [(one.what, one.due_on) for one in receipt.owed] == [
        (Owed.ERASE_AFTER_RETENTION, until)
    ]
    assert [one.due_on for one in case.obligations] == [until]
    assert case.spent_keys == {KEY}
    kept = decide(case, OwedForgotten(BEGINS + HOUR, frozenset({KEY}))).case
    assert kept.status is CaseStatus.ANSWERED
    assert kept.sealed_apart == {"obligation:mail:2034"}
    assert kept.wake_at == datetime(2034, 12, 31, 23, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "ruling",
    [
        pytest.param(
            CaseHeld(T0, ERASURES, HoldReason.LEGAL_CLAIMS, "dpo-1"), id="before"
        ),
        pytest.param(
            CaseHeld(BEGINS, ERASURES, HoldReason.LEGAL_CLAIMS, "dpo-1"),
            id="on the day",
        ),
    ],
)
def test_hold_stops_a_follow_up_until_its_release(ruling: Event) -> None:
    """What is kept may be wanted for a claim, however long ago the answer was."""
    case = owing()
    steps = (
        [TimePassed(BEGINS), ruling]
        if ruling.at == BEGINS
        else [ruling, TimePassed(BEGINS)]
    )

    held = after_events(case, *steps)
    released = decide(
        held, CaseReleased(BEGINS + DAY, HoldReason.LEGAL_CLAIMS, "dpo-1")
    ).case

    assert follow_up(held).status is TaskStatus.PLANNED
    assert follow_up(released).status is TaskStatus.READY


def test_case_that_owes_nothing_is_not_held_after_its_answer() -> None:
    """There is nothing left that a hold could keep."""
    case = after(ready_to_erase("a"), MAIL, Done("deleted", Evidence.E2))
    case = after(case, MAIL, ItemsLookedAt(frozenset()))
    case = decide(case, signed(case)).case

    held = CaseHeld(T0, ERASURES, HoldReason.LEGAL_CLAIMS, "dpo-1")

    assert decide(case, held).case is case


@pytest.mark.parametrize("has_begun", [False, True], ids=["before_its_day", "begun"])
def test_recovered_supplement_ends_what_it_tells_of(has_begun: bool) -> None:  # noqa: FBT001 (a table)
    """What was erased before our restore is neither erased nor told again."""
    case = begun() if has_begun else owing()
    (one,) = case.obligations
    told = CarriedOut(one.account, one.record_class, one.rule, one.due_on)
    found = recovered(
        case, kind=StatementKind.SUPPLEMENT, carried_out=frozenset({told})
    )

    case = decide(case, found).case

    assert case.obligations == ()
    assert all(task.is_settled for task in case.all_tasks.values())
    assert case.wants is Wants.FORGET_OWED
    assert decide(case, TimePassed(BEGINS + DAY)).case.wants is Wants.FORGET_OWED
    closed = decide(case, OwedForgotten(BEGINS + DAY, frozenset({KEY}))).case
    assert closed.status is CaseStatus.CLOSED


def test_recovered_supplement_leaves_the_rest_owed() -> None:
    """It ends the erasures that it names, and no other."""
    case = begun()
    other = CarriedOut(MAIL, "invoice", "another-rule", LAST_DAY)
    found = recovered(
        case, kind=StatementKind.SUPPLEMENT, carried_out=frozenset({other})
    )

    after_it = decide(case, found).case

    assert after_it.obligations == case.obligations
    assert not follow_up(after_it).is_settled
