"""What a processor's own word changes: callbacks and confirmations, at any time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from orchestrator.core.cases import Case, CaseStatus, ItemState, Step, TaskStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    CallReported,
    CheckFailed,
    ItemsLookedAt,
    Report,
)
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
    Progress,
    Proof,
    Replay,
    Retry,
    Unknown,
)
from tests.core.builders import (
    ACCESS,
    HOUR,
    MAIL,
    MINUTE,
    T0,
    after,
    an_account,
    called,
    ready_to_erase,
    reported,
    task_of,
)

STATUS = an_account(proof=Proof.STATUS)
JOB = CallId("call-mail-erase-0")
SIGNED = Done("deleted", Evidence.E3)
LATER = T0 + HOUR


def _accepted(*ids: str, check_after: timedelta = HOUR) -> Case:
    """Build a case whose erasure waits for the processor's job."""
    return after(
        ready_to_erase(*ids, account=STATUS), MAIL, Accepted(check_after), at=T0
    )


def _said(case: Case, report: Report, **changes: object) -> CallReported:
    """Build what the processor says of the job, about all items."""
    task = task_of(case, MAIL)
    items = tuple(item.id for item in task.items)
    return replace(CallReported(LATER, task.id, report, JOB, items), **changes)  # type: ignore[arg-type]


def _after_word(case: Case, report: Report, **changes: object) -> Case:
    """Return the case after the processor spoke by itself."""
    return decide(case, _said(case, report, **changes)).case


def test_signed_word_settles_a_waiting_task() -> None:
    """A callback needs no claim: the task is done, and proven by the signature."""
    case = _after_word(_accepted("a", "b"), SIGNED)

    task = task_of(case, MAIL)
    assert (task.status, task.outcome) == (TaskStatus.SETTLED, SIGNED)
    assert task.calls == 1


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(SIGNED, id="done"),
        pytest.param(Accepted(MINUTE), id="pending"),
        pytest.param(Failed("gone", "Ask them."), id="failed"),
        pytest.param(Retry("expired"), id="retry"),
        pytest.param(NeedsHuman("unknown_job_state"), id="unknown"),
    ],
)
def test_word_about_an_ended_call_changes_nothing(said: Report) -> None:
    """Completed stays completed, whatever is replayed after it, in any order."""
    case = _after_word(_accepted("a"), SIGNED)

    assert _after_word(case, said) is case


def test_word_is_kept_back_while_the_task_is_called() -> None:
    """Our own report of the call may not be stored yet: nothing is decided before."""
    before = called(ready_to_erase("a", account=STATUS), MAIL)

    assert _after_word(before, SIGNED) is before


def test_word_is_kept_back_while_its_job_is_polled() -> None:
    """The poll's own report comes first: two at once would not know of each other."""
    before = called(_accepted("a"), MAIL)

    assert _after_word(before, SIGNED) is before


def test_word_about_another_call_changes_nothing() -> None:
    """Only a call of this task is spoken of."""
    case = _accepted("a")

    assert _after_word(case, SIGNED, call=CallId("call-other")) is case


def test_person_is_relieved_by_the_processors_word() -> None:
    """A late job that went to a person is settled by what its processor says."""
    case = _after_word(_accepted("a"), NeedsHuman("unknown_job_state"))
    assert task_of(case, MAIL).reason == "unknown_job_state"

    case = _after_word(case, SIGNED)

    assert task_of(case, MAIL).outcome == SIGNED


def test_waiting_for_a_person_is_not_ended_by_pending() -> None:
    """That a job still runs answers no question a person was asked."""
    case = _after_word(_accepted("a"), NeedsHuman("unknown_job_state"))

    assert _after_word(case, Accepted(MINUTE)) is case
    assert _after_word(case, NeedsHuman("another")) is case


def test_pending_brings_a_poll_forward_and_never_puts_it_off() -> None:
    """A replayed "pending" cannot keep us from asking."""
    case = _accepted("a", check_after=10 * HOUR)
    sooner = _after_word(case, Accepted(MINUTE))

    assert task_of(sooner, MAIL).wake_at == LATER + MINUTE
    assert _after_word(sooner, Accepted(20 * HOUR), at=LATER + MINUTE) is sooner


def test_failed_job_is_begun_anew() -> None:
    """A job that the processor gave up leaves its records to act on."""
    task = task_of(_after_word(_accepted("a"), Retry("cancelled")), MAIL)

    assert (task.status, task.step) == (TaskStatus.WAITING, Step.ACT)
    assert [item.state for item in task.items] == [ItemState.OPEN]


def test_job_that_failed_for_good_goes_to_a_person() -> None:
    """What the processor refuses by callback is refused."""
    task = task_of(_after_word(_accepted("a"), Failed("no", "Ask them.")), MAIL)

    assert (task.status, task.reason) == (TaskStatus.NEEDS_HUMAN, "no")
    assert not task.open_calls


def test_records_of_other_calls_stay_as_they_are() -> None:
    """Of two jobs one is confirmed; a pause before the rest goes on."""
    case = ready_to_erase("a", "b", account=STATUS)
    case = after(case, MAIL, Accepted(HOUR), items=(ItemId("a"),))
    case = after(case, MAIL, Retry("busy", HOUR), items=(ItemId("b"),))
    before = task_of(case, MAIL)

    task = task_of(_after_word(case, SIGNED, items=(ItemId("a"),)), MAIL)

    assert (task.status, task.step, task.wake_at) == (
        TaskStatus.WAITING,
        Step.ACT,
        before.wake_at,
    )
    states = [item.state for item in task.items]
    assert states == [ItemState.GONE, ItemState.OPEN]


def test_look_after_a_lost_answer_is_still_made() -> None:
    """A word about one job is no leave to repeat another call unseen."""
    looks = an_account(proof=Proof.STATUS, replay={Action.ERASE: Replay.LOOK})
    case = ready_to_erase("a", "b", account=looks)
    case = after(case, MAIL, Accepted(HOUR), items=(ItemId("a"),))
    case = after(case, MAIL, Unknown("reset"), items=(ItemId("b"),))

    task = task_of(_after_word(case, SIGNED, items=(ItemId("a"),)), MAIL)

    assert (task.status, task.step) == (TaskStatus.WAITING, Step.LOOK)


@pytest.mark.parametrize("replay", [*Replay])
def test_lost_answer_is_replaced_by_the_processors_word(replay: Replay) -> None:
    """A processor that was faster than our crash is heard all the same."""
    account = an_account(proof=Proof.STATUS, replay={Action.ERASE: replay})
    case = ready_to_erase("a", account=account)
    case = after(case, MAIL, Unknown("owner_lost"))

    case = _after_word(case, SIGNED)

    assert task_of(case, MAIL).outcome == SIGNED


def test_signature_that_comes_late_proves_a_settled_task_better() -> None:
    """A poll said done; the signed word raises it to E3 while the case is open."""
    settled = after(_accepted("a"), MAIL, Done("deleted", Evidence.E2))
    assert task_of(settled, MAIL).outcome == Done("deleted", Evidence.E2)

    task = task_of(_after_word(settled, SIGNED), MAIL)

    assert task.outcome == SIGNED
    assert [item.evidence for item in task.items] == [Evidence.E3]


def test_part_of_a_task_that_is_better_proven_leaves_the_weakest_grade() -> None:
    """The outcome says what holds of every record."""
    settled = after(_accepted("a", "b"), MAIL, Done("deleted", Evidence.E2))

    task = task_of(_after_word(settled, SIGNED, items=(ItemId("a"),)), MAIL)

    assert task.outcome == Done("deleted", Evidence.E2)


def test_word_that_a_look_disproved_is_worth_nothing_again() -> None:
    """A signed lie, replayed after the record was seen, does not count again."""
    looks = an_account(proof=Proof.LOOKUP)
    case = ready_to_erase("a", account=looks)
    case = after(case, MAIL, Accepted(HOUR))
    case = after(case, MAIL, Done("deleted", Evidence.E2))
    seen = ItemsLookedAt(frozenset({ItemId("a")}))
    case = after(case, MAIL, seen, items=(ItemId("a"),))

    assert _after_word(case, SIGNED) is case


def test_answered_case_is_not_spoken_of() -> None:
    """The receipt is signed: what comes later changes no line of it."""
    case = replace(_accepted("a"), status=CaseStatus.ANSWERED)

    assert _after_word(case, SIGNED) is case


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(Exported(3), id="rows_that_nobody_sent"),
        pytest.param(CheckFailed("throttled"), id="nothing_learned"),
        pytest.param(Unknown("reset"), id="unknown"),
        pytest.param(ItemsLookedAt(frozenset()), id="a_look"),
    ],
)
def test_word_that_no_processor_can_say_changes_nothing(said: Report) -> None:
    """Rows come with a poll, and looks are ours."""
    case = _accepted("a")

    assert _after_word(case, said) is case


@pytest.mark.parametrize(
    "said", [pytest.param(SIGNED, id="done"), pytest.param(Accepted(MINUTE), id="runs")]
)
def test_copy_that_is_ready_is_fetched_at_once(said: Report) -> None:
    """A callback brings no rows: it brings the poll forward that does."""
    case = ready_to_erase("a", account=STATUS, rights=ACCESS)
    case = after(case, MAIL, Accepted(HOUR), Action.EXPORT)
    task = task_of(case, MAIL, Action.EXPORT)
    (job,) = task.open_calls

    event = CallReported(T0 + MINUTE, task.id, said, job.id)
    fetched = task_of(decide(case, event).case, MAIL, Action.EXPORT)

    assert fetched.status is TaskStatus.WAITING
    assert fetched.wake_at is not None
    assert fetched.wake_at < T0 + HOUR


def test_processor_that_knows_nothing_says_so_by_itself() -> None:
    """Absence after a positive search is what erases, not "nothing found"."""
    task = task_of(_after_word(_accepted("a"), NothingFound()), MAIL)

    assert task.outcome == Done("deleted", Evidence.E4)


def test_some_records_may_be_confirmed_before_the_others() -> None:
    """What is not among the finished ones is acted on again, as after a poll."""
    said = Progress((ItemId("a"),), Evidence.E3)

    task = task_of(_after_word(_accepted("a", "b"), said), MAIL)

    assert task.status is TaskStatus.READY
    assert [item.state for item in task.open_items()] == [ItemState.OPEN]


def test_late_report_of_a_claim_finds_the_word_done() -> None:
    """An ended ownership's report after the word changes nothing."""
    case = _accepted("a")
    late = reported(case, MAIL, Action.ERASE, Retry("busy"))
    settled = _after_word(case, SIGNED)

    assert decide(settled, late).case is settled


def test_failed_job_is_not_tried_again_for_items_that_were_spoken_of() -> None:
    """An earlier call, taken for lost, is confirmed for good; the second job fails."""
    repeats = replace(STATUS, replay={Action.ERASE: Replay.REPEAT})
    case = after(ready_to_erase("a", "b", account=repeats), MAIL, Unknown("timeout"))
    case = after(case, MAIL, Accepted(HOUR), at=T0)
    seen = Done("deleted", Evidence.E4)
    case = _after_word(case, seen)
    assert task_of(case, MAIL).open_calls, "the second job is still to be asked about"

    case = after(case, MAIL, Retry("expired"), at=LATER)

    task = task_of(case, MAIL)
    assert (task.status, task.outcome) == (TaskStatus.SETTLED, seen)
