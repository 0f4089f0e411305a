"""Trying again: when, how often, and which news no longer counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.core.cases import Step, TaskStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    CheckFailed,
    Event,
    PersonClosed,
    PersonRetried,
    Report,
    TaskReleased,
)
from orchestrator.core.work.retry import backoff
from schemas.connecting import (
    Accepted,
    Action,
    Done,
    Evidence,
    ItemId,
    NothingFound,
    Progress,
    Retry,
    TaskId,
    Unknown,
)
from tests.core.builders import (
    DAY,
    HOUR,
    MAIL,
    MINUTE,
    SECOND,
    T0,
    a_case,
    after,
    an_account,
    called,
    ready_to_erase,
    reported,
    task_of,
)

ERASE = Action.ERASE
GONE = Done("deleted", Evidence.E4)


# --- how long -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempts", "jitter", "pause"),
    [
        pytest.param(1, 0.0, 0.5 * SECOND, id="first, least"),
        pytest.param(1, 1.0, SECOND, id="first, most"),
        pytest.param(2, 1.0, 2 * SECOND, id="doubles"),
        pytest.param(5, 1.0, 16 * SECOND, id="doubles on"),
        pytest.param(9, 1.0, MINUTE, id="capped"),
        pytest.param(10**6, 1.0, MINUTE, id="capped for ever"),
        pytest.param(10**6, 0.0, MINUTE / 2, id="capped, least"),
    ],
)
def test_pause_doubles_up_to_its_cap(
    attempts: int, jitter: float, pause: timedelta
) -> None:
    """Each failure in a row doubles the pause, jitter takes up to half of it."""
    assert backoff(attempts, SECOND, MINUTE, jitter) == pause


def test_long_pauses_do_not_overflow() -> None:
    """A base of days, doubled thirty times, is still its cap."""
    assert backoff(99, 30 * DAY, 90 * DAY, 1.0) == 90 * DAY


@pytest.mark.parametrize(
    ("asked", "waits"),
    [
        pytest.param(HOUR, HOUR, id="longer than backoff"),
        pytest.param(timedelta(0), timedelta(0), id="at once"),
        pytest.param(None, 0.5 * SECOND, id="not asked: backoff"),
    ],
)
def test_processors_wish_is_honoured(asked: timedelta | None, waits: timedelta) -> None:
    """A task waits as long as Retry-After says, to a time everybody can see."""
    case = after(ready_to_erase("a"), MAIL, Retry("throttled", asked))

    task = task_of(case, MAIL)
    assert (task.status, task.reason) == (TaskStatus.WAITING, "throttled")
    assert task.wake_at == T0 + waits


def test_repeated_failures_wait_longer_than_a_short_wish() -> None:
    """A processor that says `1 second` for ever is still spared by backoff."""
    case = ready_to_erase("a", account=an_account(MAIL, retry_base=MINUTE))

    for _ in range(4):
        case = after(case, MAIL, Retry("throttled", SECOND))

    wake_at = task_of(case, MAIL).wake_at
    assert wake_at is not None
    assert wake_at >= T0 + 4 * MINUTE


def test_success_starts_the_pauses_anew() -> None:
    """After something was learned, the next failure is a first one."""
    case = ready_to_erase("a", "b")
    for _ in range(6):
        case = after(case, MAIL, Retry("unavailable"))
    case = after(case, MAIL, Progress((ItemId("a"),), Evidence.E4))

    case = after(case, MAIL, Retry("unavailable"))

    assert task_of(case, MAIL).wake_at == T0 + 0.5 * SECOND


def test_account_that_is_down_for_long_needs_no_person() -> None:
    """A hundred failures keep the task waiting, never longer than the cap."""
    case = ready_to_erase("a")

    for _ in range(100):
        case = after(case, MAIL, Retry("unavailable"), jitter=0.99)
        task = task_of(case, MAIL)
        assert task.status is TaskStatus.WAITING
        assert task.wake_at is not None
        assert T0 < task.wake_at <= T0 + HOUR


# --- garbage --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(Retry("contract_changed"), id="unreadable answer"),
        pytest.param(Retry("no_answer"), id="task missing in the answer"),
        pytest.param(Unknown("connector_fault"), id="connector fails"),
        pytest.param(CheckFailed("contract_changed"), id="unreadable check"),
    ],
)
def test_twelfth_unreadable_answer_calls_a_person(report: Report) -> None:
    """Garbage is tried again eleven times; then somebody must look at the contract."""
    case = ready_to_erase("a")
    statuses = []
    for _ in range(12):
        case = after(case, MAIL, report)
        statuses.append(task_of(case, MAIL).status)

    assert set(statuses[:11]) == {TaskStatus.WAITING}
    assert statuses[11] is TaskStatus.NEEDS_HUMAN


def test_one_unreadable_answer_after_an_outage_calls_nobody() -> None:
    """An outage of any length is no garbage: the first unreadable answer is one."""
    case = ready_to_erase("a")
    for _ in range(50):
        case = after(case, MAIL, Retry("unavailable"))

    case = after(case, MAIL, Retry("contract_changed"))

    assert task_of(case, MAIL).status is TaskStatus.WAITING


# --- news that no longer counts -------------------------------------------------------


def test_report_of_an_ended_ownership_changes_nothing() -> None:
    """Only the owner that claimed the task is heard."""
    case = called(ready_to_erase("a"), MAIL, epoch=2)
    stale = reported(case, MAIL, ERASE, GONE, epoch=1)

    assert decide(case, stale).case is case


def test_second_report_of_one_call_changes_nothing() -> None:
    """A report that arrives twice counts once."""
    case = called(ready_to_erase("a", "b"), MAIL)
    report = reported(case, MAIL, ERASE, Progress((ItemId("a"),), Evidence.E2))
    case = decide(case, report).case

    decision = decide(case, report)

    assert decision.case is case
    assert decision.commands == ()


def test_late_copy_of_a_report_is_not_taken_for_the_next_calls() -> None:
    """With the count of calls, a report that comes twice is known after a new claim."""
    case = called(ready_to_erase("a"), MAIL)
    first = reported(case, MAIL, ERASE, Retry("throttled"), calls_before=0)
    case = called(decide(case, first).case, MAIL)

    assert decide(case, first).case is case


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(PersonRetried(T0, TaskId("case-1.mail.erase"), "dpo"), id="retry"),
        pytest.param(
            PersonClosed(T0, TaskId("case-1.mail.erase"), "not_reachable", "dpo"),
            id="close",
        ),
        pytest.param(TaskReleased(T0, TaskId("case-1.mail.erase"), 1), id="release"),
    ],
)
def test_news_about_a_settled_task_changes_nothing(event: Event) -> None:
    """What is settled stays as it is, whatever is said of it."""
    case = after(ready_to_erase("a"), MAIL, GONE)

    assert decide(case, event).case is case


@pytest.mark.parametrize("report", [GONE, NothingFound(), Retry("x"), Accepted(HOUR)])
def test_late_report_about_a_settled_task_changes_nothing(report: Report) -> None:
    """A call that comes back after its task was settled is not heard."""
    case = called(ready_to_erase("a"), MAIL)
    late = reported(case, MAIL, ERASE, report)
    closed = PersonClosed(T0, late.task, "superseded", "dpo")
    case = decide(case, closed).case

    assert decide(case, late).case is case


def test_news_about_a_stranger_changes_nothing() -> None:
    """A task that the case does not have is nobody's news."""
    case = a_case()
    stranger = TaskId("case-9.mail.erase")

    assert decide(case, PersonRetried(T0, stranger, "dpo")).case is case


# --- release --------------------------------------------------------------------------


def test_released_claim_is_ready_again() -> None:
    """A claim that sent nothing leaves no trace of a call."""
    before = ready_to_erase("a")

    case = called(before, MAIL)
    case = decide(case, TaskReleased(T0, task_of(case, MAIL).id, 1)).case

    assert task_of(case, MAIL) == task_of(before, MAIL)


def test_released_poll_is_due_at_its_time() -> None:
    """A poll that was not sent stays a poll, with a time."""
    case = after(ready_to_erase("a"), MAIL, Accepted(HOUR))

    case = called(case, MAIL)
    case = decide(case, TaskReleased(T0, task_of(case, MAIL).id, 1)).case

    task = task_of(case, MAIL)
    assert (task.status, task.step) == (TaskStatus.WAITING, Step.POLL)
    assert task.wake_at == T0 + HOUR


def test_release_by_an_ended_owner_changes_nothing() -> None:
    """A former owner cannot take the new owner's claim back."""
    case = called(ready_to_erase("a"), MAIL, epoch=2)

    event = TaskReleased(T0, task_of(case, MAIL).id, 1)

    assert decide(case, event).case is case


def test_released_look_without_a_time_is_due_at_once() -> None:
    """A store that forgot the time of a claimed task does not strand it."""
    case = after(ready_to_erase("a"), MAIL, Done("deleted", Evidence.E2))
    case = called(case, MAIL)
    claimed = replace(task_of(case, MAIL), wake_at=None)

    case = decide(case.with_task(claimed), TaskReleased(T0, claimed.id, 1)).case

    assert task_of(case, MAIL).wake_at == T0
