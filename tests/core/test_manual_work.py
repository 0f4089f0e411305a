"""Work that a person does: handed over, reminded of, escalated, attested."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from orchestrator.core.cases import (
    Case,
    GateReason,
    Step,
    Task,
    TaskStatus,
)
from orchestrator.core.commands import Publish
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    Event,
    IdentifiersShown,
    PersonAssigned,
    PersonClosed,
    PersonRetried,
    RequestWithdrawn,
    SiblingExportOpened,
    TimePassed,
)
from orchestrator.core.tasks import Rung
from orchestrator.core.words import CaseId
from schemas.case_events import TaskEscalated, TaskReminded
from schemas.connecting import (
    EMAIL,
    Accepted,
    Action,
    ActionClass,
    Done,
    Evidence,
    NotApplicable,
    Outcome,
)
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import (
    DAY,
    HOUR,
    MAIL,
    T0,
    a_case,
    a_hold,
    after,
    ready_to_erase,
    task_of,
)
from tests.core.handed import BY_HAND, HANDED, attested, handed

RUNGS = {rung.value for rung in Rung}


def said(case: Case, event: Event) -> list[TaskReminded | TaskEscalated]:
    """Return what an event makes the portal hear of manual work, but for silence."""
    told = [c.event for c in decide(case, event).commands if isinstance(c, Publish)]
    ours = [one for one in told if isinstance(one, TaskReminded | TaskEscalated)]
    return [one for one in ours if getattr(one, "level", None) not in RUNGS]


def awaited(case: Case) -> datetime:
    """Return the moment that the case waits for."""
    assert case.wake_at is not None
    return case.wake_at


def due_at(task: Task) -> datetime:
    """Return until when a person has the work."""
    assert task.handover is not None
    return task.handover.due_at


@pytest.mark.parametrize("action", [Action.ERASE, Action.EXPORT])
def test_work_handed_over_is_with_a_person(action: Action) -> None:
    """Nobody calls the processor; the work is due before the case's deadline."""
    case = handed(action)

    task = task_of(case, MAIL, action)
    assert task.status is TaskStatus.WITH_PERSON
    assert due_at(task) == case.due_at - 3 * DAY
    assert task.wake_at == case.due_at - 10 * DAY


@pytest.mark.parametrize(
    "before", [pytest.param(60 * DAY, id="too long"), pytest.param(-DAY, id="negative")]
)
def test_work_is_never_due_after_the_deadline(before: timedelta) -> None:
    """Where the margin is used up, the deadline itself is the due date."""
    case = handed(report=replace(HANDED, done_before=before))

    assert due_at(task_of(case, MAIL)) == case.due_at


@pytest.mark.parametrize(
    ("action", "step"),
    [
        pytest.param(Action.LOCATE, Step.ACT, id="a search"),
        pytest.param(Action.ERASE, Step.LOOK, id="a look"),
    ],
)
def test_only_an_act_is_handed_over(action: Action, step: Step) -> None:
    """A search or a look that claims to be manual work is a connector's fault."""
    case = a_case() if action is Action.LOCATE else ready_to_erase("a")
    if step is Step.LOOK:
        case = after(case, MAIL, Done("deleted", Evidence.E2))
    assert task_of(case, MAIL, action).step is step

    task = task_of(after(case, MAIL, HANDED, action), MAIL, action)

    assert (task.status, task.reason) == (TaskStatus.NEEDS_HUMAN, "connector_fault")


def test_reminders_and_escalations_follow_one_another() -> None:
    """Before the due date it reminds, at it and daily after it it escalates."""
    case = handed()
    due = case.due_at - 3 * DAY
    heard: list[tuple[datetime, TaskReminded | TaskEscalated]] = []

    while len(heard) < 5:
        moment = TimePassed(awaited(case))
        heard += [(moment.at, one) for one in said(case, moment)]
        case = decide(case, moment).case

    lines = [
        (at, one.TYPE, getattr(one, "level", None), one.count) for at, one in heard
    ]
    reminded, escalated = TaskReminded.TYPE, TaskEscalated.TYPE
    assert lines == [
        (due - 7 * DAY, reminded, None, 1),
        (due - 2 * DAY, reminded, None, 2),
        (due, escalated, "due", 1),
        (due + DAY, escalated, "overdue", 2),
        (due + 2 * DAY, escalated, "overdue", 3),
    ]
    assert {one.due_at for _, one in heard} == {due}


def test_moments_missed_together_are_told_once() -> None:
    """After an outage one event is sent, not one for each missed moment."""
    case = handed()

    (only,) = said(case, TimePassed(case.due_at))

    assert (only.TYPE, only.count) == (TaskEscalated.TYPE, 1)


def test_reminder_is_not_lost_to_another_event() -> None:
    """An event that comes before the sweep brings the reminder with it."""
    case = handed()
    task = task_of(case, MAIL)
    assert task.wake_at is not None
    late = PersonAssigned(task.wake_at + HOUR, task.id, "desk-2", "dpo")

    assert [one.TYPE for one in said(case, late)] == [TaskReminded.TYPE]


def test_work_handed_over_past_the_deadline_escalates_at_once() -> None:
    """Nobody has to wait for tomorrow to hear of what is overdue today."""
    case = ready_to_erase("a", account=BY_HAND, proven=False)
    case = after(case, MAIL, HANDED, at=case.due_at + HOUR)

    task = task_of(case, MAIL)
    assert task.handover is not None
    assert task.handover.escalations == 1
    assert due_at(task) == case.due_at


def test_only_the_assignee_is_shown_identifiers() -> None:
    """Others change nothing by asking, so nothing is shown to them."""
    case = handed()
    task = task_of(case, MAIL)

    seen = {
        who: decide(case, IdentifiersShown(T0, task.id, who, (EMAIL,))).case is not case
        for who in ("desk", "desk-2")
    }

    assert seen == {"desk": True, "desk-2": False}


def test_assignee_named_by_a_person_keeps_the_work() -> None:
    """Work that is handed over again goes to whom it was assigned."""
    case = handed()
    task = task_of(case, MAIL)
    case = decide(case, PersonAssigned(T0, task.id, "desk-2", "dpo")).case
    held = decide(
        replace(case, holds=a_hold(_IRREVERSIBLE)), TimePassed(awaited(case))
    ).case
    freed = decide(replace(held, holds=()), TimePassed(awaited(held))).case

    again = task_of(after(freed, MAIL, HANDED), MAIL)

    assert again.handover is not None
    assert again.handover.assignee == "desk-2"


def test_hold_takes_manual_work_back() -> None:
    """A held erasure is nobody's work: it is neither reminded of nor attested."""
    case = handed()
    task = task_of(case, MAIL)
    moment = PersonAssigned(T0, task.id, "desk-2", "dpo")

    held = decide(replace(case, holds=a_hold(_IRREVERSIBLE)), moment).case

    task = task_of(held, MAIL)
    assert task.gate is not None
    assert (task.status, task.gate.reason) == (TaskStatus.PLANNED, GateReason.HOLD)
    assert decide(held, attested(held, "done")).case is held
    freed = decide(replace(held, holds=()), TimePassed(awaited(held))).case
    assert task_of(freed, MAIL).status is TaskStatus.READY


def test_withdrawal_does_not_call_untouched_what_a_person_had() -> None:
    """They may have begun before a hold took the work back, so it goes on."""
    case = shown(handed())
    moment = PersonAssigned(T0, task_of(case, MAIL).id, "desk-2", "dpo")
    held = decide(replace(case, holds=a_hold(_IRREVERSIBLE)), moment).case

    after_it = decide(held, WITHDRAWAL).case

    assert task_of(after_it, MAIL).status is TaskStatus.PLANNED


@pytest.mark.parametrize("action", [Action.ERASE, Action.EXPORT])
def test_withdrawal_takes_back_work_of_which_nobody_was_shown_the_person(
    action: Action,
) -> None:
    """Who does not know for whom has not begun, whoever it was assigned to."""
    case = handed(action)
    task = task_of(case, MAIL, action)
    case = decide(case, PersonAssigned(T0, task.id, "desk-2", "dpo")).case

    case = decide(case, WITHDRAWAL).case

    assert task_of(case, MAIL, action).outcome == NotApplicable("withdrawn")
    assert decide(case, attested(case, "done", action)).case is case


def test_copy_that_a_person_is_making_is_no_longer_wanted() -> None:
    """Making a copy changes nothing, so it is taken back even once it has begun."""
    case = decide(shown(handed(Action.EXPORT), Action.EXPORT), WITHDRAWAL).case

    task = task_of(case, MAIL, Action.EXPORT)
    assert task.outcome == NotApplicable("withdrawn")


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        pytest.param("done", Done("deleted", Evidence.M), id="it was done"),
        pytest.param("not_begun", NotApplicable("withdrawn"), id="it was not begun"),
    ],
)
def test_person_says_how_far_withdrawn_work_went(word: str, outcome: Outcome) -> None:
    """Work that may have begun stays theirs until they say how it stands."""
    case = decide(shown(handed()), WITHDRAWAL).case
    task = task_of(case, MAIL)
    assert task.status is TaskStatus.WITH_PERSON

    said = PersonClosed(T0 + DAY, task.id, word, "desk")
    ended = decide(case, attested(case, "done") if word == "done" else said).case

    assert task_of(ended, MAIL).outcome == outcome


def test_work_is_not_left_alone_while_the_request_stands() -> None:
    """Nobody ends wanted work by saying that it has not begun."""
    case = shown(handed())
    said = PersonClosed(T0 + DAY, task_of(case, MAIL).id, "not_begun", "desk")

    assert decide(case, said).case is case


def test_call_is_not_left_alone_by_a_word() -> None:
    """What a processor was asked nobody calls untouched, withdrawn or not."""
    case = after(ready_to_erase("a"), MAIL, Accepted(HOUR))
    case = decide(case, WITHDRAWAL).case
    said = PersonClosed(T0 + DAY, task_of(case, MAIL).id, "not_begun", "desk")

    assert decide(case, said).case is case


def test_gate_that_closes_again_leaves_manual_work() -> None:
    """A person may have begun, so another case's copy does not take the work back."""
    case = handed()

    case = decide(case, SiblingExportOpened(T0, CaseId("case-2"))).case

    assert task_of(case, MAIL).status is TaskStatus.WITH_PERSON


def test_retry_does_not_take_work_from_a_person() -> None:
    """What is handed over is ended by a word, not by another try."""
    case = handed()

    retry = PersonRetried(T0, task_of(case, MAIL).id, "dpo")

    assert decide(case, retry).case is case


def shown(case: Case, action: Action = Action.ERASE) -> Case:
    """Let the assignee see for whom the work is."""
    task = task_of(case, MAIL, action)
    return decide(case, IdentifiersShown(T0 + HOUR, task.id, "desk", (EMAIL,))).case


WITHDRAWAL = RequestWithdrawn(T0 + DAY, "portal", WithdrawalReason.BY_PERSON)
_IRREVERSIBLE = frozenset({ActionClass.IRREVERSIBLE})
