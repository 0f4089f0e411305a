"""What follows while an account stays silent: each step once, and told."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from orchestrator.core.answer.statements import final_receipt, interim_receipt
from orchestrator.core.cases import Case, TaskStatus
from orchestrator.core.clocks.ladder import highest_rung, silent_since
from orchestrator.core.commands import Publish
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    CheckFailed,
    PersonClosed,
    TimePassed,
)
from orchestrator.core.holds import HoldReason
from orchestrator.core.intake.opening import open_case
from orchestrator.core.plan import Ladder
from orchestrator.core.ruled import CaseHeld, CaseReleased
from orchestrator.core.tasks import Rung
from orchestrator.core.words import Rehearsal
from schemas.case_events import TaskEscalated
from schemas.connecting import (
    Accepted,
    Action,
    ActionClass,
    Evidence,
    HandedOver,
    ItemId,
    NeedsHuman,
    Progress,
    Retry,
)
from tests.core.builders import (
    DAY,
    HOUR,
    MAIL,
    SECOND,
    T0,
    a_case,
    a_plan,
    after,
    an_account,
    an_opening,
    called,
    ready_to_erase,
    reported,
    task_of,
)

RUNGS = {"reminder", "processor", "breach_of_sla"}


def until(case: Case, end: datetime) -> tuple[Case, list[tuple[str, datetime]]]:
    """Let time pass as `sweep` does; returns the case and which rung was told when."""
    told: list[tuple[str, datetime]] = []
    while case.wake_at is not None and case.wake_at <= end:
        at = case.wake_at
        decision = decide(case, TimePassed(at))
        case = decision.case
        events = [c.event for c in decision.commands if isinstance(c, Publish)]
        escalated = [one for one in events if isinstance(one, TaskEscalated)]
        told += [(one.level, at) for one in escalated if one.level in RUNGS]
    return case, told


def test_account_that_never_takes_work_is_escalated_step_by_step() -> None:
    """Nobody claims the search of a dead account, and each step is told in its time."""
    case = a_case(an_account(horizon=7 * DAY))
    task = task_of(case, MAIL, Action.LOCATE)

    case, told = until(case, case.due_at + 10 * DAY)

    assert told == [
        ("reminder", T0 + 3 * DAY),
        ("processor", T0 + 7 * DAY),
        ("breach_of_sla", task.dispatch_by),
    ]
    assert [c.at for c in task_of(case, MAIL, Action.LOCATE).rungs] == [
        at for _, at in told
    ]


def test_escalation_names_the_recipient_and_says_until_when() -> None:
    """Whoever reads the event can write to the recipient at once."""
    case = a_case()

    decision = decide(case, TimePassed(T0 + 7 * DAY))

    told = [c.event for c in decision.commands if isinstance(c, Publish)]
    (named,) = [
        one
        for one in told
        if isinstance(one, TaskEscalated) and one.level == "processor"
    ]
    assert (named.recipient, named.count) == ("mail Inc.", 2)
    assert named.due_at == task_of(case, MAIL, Action.LOCATE).dispatch_by


def test_account_that_answers_begins_afresh() -> None:
    """Silence counts from the last answer, not from the first question."""
    heard_at = T0 + 2 * DAY
    progress = Progress((ItemId("a"),), Evidence.E2)
    case = after(ready_to_erase("a", "b"), MAIL, progress, at=heard_at)

    _, told = until(case, heard_at + 3 * DAY)

    assert told == [("reminder", heard_at + 3 * DAY)]


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(Retry("unavailable", HOUR), id="it has no time"),
        pytest.param(CheckFailed("timeout"), id="nobody can ask"),
    ],
)
def test_answer_that_says_nothing_is_silence(report: Retry | CheckFailed) -> None:
    """An account that only puts us off is as silent as a dead one."""
    case = after(a_case(), MAIL, report, Action.LOCATE, at=T0 + DAY)

    _, told = until(case, T0 + 3 * DAY)

    assert told == [("reminder", T0 + 3 * DAY)]


def job(of: timedelta = 5 * DAY) -> Case:
    """Build a case whose job was accepted at `T0`, to be over after *of*."""
    return after(ready_to_erase("a"), MAIL, Accepted(HOUR, of))


def polled(case: Case, at: datetime) -> Case:
    """Return the case after a poll that heard that the job goes on."""
    case = called(case, MAIL)
    still = Accepted(30 * DAY, 5 * DAY)
    return decide(case, reported(case, MAIL, Action.ERASE, still, at=at)).case


def test_job_that_goes_on_is_silent_once_its_time_is_over() -> None:
    """A job that never ends breaks its own time first, and is escalated from there."""
    case = polled(job(), T0 + HOUR)
    late_at = T0 + 5 * DAY

    case, told = until(case, T0 + 40 * DAY)

    assert told == [
        ("breach_of_sla", late_at),
        ("reminder", late_at + 3 * DAY),
        ("processor", late_at + 7 * DAY),
    ]
    assert highest_rung(task_of(case, MAIL)) is Rung.BREACH_OF_SLA


def test_job_that_nobody_can_ask_about_is_silent_at_once() -> None:
    """Where no poll gets through, silence counts from the first that was due."""
    case, told = until(job(20 * DAY), T0 + HOUR + 3 * DAY)

    assert told == [("reminder", T0 + HOUR + 3 * DAY)]
    assert silent_since(task_of(case, MAIL)) == T0 + HOUR


def test_manual_work_that_nobody_attests_is_a_breach_when_it_is_due() -> None:
    """Work with a person has its due date, and the same ladder above it."""
    handed = HandedOver("crm-team", 10 * DAY)
    case = after(ready_to_erase("a"), MAIL, handed)
    due_at = case.due_at - 10 * DAY

    _, told = until(case, case.due_at)

    assert told == [
        ("breach_of_sla", due_at),
        ("reminder", due_at + 3 * DAY),
        ("processor", due_at + 7 * DAY),
    ]


def test_task_for_a_person_of_ours_reminds_and_blames_nobody() -> None:
    """A processor that has answered is not silent, however long we think."""
    case = after(a_case(), MAIL, NeedsHuman("looks_odd"), Action.LOCATE)

    _, told = until(case, case.due_at + 5 * DAY)

    assert told == [("reminder", T0 + 3 * DAY)]


def test_held_task_is_not_silent() -> None:
    """What waits behind a gate waits for us; it begins afresh with its release."""
    held = CaseHeld(
        T0 + DAY,
        frozenset({ActionClass.IRREVERSIBLE}),
        HoldReason.INCIDENT,
        "dpo-1",
    )
    case = decide(ready_to_erase("a"), held).case
    case, told = until(case, T0 + 6 * DAY)
    released = CaseReleased(T0 + 6 * DAY, HoldReason.INCIDENT, "dpo-1")
    case = decide(case, released).case

    _, later = until(case, T0 + 9 * DAY)

    assert told == []
    assert later == [("reminder", T0 + 9 * DAY)]


def test_rehearsal_escalates_nothing() -> None:
    """Nobody waits for the answer to a test."""
    opening = an_opening(rehearsal=frozenset({Rehearsal.TEST}))
    case = open_case(opening, a_plan(an_account(is_sandbox=True))).case
    assert task_of(case, MAIL, Action.LOCATE).status is TaskStatus.READY

    _, told = until(case, case.due_at + 5 * DAY)

    assert told == []


def test_register_says_how_long_an_account_may_be_silent() -> None:
    """The steps of an account are its own."""
    case = a_case(an_account(ladder=Ladder(HOUR, 2 * HOUR)))

    _, told = until(case, T0 + 2 * HOUR)

    assert told == [("reminder", T0 + HOUR), ("processor", T0 + 2 * HOUR)]


def test_receipt_says_that_the_account_broke_its_time() -> None:
    """A failed line of a silent account carries both codes."""
    case, _ = until(a_case(), T0 + 40 * DAY)
    search, erasure = (task_of(case, MAIL, a) for a in (Action.LOCATE, Action.ERASE))
    interim = interim_receipt(case, "statement-1", T0 + 40 * DAY, "1")
    for task in (search, erasure):
        closed = PersonClosed(T0 + 40 * DAY, task.id, "not_reachable", "dpo-1")
        case = decide(case, closed).case

    receipt = final_receipt(case, "statement-2", T0 + 40 * DAY, "1")

    line = next(one for one in receipt.lines if one.action is Action.LOCATE)
    assert (line.outcome, line.reasons) == (
        "failed",
        ("not_reachable", "breach_of_sla"),
    )
    assert "breach_of_sla" in interim.lines[0].reasons


def test_time_that_passed_unseen_is_made_up_for_at_once() -> None:
    """After a week without any process, every step is told, once, at the first look."""
    case = a_case()

    once = decide(case, TimePassed(T0 + 8 * DAY))
    twice = decide(once.case, TimePassed(T0 + 8 * DAY + SECOND))

    climbed = task_of(once.case, MAIL, Action.LOCATE).rungs
    assert [one.at for one in climbed] == [T0 + 8 * DAY] * 2
    assert not [
        c
        for c in twice.commands
        if isinstance(c, Publish) and isinstance(c.event, TaskEscalated)
    ]
