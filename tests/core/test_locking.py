"""A stuck case keeps what identifies its person only while its clock runs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from orchestrator.core.cases import Case, CaseStatus, Step, TaskStatus, Wants
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    CaseExtended,
    ExportSealed,
    PersonClosed,
    PersonRetried,
    TimePassed,
)
from orchestrator.core.intake.opening import open_case
from orchestrator.core.keyed import (
    IdentityForgotten,
    IdentityLocked,
    IdentityUnlocked,
    OwedForgotten,
)
from orchestrator.core.ruling.locking import locks_at
from orchestrator.core.words import ExtensionReason, StatementKind
from schemas.connecting import Accepted, Action, Exported
from tests.core.builders import (
    ACCESS,
    DAY,
    HOUR,
    INVOICES,
    MAIL,
    SECOND,
    T0,
    a_case,
    a_plan,
    after,
    an_opening,
    called,
    located,
    ready_to_erase,
    signed,
    task_of,
)

MARGIN = 14 * DAY


def locked(case: Case) -> Case:
    """Return *case* locked in its first moment."""
    moment = locks_at(case)
    assert moment is not None
    after_it = decide(case, IdentityLocked(moment)).case
    assert after_it.locked_at == moment
    return after_it


def handed_back(case: Case, days: int = 3) -> Case:
    """Return *case* a day later, handed back for some days."""
    assert case.locked_at is not None
    at = case.locked_at + DAY
    return decide(case, IdentityUnlocked(at, at + days * DAY, "dpo-1")).case


def test_identifiers_stay_until_the_deadline_and_the_margin() -> None:
    """Not a second earlier."""
    case = ready_to_erase("a")
    end = case.due_at + MARGIN

    early = decide(case, IdentityLocked(end - SECOND))
    in_time = decide(case, IdentityLocked(end))

    assert early.case is case
    assert in_time.case.locked_at == end


def test_extension_moves_the_moment_with_the_deadline() -> None:
    """The clock that counts is the law's, as it stands."""
    extended = CaseExtended(T0 + DAY, ExtensionReason.COMPLEXITY, "dpo-1")
    case = decide(a_case(), extended).case

    assert case.extension is not None
    assert locks_at(case) == case.due_at + MARGIN


def test_case_without_accounts_is_locked_too() -> None:
    """What was received and never planned holds identifiers as well."""
    nobody = replace(a_plan(), accounts=())
    case = open_case(an_opening(), nobody).case
    assert case.status is CaseStatus.RECEIVED

    assert locked(case).locked_at == case.due_at + MARGIN


def test_task_of_a_locked_case_needs_a_person() -> None:
    """What could be asked next, and what a retry would ask, waits for the officer."""
    case = locked(ready_to_erase("a"))
    task = task_of(case, MAIL)

    assert (task.status, task.reason) == (TaskStatus.NEEDS_HUMAN, "identity_locked")
    retried = PersonRetried(case.due_at + MARGIN + HOUR, task.id, "dpo-1")
    again = task_of(decide(case, retried).case, MAIL)
    assert (again.status, again.reason) == (TaskStatus.NEEDS_HUMAN, "identity_locked")


def test_call_under_way_is_heard_before_its_case_is_locked() -> None:
    """Its answer may teach what must be sealed, so the keys stay until it came."""
    case = called(ready_to_erase("a"), MAIL)

    assert decide(case, IdentityLocked(case.due_at + MARGIN)).case is case


def test_case_that_is_handed_back_goes_on_where_it_was() -> None:
    """A job is asked about, an erasure is sent, and it is locked again at the end."""
    fresh = locked(ready_to_erase("a"))
    job = locked(after(ready_to_erase("a"), MAIL, Accepted(HOUR, 90 * DAY)))

    sent, polled = handed_back(fresh), handed_back(job)

    assert task_of(sent, MAIL).status is TaskStatus.READY
    assert task_of(polled, MAIL).status is TaskStatus.WAITING
    assert task_of(polled, MAIL).step is Step.POLL
    assert locks_at(sent) == fresh.due_at + MARGIN + 4 * DAY
    assert locked(sent).unlocked_until is None


def test_case_is_handed_back_for_a_time_only() -> None:
    """A time that is over hands nothing back."""
    case = locked(ready_to_erase("a"))
    at = case.due_at + MARGIN + DAY

    assert decide(case, IdentityUnlocked(at, at, "dpo-1")).case is case


def test_case_that_is_not_locked_cannot_be_handed_back() -> None:
    """Nobody extends the time by handing back what is here."""
    case = ready_to_erase("a")

    assert decide(case, IdentityUnlocked(T0, T0 + 30 * DAY, "dpo-1")).case is case


def test_copy_of_a_locked_case_is_not_packed() -> None:
    """Its key is out of reach, like the person's name on it."""
    case = after(a_case(rights=ACCESS), MAIL, located("a"), Action.LOCATE)
    case = after(case, MAIL, Exported(1), Action.EXPORT)
    assert case.wants is Wants.SEAL_EXPORT

    assert locked(case).wants is None


def test_locked_case_can_be_ended_by_a_person_and_is_forgotten_then() -> None:
    """A receipt needs no identifier; the officer's sealed key goes with the answer."""
    case = locked(ready_to_erase("a"))
    closed = PersonClosed(
        case.due_at + MARGIN, task_of(case, MAIL).id, "not_reachable", "dpo-1"
    )
    case = decide(case, closed).case
    answered = decide(case, signed(case, at=case.due_at + MARGIN)).case

    assert answered.wants is Wants.FORGET_IDENTITY
    forgotten = decide(answered, IdentityForgotten(case.due_at + MARGIN + DAY)).case
    assert (forgotten.identity_held, forgotten.locked_at) == (False, None)


def test_locked_case_that_owes_an_erasure_waits_for_the_officer() -> None:
    """What the law keeps is found by its reference only, which is locked away."""
    case = ready_to_erase(
        "a",
        "b",
        retention=[INVOICES],
        record_class="invoice",
        started_on=date(2025, 6, 1),
    )
    case = replace(case, locked_at=None)
    assert case.wants is Wants.SEAL_STATEMENT
    case = locked(case)
    answered = decide(case, signed(case, at=case.due_at + MARGIN)).case

    assert answered.obligations
    assert answered.wants is None
    assert decide(answered, IdentityForgotten(T0 + 90 * DAY)).case is answered
    assert handed_back(answered).wants is Wants.FORGET_IDENTITY


def owing() -> Case:
    """Build a case that is answered and forgotten, and owes an invoice's erasure."""
    case = ready_to_erase(
        "a", retention=[INVOICES], record_class="invoice", started_on=date(2025, 6, 1)
    )
    case = decide(case, signed(case)).case
    case = decide(case, IdentityForgotten(T0 + HOUR)).case
    assert case.obligations
    return case


def test_reference_of_what_is_owed_stays_until_its_own_clock_is_over() -> None:
    """From the day after retention ends, 30 days and the margin; then it is locked."""
    case = owing()
    begins = case.obligations[0].begins_at(case.plan.time_zone)

    assert locks_at(case) == begins + 30 * DAY + MARGIN
    stuck = decide(case, TimePassed(begins)).case
    (follow_up,) = [t for t in locked(stuck).all_tasks.values() if t.is_follow_up]
    assert (follow_up.status, follow_up.reason) == (
        TaskStatus.NEEDS_HUMAN,
        "identity_locked",
    )


def test_erasure_that_comes_due_while_we_stand_still_is_tried_first() -> None:
    """Its time as a stuck one begins when it is first asked for."""
    case = owing()
    begins = case.obligations[0].begins_at(case.plan.time_zone)
    back = begins + 60 * DAY
    assert decide(case, IdentityLocked(back)).case is case

    case = decide(case, TimePassed(back)).case

    assert locks_at(case) == back + MARGIN
    assert decide(case, IdentityLocked(back + DAY)).case is case
    (follow_up,) = [t for t in case.all_tasks.values() if t.is_follow_up]
    assert follow_up.status is TaskStatus.READY


def test_follow_up_goes_on_when_its_key_is_handed_back() -> None:
    """The processor's own id is enough, once it can be read again."""
    case = owing()
    begins = case.obligations[0].begins_at(case.plan.time_zone)
    stuck = locked(decide(case, TimePassed(begins)).case)

    (task,) = [t for t in handed_back(stuck).all_tasks.values() if t.is_follow_up]

    assert task.status is TaskStatus.READY


def test_locked_follow_up_that_a_person_ends_leaves_nothing_locked() -> None:
    """With the last key that is destroyed there is nothing left to hand back."""
    case = owing()
    begins = case.obligations[0].begins_at(case.plan.time_zone)
    case = locked(decide(case, TimePassed(begins)).case)
    assert case.locked_at is not None
    at = case.locked_at + DAY
    (task,) = [t for t in case.all_tasks.values() if t.is_follow_up]
    case = decide(case, PersonClosed(at, task.id, "not_reachable", "dpo-1")).case
    told = signed(case, StatementKind.SUPPLEMENT, at=at)
    case = decide(case, told).case
    assert case.wants is Wants.FORGET_OWED

    over = decide(case, OwedForgotten(at, case.sealed_apart)).case

    assert (over.status, over.locked_at) == (CaseStatus.CLOSED, None)


def test_copy_that_is_over_goes_though_nothing_can_be_signed() -> None:
    """Its end waits for no statement, and for no key of the officer."""
    case = after(a_case(rights=ACCESS), MAIL, located("a"), Action.LOCATE)
    case = after(case, MAIL, Exported(1), Action.EXPORT)
    case = decide(case, ExportSealed(T0, "0" * 64, T0 + 7 * DAY)).case
    assert case.wants is Wants.SEAL_STATEMENT

    assert decide(case, TimePassed(T0 + 7 * DAY)).case.wants is Wants.SHRED_EXPORT


@pytest.mark.parametrize("days", [0, 30])
def test_register_says_how_long_a_stuck_case_keeps_identifiers(days: int) -> None:
    """The margin is the controller's choice, declared in the register."""
    plan = replace(a_plan(), identifiers_margin=days * DAY)
    case = open_case(an_opening(), plan).case

    assert locks_at(case) == case.due_at + days * DAY
