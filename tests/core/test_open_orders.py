"""An open order keeps its own record, for a while, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from orchestrator.core.afterwards.owed import OPEN_PROVISION, ObligationKind
from orchestrator.core.answer.statements import final_receipt, supplement_receipt
from orchestrator.core.cases import (
    Case,
    CaseStatus,
    ItemState,
    Step,
    TaskStatus,
    Wants,
)
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    ItemsLookedAt,
    Report,
    TaskReported,
    TimePassed,
)
from orchestrator.core.keyed import IdentityForgotten, OwedForgotten
from orchestrator.core.tasks import Task
from orchestrator.core.words import CallId, Result, StatementKind
from schemas.connecting import (
    Accepted,
    Action,
    Done,
    Evidence,
    ItemId,
    Proof,
    StillOpen,
    TaskId,
)
from schemas.receipts import Owed
from tests.core.builders import (
    DAY,
    HOUR,
    MAIL,
    T0,
    a_case,
    after,
    after_events,
    an_account,
    located,
    signed,
    task_of,
)

SEEN_ON = date(2026, 3, 5)
UNTIL = SEEN_ON + timedelta(days=90)
NEXT_DAY = datetime(2026, 3, 5, 23, 0, tzinfo=UTC)  # midnight in Berlin
FOLLOW_UP = TaskId("case-1.mail.erase.look_again-2026-03-05")
A, B, C = ItemId("a"), ItemId("b"), ItemId("c")
OPEN_ORDER = StillOpen((A,), "order_open")
RUNS = Accepted(HOUR, 7 * DAY)


def _found(*ids: str) -> Case:
    """Build a case that has found these records, where nobody looks afterwards."""
    account = an_account(MAIL, proof=Proof.STATUS)
    return after(a_case(account), MAIL, located(*ids), Action.LOCATE)


def _answered(case: Case) -> Case:
    return after_events(case, signed(case), IdentityForgotten(T0))


def _owing(*open_ids: ItemId) -> Case:
    """Build an answered case, with these orders open and `b` erased."""
    case = _found(*open_ids, B)
    said = StillOpen(open_ids, "order_open", (B,), Evidence.E2)
    return _answered(after(case, MAIL, said, items=(*open_ids, B)))


def _follow_up(case: Case) -> Task:
    return case.all_tasks[FOLLOW_UP]


def _said(
    case: Case, report: Report, at: datetime, *items: ItemId, job: bool = False
) -> Case:
    """Let the follow-up's call report, or its *job* be asked about."""
    task = replace(_follow_up(case), status=TaskStatus.CALLED, epoch=1)
    call = task.open_calls[0].id if job else CallId(f"call-{task.calls}")
    event = TaskReported(at, FOLLOW_UP, report, 1, call, items or (A,))
    return decide(case.with_task(task), event).case


def test_open_order_does_not_hold_up_the_answer() -> None:
    """Its own record stays, the others are erased, and the case can be answered."""
    case = _found("a", "b")

    left = after(case, MAIL, OPEN_ORDER, items=(A, B))
    done = after(left, MAIL, Done("deleted", Evidence.E2), items=(B,))

    assert task_of(left, MAIL).status is TaskStatus.READY
    states = {item.id: item.state for item in task_of(done, MAIL).items}
    assert states == {A: ItemState.KEPT, B: ItemState.GONE}
    assert done.wants is Wants.SEAL_STATEMENT


def test_receipt_says_what_is_open_and_until_when_at_most() -> None:
    """It is not complete: a record is kept, by the law's own words for it."""
    case = after(_found("a"), MAIL, OPEN_ORDER)

    receipt = final_receipt(case, "case-1-1", T0, "1.0.0")

    assert receipt.result == Result.COMPLETE_WITH_RETENTION.value
    (kept,) = [one for line in receipt.lines for one in line.retained]
    assert (kept.rule, kept.statute, kept.until) == (
        "order_open",
        OPEN_PROVISION,
        UNTIL,
    )
    assert [(one.what, one.due_on) for one in receipt.owed] == [
        (Owed.LOOK_AGAIN, UNTIL)
    ]


def test_case_looks_again_on_the_next_day() -> None:
    """It wakes at midnight where the controller is, and tries the record again."""
    case = _owing(A)

    begun = decide(case, TimePassed(NEXT_DAY)).case

    (owed,) = case.obligations
    assert (owed.kind, owed.due_on, owed.expires_on) == (
        ObligationKind.LOOK_AGAIN,
        SEEN_ON,
        UNTIL,
    )
    assert case.wake_at == NEXT_DAY
    assert [item.id for item in _follow_up(begun).items] == [A]
    assert _follow_up(begun).status is TaskStatus.READY


def test_order_that_is_still_open_is_tried_once_a_day() -> None:
    """Not sooner, however often somebody looks at the case."""
    case = _said(decide(_owing(A), TimePassed(NEXT_DAY)).case, OPEN_ORDER, NEXT_DAY)

    task = _follow_up(case)

    assert (task.status, task.wake_at) == (TaskStatus.WAITING, NEXT_DAY + DAY)
    assert task.reason == "order_open"
    assert case.wants is None


def test_one_open_order_holds_up_no_other() -> None:
    """The others are tried first; the day's pause comes once all were seen."""
    case = decide(_owing(A, C), TimePassed(NEXT_DAY)).case

    seen = _said(case, OPEN_ORDER, NEXT_DAY, A)
    done = _said(seen, Done("deleted", Evidence.E2), NEXT_DAY, C)
    again = _said(done, OPEN_ORDER, NEXT_DAY, A)

    assert _follow_up(seen).status is TaskStatus.READY
    assert [item.id for item in _follow_up(seen).items] == [C, A]
    assert _follow_up(again).status is TaskStatus.WAITING


def test_closed_order_is_erased_and_told() -> None:
    """By itself; a supplement says so, and the case is over."""
    case = decide(_owing(A), TimePassed(NEXT_DAY)).case

    case = _said(case, Done("deleted", Evidence.E2), NEXT_DAY)

    assert case.wants is Wants.SEAL_SUPPLEMENT
    (line,) = supplement_receipt(case, "case-1-2", NEXT_DAY, "1.0.0").lines
    assert line.was_kept is not None
    assert [one.rule for one in line.was_kept] == ["order_open"]
    supplement = signed(case, StatementKind.SUPPLEMENT, at=NEXT_DAY)
    case = decide(case, supplement).case
    case = decide(case, OwedForgotten(NEXT_DAY, case.spent_keys)).case
    assert case.status is CaseStatus.CLOSED


def test_order_that_stays_open_for_too_long_is_for_a_person() -> None:
    """The declared most is over: it is neither erased nor waited for."""
    begun = decide(_owing(A), TimePassed(NEXT_DAY)).case
    late = NEXT_DAY + 90 * DAY

    just_before = _said(begun, OPEN_ORDER, late - HOUR)
    after_it = _said(begun, OPEN_ORDER, late)

    assert _follow_up(just_before).status is TaskStatus.WAITING
    assert _follow_up(after_it).status is TaskStatus.NEEDS_HUMAN
    assert _follow_up(after_it).reason == "still_open"


def test_answer_about_nothing_that_was_asked_moves_nothing() -> None:
    """A connector that names other records is not believed."""
    case = _found("a")

    odd = after(case, MAIL, StillOpen((C,), "order_open"))

    assert task_of(odd, MAIL).items == task_of(case, MAIL).items
    assert task_of(odd, MAIL).status is TaskStatus.WAITING


def test_record_said_to_be_open_and_erased_is_open() -> None:
    """The answer contradicts itself: it is not taken as done, the next look tells."""
    begun = decide(_owing(A), TimePassed(NEXT_DAY)).case

    odd = _said(begun, StillOpen((A,), "order_open", (A,)), NEXT_DAY)

    assert [item.state for item in _follow_up(odd).items] == [ItemState.OPEN]
    assert _follow_up(odd).status is TaskStatus.WAITING


def test_follow_up_with_nothing_left_to_erase_is_over() -> None:
    """Its last record is erased, whatever else the answer names."""
    begun = decide(_owing(A), TimePassed(NEXT_DAY)).case

    odd = _said(begun, StillOpen((C,), "order_open", (A,)), NEXT_DAY)

    assert _follow_up(odd).is_settled


def test_job_that_left_open_orders_alone_is_over() -> None:
    """What it erased is done, what it left stays, and what it left out comes again."""
    case = after(_found("a", "b", "c"), MAIL, RUNS)

    case = after(case, MAIL, StillOpen((A,), "order_open", (B,), Evidence.E3))

    task = task_of(case, MAIL)
    assert {item.id: item.state for item in task.items} == {
        A: ItemState.KEPT,
        B: ItemState.GONE,
        C: ItemState.OPEN,
    }
    assert (task.status, task.open_calls) == (TaskStatus.READY, ())
    assert {item.evidence for item in task.items if item.id == B} == {Evidence.E3}


def test_follow_up_by_a_job_is_tried_again_the_next_day() -> None:
    """Its job says that the order is still open: one instruction a day, no more."""
    begun = _said(decide(_owing(A), TimePassed(NEXT_DAY)).case, RUNS, NEXT_DAY)
    running = _follow_up(begun)

    case = _said(begun, OPEN_ORDER, NEXT_DAY + HOUR, job=True)

    task = _follow_up(case)
    assert running.open_calls != ()
    assert (task.status, task.open_calls) == (TaskStatus.WAITING, ())
    assert (task.step, task.wake_at) == (Step.ACT, NEXT_DAY + HOUR + DAY)


def test_job_that_speaks_of_other_records_is_asked_again() -> None:
    """It ended nothing that we asked of it: the job stays, and nothing moves."""
    case = after(_found("a"), MAIL, RUNS)

    odd = after(case, MAIL, StillOpen((C,), "order_open"))

    assert task_of(odd, MAIL).items == task_of(case, MAIL).items
    assert task_of(odd, MAIL).open_calls == task_of(case, MAIL).open_calls
    assert task_of(odd, MAIL).status is TaskStatus.WAITING


def test_look_does_not_wait_for_an_open_order() -> None:
    """What is kept is not looked for, where absence has to be seen."""
    case = after(a_case(an_account(MAIL)), MAIL, located("a", "b"), Action.LOCATE)
    case = after(case, MAIL, StillOpen((A,), "order_open", (B,)), items=(A, B))

    case = after(case, MAIL, ItemsLookedAt(frozenset()), items=(B,))

    assert task_of(case, MAIL).is_settled
