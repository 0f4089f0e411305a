"""Erasing item by item: progress, jobs, and what counts as done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from orchestrator.core.cases import Case, ItemState, Step, Task, TaskStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import CheckFailed, PersonRetried, Report
from orchestrator.core.plan import PlannedAccount
from orchestrator.core.words import CallId
from schemas.connecting import (
    Accepted,
    Action,
    Done,
    Evidence,
    Exported,
    Failed,
    ItemId,
    NeedsHuman,
    NothingFound,
    Notified,
    Progress,
    Proof,
    Retained,
    Retry,
    Unconfirmed,
)
from tests.core.builders import (
    ACCESS,
    DAY,
    HOUR,
    MAIL,
    MINUTE,
    SECOND,
    T0,
    after,
    an_account,
    ready_to_erase,
    task_of,
)

A, B, C = ItemId("a"), ItemId("b"), ItemId("c")
E2 = Evidence.E2


def _jobs(**changes: object) -> PlannedAccount:
    """Build an account that works by jobs and cannot look."""
    return an_account(MAIL, **{"proof": Proof.STATUS, **changes})


def _states(task: Task) -> dict[str, ItemState]:
    """Return how far each item has come."""
    return {item.id: item.state for item in task.items}


def _accepted(*ids: str, after_: Report | None = None, **changes: object) -> Case:
    """Build a case whose records *ids* are in one accepted job."""
    case = ready_to_erase(*ids, account=_jobs(**changes))
    return after(case, MAIL, after_ or Accepted(HOUR), call=CallId("job"))


# --- item by item ---------------------------------------------------------------------


def test_progress_goes_on_with_what_is_left() -> None:
    """Items that are done stay done; the next call carries only the others."""
    case = ready_to_erase("a", "b", "c", account=_jobs())

    case = after(case, MAIL, Progress((A, B), E2))

    task = task_of(case, MAIL)
    assert task.status is TaskStatus.READY
    assert [item.id for item in task.open_items()] == [C]


def test_erasure_settles_with_its_last_item() -> None:
    """The task is done when its last item is, with the weakest item's evidence."""
    case = ready_to_erase("a", "b", account=_jobs())

    case = after(case, MAIL, Done("deleted", Evidence.E4), items=(A,))
    early = task_of(case, MAIL).is_settled
    case = after(case, MAIL, Done("deleted", E2))

    assert not early
    assert task_of(case, MAIL).outcome == Done("deleted", E2)


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(Progress((), E2), id="progress of nothing"),
        pytest.param(Progress((ItemId("stranger"),), E2), id="another's item"),
    ],
)
def test_answer_that_moves_nothing_is_not_asked_for_at_once(report: Report) -> None:
    """A processor that says `progress` without any is asked again by backoff."""
    case = ready_to_erase("a", account=_jobs(retry_base=MINUTE))

    case = after(case, MAIL, report)

    task = task_of(case, MAIL)
    assert (task.status, task.reason) == (TaskStatus.WAITING, "no_progress")
    assert task.wake_at is not None
    assert task.wake_at >= T0 + MINUTE / 2


def test_record_the_processor_no_longer_knows_is_gone() -> None:
    """After a positive search, `not found` proves absence, never nothing found."""
    case = after(ready_to_erase("a"), MAIL, NothingFound())

    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.E4)


def test_unproven_ids_that_nobody_knows_are_nothing_found() -> None:
    """An id that no search has proven and the processor does not know was not held."""
    case = ready_to_erase("a", "b", account=_jobs(), proven=False)

    case = after(case, MAIL, NothingFound())

    task = task_of(case, MAIL)
    assert task.outcome == NothingFound(E2)
    assert set(_states(task).values()) == {ItemState.NEVER_SEEN}


def test_one_known_among_unproven_ids_is_done() -> None:
    """If one of several unproven ids was erased, the line is done, at best E2."""
    case = ready_to_erase("a", "b", account=_jobs(), proven=False)
    case = after(case, MAIL, Progress((A,), E2))

    case = after(case, MAIL, NothingFound())

    assert task_of(case, MAIL).outcome == Done("deleted", E2)


# --- jobs -----------------------------------------------------------------------------


def test_accepted_is_not_done() -> None:
    """A job that was accepted is polled at the time the processor gave."""
    case = _accepted("a")

    task = task_of(case, MAIL)
    assert (task.status, task.step) == (TaskStatus.WAITING, Step.POLL)
    assert task.wake_at == T0 + HOUR
    assert _states(task) == {"a": ItemState.ACCEPTED}


def test_open_items_are_sent_before_jobs_are_polled() -> None:
    """Items that one call could not carry make more jobs before the first poll."""
    case = ready_to_erase("a", "b", account=_jobs())

    case = after(case, MAIL, Accepted(HOUR), items=(A,), call=CallId("one"))
    between = task_of(case, MAIL)
    case = after(case, MAIL, Accepted(MINUTE), items=(B,), call=CallId("two"))

    assert between.status is TaskStatus.READY
    task = task_of(case, MAIL)
    assert task.wake_at == T0 + MINUTE
    assert {call.id for call in task.open_calls} == {"one", "two"}


def test_each_job_ends_its_own_items() -> None:
    """A finished job marks its items only; the task waits for the other job."""
    case = ready_to_erase("a", "b", account=_jobs())
    case = after(case, MAIL, Accepted(HOUR), items=(A,), call=CallId("one"))
    case = after(case, MAIL, Accepted(MINUTE), items=(B,), call=CallId("two"))

    case = after(case, MAIL, Done("deleted", E2), items=(), call=CallId("two"))
    between = task_of(case, MAIL)
    case = after(case, MAIL, Done("deleted", E2), call=CallId("one"))

    assert _states(between) == {"a": ItemState.ACCEPTED, "b": ItemState.GONE}
    assert between.wake_at == T0 + HOUR
    assert task_of(case, MAIL).outcome == Done("deleted", E2)


@pytest.mark.parametrize("told", [0 * SECOND, SECOND])
def test_job_is_never_polled_in_a_hot_loop(told: timedelta) -> None:
    """However soon a processor wants to be asked, a poll waits for a first retry."""
    case = _accepted("a", after_=Accepted(told), retry_base=MINUTE)

    assert task_of(case, MAIL).wake_at == T0 + MINUTE


def test_running_job_past_its_horizon_goes_to_a_person() -> None:
    """A job that still runs when it must be over is a person's concern."""
    case = _accepted("a", horizon=DAY)

    within = after(case, MAIL, Accepted(HOUR), at=T0 + DAY - SECOND)
    beyond = after(case, MAIL, Accepted(HOUR), at=T0 + DAY)

    assert task_of(within, MAIL).status is TaskStatus.WAITING
    task = task_of(beyond, MAIL)
    assert (task.status, task.reason) == (TaskStatus.NEEDS_HUMAN, "horizon_passed")


def test_horizon_counts_from_the_first_acceptance() -> None:
    """Polling does not prolong the time a job may take."""
    case = _accepted("a", horizon=DAY)

    for hours in range(1, 24):
        case = after(case, MAIL, Accepted(HOUR), at=T0 + hours * HOUR)
    case = after(case, MAIL, Accepted(HOUR), at=T0 + DAY)

    assert task_of(case, MAIL).reason == "horizon_passed"


def test_person_may_ask_about_a_late_job_again() -> None:
    """A retry of a late job polls it; it is not started a second time."""
    case = _accepted("a", horizon=DAY)
    case = after(case, MAIL, Accepted(HOUR), at=T0 + DAY)
    late = T0 + 2 * DAY

    case = decide(case, PersonRetried(late, task_of(case, MAIL).id, "dpo")).case

    task = task_of(case, MAIL)
    assert (task.status, task.step, task.wake_at) == (
        TaskStatus.WAITING,
        Step.POLL,
        late,
    )


def test_failed_job_is_followed_by_a_new_one() -> None:
    """A job that failed reopens its items, and a new call acts on them."""
    case = after(_accepted("a"), MAIL, Retry("job_failed"))
    between = task_of(case, MAIL)

    case = after(case, MAIL, Accepted(HOUR), call=CallId("second"))

    assert (between.step, between.open_calls) == (Step.ACT, ())
    assert _states(between) == {"a": ItemState.OPEN}
    assert [call.id for call in task_of(case, MAIL).open_calls] == ["second"]


def test_failed_job_leaves_another_job_alone() -> None:
    """One failed job of two reopens its own items only."""
    case = ready_to_erase("a", "b", account=_jobs())
    case = after(case, MAIL, Accepted(HOUR), items=(A,), call=CallId("one"))
    case = after(case, MAIL, Accepted(MINUTE), items=(B,), call=CallId("two"))

    case = after(case, MAIL, Retry("job_failed"), items=(), call=CallId("two"))

    task = task_of(case, MAIL)
    assert _states(task) == {"a": ItemState.ACCEPTED, "b": ItemState.OPEN}
    assert [call.id for call in task.open_calls] == ["one"]


def test_poll_that_does_not_get_through_leaves_the_job() -> None:
    """A failed poll is a failed poll: the job stays, and is polled again."""
    case = after(_accepted("a"), MAIL, CheckFailed("timeout", 30.0))

    task = task_of(case, MAIL)
    assert (task.step, task.wake_at) == (Step.POLL, T0 + 30 * SECOND)
    assert len(task.open_calls) == 1


def test_job_refused_for_good_is_not_polled_for_ever() -> None:
    """After a person's retry, a rejected job's items are sent anew."""
    case = after(_accepted("a"), MAIL, Failed("rejected", "Ask support."))
    task = task_of(case, MAIL)

    case = decide(case, PersonRetried(T0, task.id, "dpo")).case

    assert (task.status, task.hint) == (TaskStatus.NEEDS_HUMAN, "Ask support.")
    assert task_of(case, MAIL).status is TaskStatus.READY
    assert task_of(case, MAIL).open_calls == ()


def test_unknown_state_of_a_job_alarms_and_keeps_it() -> None:
    """A state that nobody knows goes to a person, who may poll again."""
    case = after(_accepted("a"), MAIL, NeedsHuman("unknown_job_state"))

    task = task_of(case, MAIL)
    assert (task.status, task.reason) == (TaskStatus.NEEDS_HUMAN, "unknown_job_state")
    assert len(task.open_calls) == 1


def test_job_without_a_durable_call_is_our_fault() -> None:
    """A job that nobody could poll later is handed to a person at once."""
    case = after(ready_to_erase("a"), MAIL, Accepted(HOUR), call=None)

    assert task_of(case, MAIL).reason == "our_fault"


# --- what is no result ----------------------------------------------------------------


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(Exported(1), id="exported"),
        pytest.param(Notified(), id="notified"),
        pytest.param(Retained("invoice", "rule", T0.date()), id="retained"),
    ],
)
def test_report_that_does_not_fit_an_erasure_is_a_fault(report: Report) -> None:
    """Only the core keeps records, and a copy is no erasure: a person looks."""
    case = after(ready_to_erase("a"), MAIL, report)

    task = task_of(case, MAIL)
    assert (task.status, task.reason) == (TaskStatus.NEEDS_HUMAN, "connector_fault")


def test_copy_ends_with_its_rows() -> None:
    """A copy is settled by what was exported, and by no other claim."""
    case = ready_to_erase("a", rights=ACCESS)

    copied = after(case, MAIL, Exported(7), Action.EXPORT)
    wrong = after(case, MAIL, Done("deleted", E2), Action.EXPORT)

    assert task_of(copied, MAIL, Action.EXPORT).outcome == Exported(7)
    assert task_of(wrong, MAIL, Action.EXPORT).reason == "connector_fault"


def test_copy_by_a_job_is_polled() -> None:
    """An accepted copy waits for its job like an erasure does."""
    case = ready_to_erase("a", rights=ACCESS)

    case = after(case, MAIL, Accepted(HOUR), Action.EXPORT)
    waiting = task_of(case, MAIL, Action.EXPORT)
    case = after(case, MAIL, Exported(2), Action.EXPORT)

    assert (waiting.step, waiting.wake_at) == (Step.POLL, T0 + HOUR)
    assert task_of(case, MAIL, Action.EXPORT).outcome == Exported(2)


def test_unconfirmed_erasure_is_settled_as_such() -> None:
    """A processor that never confirms leaves a line that says so."""
    case = after(ready_to_erase("a"), MAIL, Unconfirmed())

    assert task_of(case, MAIL).outcome == Unconfirmed()
