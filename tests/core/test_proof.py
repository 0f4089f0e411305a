"""Proof by looking: absence seen often enough, presence doubted, nothing assumed."""

from __future__ import annotations

from orchestrator.core.cases import Case, ItemState, Step, TaskStatus
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    CheckFailed,
    ItemsLocated,
    ItemsLookedAt,
    PersonRetried,
)
from orchestrator.core.plan import PlannedAccount
from schemas.connecting import Action, Done, Evidence, ItemId, Progress, Proof, Retry
from tests.core.builders import (
    DAY,
    HOUR,
    INVOICES,
    MAIL,
    MINUTE,
    T0,
    a_case,
    after,
    an_account,
    an_item,
    called,
    ready_to_erase,
    reported,
    task_of,
)

A, B = ItemId("a"), ItemId("b")
SAID_DONE = Done("deleted", Evidence.E2)
SEEN_GONE = ItemsLookedAt(frozenset())
SEEN_A = ItemsLookedAt(frozenset({A}))


def _said_done(*ids: str, account: PlannedAccount | None = None) -> Case:
    """Build a case whose processor says that the records *ids* are erased."""
    return after(ready_to_erase(*ids, account=account), MAIL, SAID_DONE)


def _twice() -> PlannedAccount:
    """Build an account that must be seen empty twice, a day apart."""
    return an_account(MAIL, looks_wanted=2, settle_for=DAY)


def test_processor_that_says_done_is_looked_at() -> None:
    """The processor's word is not the proof where a look can be had."""
    task = task_of(_said_done("a"), MAIL)

    assert (task.status, task.step) == (TaskStatus.WAITING, Step.LOOK)


def test_absence_that_was_seen_is_the_best_proof() -> None:
    """A look that sees nothing settles the line with E4."""
    case = after(_said_done("a", "b"), MAIL, SEEN_GONE)

    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.E4)


def test_processor_that_proves_absence_itself_is_not_looked_at() -> None:
    """An answer that is itself a read-back needs no second one."""
    case = after(ready_to_erase("a"), MAIL, Done("deleted", Evidence.E4))

    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.E4)


def test_account_that_cannot_look_ends_with_the_processors_word() -> None:
    """Without look-ups the line is done at E2, and says so."""
    case = _said_done("a", account=an_account(MAIL, proof=Proof.STATUS))

    assert task_of(case, MAIL).outcome == SAID_DONE


def test_look_that_cannot_tell_leaves_the_processors_word() -> None:
    """A look without an answer adds nothing: the line stays at E2."""
    case = after(_said_done("a"), MAIL, ItemsLookedAt(frozenset(), told=False))

    assert task_of(case, MAIL).outcome == SAID_DONE


def test_absence_is_seen_as_often_as_wanted_and_as_far_apart() -> None:
    """Two looks are wanted a day apart: the first alone proves nothing."""
    case = _said_done("a", account=_twice())

    case = after(case, MAIL, SEEN_GONE)
    between = task_of(case, MAIL)
    case = after(case, MAIL, SEEN_GONE, at=T0 + DAY)

    assert (between.status, between.step) == (TaskStatus.WAITING, Step.LOOK)
    assert between.wake_at == T0 + DAY
    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.E4)


def test_person_cannot_shorten_the_time_between_two_looks() -> None:
    """The day between two looks is part of the proof: a retry leaves it alone."""
    case = after(_said_done("a", account=_twice()), MAIL, SEEN_GONE)

    decision = decide(case, PersonRetried(T0 + HOUR, task_of(case, MAIL).id, "dpo"))

    assert decision.case is case


def test_presence_starts_the_count_of_looks_anew() -> None:
    """A record that shows again takes two more empty looks."""
    case = after(_said_done("a", account=_twice()), MAIL, SEEN_GONE)
    case = after(case, MAIL, SEEN_A, at=T0 + DAY)

    case = after(case, MAIL, SEEN_GONE, at=T0 + 2 * DAY)
    first = task_of(case, MAIL).is_settled
    case = after(case, MAIL, SEEN_GONE, at=T0 + 3 * DAY)

    assert not first
    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.E4)


def test_processor_that_lies_is_found_out_after_three_looks() -> None:
    """What is said to be erased and is seen three times goes to a person."""
    case = _said_done("a")
    seen = []
    for _ in range(3):
        case = after(case, MAIL, SEEN_A)
        seen.append(task_of(case, MAIL).status)

    task = task_of(case, MAIL)
    assert seen == [TaskStatus.WAITING, TaskStatus.WAITING, TaskStatus.NEEDS_HUMAN]
    assert task.reason == "still_present"
    assert [item.id for item in task.open_items()] == [A]


def test_person_may_let_a_lie_be_erased_again() -> None:
    """After `still_present`, a retry acts on the records that are still there."""
    case = _said_done("a")
    for _ in range(3):
        case = after(case, MAIL, SEEN_A)

    case = decide(case, PersonRetried(T0, task_of(case, MAIL).id, "dpo")).case
    case = after(case, MAIL, SAID_DONE)
    case = after(case, MAIL, SEEN_GONE)

    assert task_of(case, MAIL).outcome == Done("deleted", Evidence.E4)


def test_doubted_record_is_given_the_time_it_takes_to_vanish() -> None:
    """A second look comes no sooner than the account takes to settle."""
    case = _said_done("a", account=an_account(MAIL, settle_for=HOUR))

    case = after(case, MAIL, SEEN_A)

    wake_at = task_of(case, MAIL).wake_at
    assert wake_at is not None
    assert wake_at >= T0 + HOUR


def test_look_speaks_only_of_the_items_it_carried() -> None:
    """An empty look at some records proves nothing of the others."""
    case = _said_done("a", "b")

    case = after(case, MAIL, SEEN_GONE, items=(A,))

    task = task_of(case, MAIL)
    assert not task.is_settled
    assert [item.evidence for item in task.items] == [Evidence.E4, Evidence.E2]


def test_kept_record_may_be_seen() -> None:
    """A record that the law keeps is still there, and that is no lie."""
    found = ItemsLocated((an_item("a"), an_item("kept", record_class="invoice")))
    case = a_case(an_account(MAIL), retention=[INVOICES])
    case = after(case, MAIL, found, Action.LOCATE)
    case = after(case, MAIL, SAID_DONE)

    case = after(case, MAIL, ItemsLookedAt(frozenset({ItemId("kept")})))

    task = task_of(case, MAIL)
    assert task.outcome == Done("deleted", Evidence.E4)
    assert [item.state for item in task.items] == [ItemState.GONE, ItemState.KEPT]


def test_look_that_fails_does_not_erase_again() -> None:
    """A look that did not get through is made again, however its failure is told."""
    for report in (CheckFailed("timeout"), Retry("timeout")):
        task = task_of(after(_said_done("a"), MAIL, report), MAIL)

        assert (task.status, task.step) == (TaskStatus.WAITING, Step.LOOK)
        assert task.open_items() == ()


def test_record_that_was_made_unrecognisable_is_redacted() -> None:
    """A record that remains without the person counts as done, and says how."""
    case = after(_said_done("a"), MAIL, ItemsLookedAt(frozenset(), redacted=True))

    assert task_of(case, MAIL).outcome == Done("redacted", Evidence.E4)


def test_later_records_need_their_own_looks() -> None:
    """Looks that proved some records gone do not count for those erased later."""
    account = an_account(MAIL, looks_wanted=2, settle_for=MINUTE)
    case = ready_to_erase("a", "b", account=account)
    case = after(case, MAIL, Progress((A,), Evidence.E4))
    case = after(case, MAIL, SAID_DONE)

    case = after(case, MAIL, SEEN_GONE)

    assert not task_of(case, MAIL).is_settled


def test_look_outside_of_a_look_is_a_fault() -> None:
    """An act that answers as if it had looked is not believed."""
    case = called(ready_to_erase("a"), MAIL)

    case = decide(case, reported(case, MAIL, Action.ERASE, SEEN_GONE)).case

    assert task_of(case, MAIL).reason == "connector_fault"


def test_what_was_seen_gone_stays_gone() -> None:
    """A later answer about a record that a look has missed reopens nothing."""
    case = ready_to_erase("a", "b")
    case = after(case, MAIL, Progress((A,), Evidence.E4))

    case = after(case, MAIL, Retry("throttled"), items=(A, B))

    assert [item.id for item in task_of(case, MAIL).open_items()] == [B]
