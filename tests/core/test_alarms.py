"""The moments before the deadline: alarms, each once, and the interim statement."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from orchestrator.core.answer.statements import final_receipt, interim_receipt
from orchestrator.core.cases import Case, CaseStatus, Wants
from orchestrator.core.clocks.alarms import alarm_moments, next_mark
from orchestrator.core.commands import Publish
from orchestrator.core.decide import decide
from orchestrator.core.events import SiblingExportOpened, TimePassed
from orchestrator.core.intake.opening import open_case
from orchestrator.core.words import CaseId, Mark, Rehearsal, StatementKind
from schemas.case_events import CaseAlarmed
from schemas.connecting import Accepted, Action, NothingFound
from schemas.receipts import Line, Owed, Receipt, read_receipt, receipt_bytes
from tests.core.builders import (
    CRM,
    DAY,
    HOUR,
    MAIL,
    SECOND,
    T0,
    a_case,
    a_plan,
    after,
    after_events,
    an_account,
    an_opening,
    located,
    ready_to_erase,
    signed,
    task_of,
)


def alarms(case: Case, at: datetime) -> list[CaseAlarmed]:
    """Return the alarms that go off when time has come to *at*."""
    told = [c for c in decide(case, TimePassed(at)).commands if isinstance(c, Publish)]
    return [one.event for one in told if isinstance(one.event, CaseAlarmed)]


def later(case: Case, at: datetime) -> Case:
    """Return *case* after time has come to *at*."""
    return decide(case, TimePassed(at)).case


def target(case: Case) -> datetime:
    """Return the date on which the alarms of *case* are set."""
    assert case.deadline is not None
    return case.deadline.target_at


def interim(case: Case, at: datetime) -> Receipt:
    """Return the interim statement of *case*, as whoever verifies it reads it."""
    return read_receipt(receipt_bytes(interim_receipt(case, "s-1", at, "1.0.0")))


def line(receipt: Receipt, action: Action, account: str = MAIL) -> Line:
    """Return one line of a receipt."""
    (found,) = [
        one for one in receipt.lines if (one.account, one.action) == (account, action)
    ]
    return found


# --- alarms ---------------------------------------------------------------------------


def test_every_alarm_goes_off_once_and_in_order() -> None:
    """Each share of the time and each last day is told, then that it is late."""
    case = ready_to_erase("a")
    heard: list[tuple[datetime, str]] = []

    while next_mark(case) is not None:
        assert case.wake_at is not None
        moment = case.wake_at
        heard += [(moment, one.level) for one in alarms(case, moment)]
        case = later(case, moment)

    target_at, span = target(case), target(case) - case.received_at
    assert heard == [
        (case.received_at + 0.5 * span, "50_percent"),
        (case.received_at + 0.75 * span, "75_percent"),
        (target_at - 7 * DAY, "7_days"),
        (case.received_at + 0.9 * span, "90_percent"),
        (target_at - 3 * DAY, "3_days"),
        (target_at - DAY, "1_day"),
        (case.due_at + SECOND, "overdue"),
    ]


def test_alarm_names_what_is_open_and_the_deadline() -> None:
    """A person sees at once which accounts stand between the case and its answer."""
    case = a_case(an_account(MAIL), an_account(CRM))
    case = after(case, MAIL, NothingFound(), Action.LOCATE)

    (only,) = alarms(case, target(case) - 7 * DAY)

    assert (only.due_at, only.open_accounts) == (case.due_at, (CRM,))


def test_alarms_are_set_on_the_earlier_day() -> None:
    """A month that ends on a Saturday is told of as if nothing moved its end."""
    case = a_case()

    assert target(case) == case.due_at - DAY
    assert alarms(case, target(case) - 3 * DAY - SECOND) != []
    assert "3_days" in {one.level for one in alarms(case, target(case) - 3 * DAY)}


def test_alarms_missed_together_are_told_as_the_most_urgent() -> None:
    """After an outage one alarm is sent, and none of the others later."""
    case = a_case()

    (only,) = alarms(case, target(case) - 3 * DAY)
    after_it = later(case, target(case) - 3 * DAY)

    assert only.level == "3_days"
    assert {Mark.HALF, Mark.THREE_QUARTERS, Mark.WEEK} <= {*after_it.passed}


def test_alarm_that_another_event_overtook_goes_off_a_second_later() -> None:
    """An event that comes between the moment and the sweep swallows no alarm."""
    case = ready_to_erase("a")
    moment = target(case) - 7 * DAY
    case = later(case, moment - DAY)

    case = decide(case, SiblingExportOpened(moment + HOUR, CaseId("case-2"))).case

    assert case.wake_at == moment + HOUR + SECOND
    assert [one.level for one in alarms(case, case.wake_at)] == ["7_days"]


def test_answered_case_has_no_alarms() -> None:
    """Once the answer has left nothing is due."""
    case = after(a_case(), MAIL, NothingFound(), Action.LOCATE)
    case = decide(case, signed(case)).case

    assert case.status is CaseStatus.ANSWERED
    assert next_mark(case) is None
    assert alarms(case, case.due_at + DAY) == []


@pytest.mark.parametrize("why", [*Rehearsal])
def test_rehearsal_has_no_alarms(why: Rehearsal) -> None:
    """Nobody waits for the answer to a rehearsal."""
    opening = an_opening(rehearsal=frozenset({why}))

    case = open_case(opening, a_plan(an_account(is_sandbox=True))).case

    assert alarms(case, case.due_at + DAY) == []


# --- the interim statement ------------------------------------------------------------


def test_interim_statement_is_wanted_while_something_is_open() -> None:
    """Seven days before the deadline what is open must be told; not earlier."""
    case = ready_to_erase("a")
    moment = target(case) - 7 * DAY

    assert later(case, moment - SECOND).wants is None
    assert later(case, moment).wants is Wants.SEAL_INTERIM


def test_register_says_when_the_interim_statement_leaves() -> None:
    """A controller may tell earlier."""
    case = ready_to_erase("a")
    case = replace(case, plan=replace(case.plan, interim_before=10 * DAY))

    assert later(case, target(case) - 10 * DAY).wants is Wants.SEAL_INTERIM


def test_settled_case_wants_its_answer_and_no_interim_statement() -> None:
    """What is complete is answered, however near the deadline is."""
    case = after(a_case(), MAIL, NothingFound(), Action.LOCATE)

    assert later(case, target(case) - DAY).wants is Wants.SEAL_STATEMENT


def test_interim_statement_is_repeated_the_day_before_the_deadline() -> None:
    """What is still open then is told once more, and the statements are numbered."""
    case = later(ready_to_erase("a"), target(ready_to_erase("a")) - 7 * DAY)
    case = decide(case, signed(case, StatementKind.INTERIM)).case
    assert case.wants is None

    case = later(case, target(case) - DAY)

    assert case.wants is Wants.SEAL_INTERIM
    second = interim(case, target(case) - DAY)
    assert (second.number, second.supersedes) == (2, 1)


def test_request_that_came_late_gets_an_hour_before_its_interim_statement() -> None:
    """A letter that lay about for weeks is not answered before anybody was asked."""
    opening = an_opening(at=T0 + 28 * DAY)
    case = open_case(opening, a_plan()).case

    assert later(case, opening.at + HOUR - SECOND).wants is None
    assert later(case, opening.at + HOUR).wants is Wants.SEAL_INTERIM


def test_interim_statement_that_nobody_wants_is_not_kept() -> None:
    """A statement that was signed twice, or too early, is dropped."""
    case = ready_to_erase("a")

    assert decide(case, signed(case, StatementKind.INTERIM)).case is case


def test_interim_statement_says_what_is_open_why_and_until_when() -> None:
    """An accepted job is open, with the time by which it must be over."""
    case = ready_to_erase("a")
    case = after(case, MAIL, Accepted(HOUR, 3 * DAY))

    receipt = interim(case, T0 + HOUR)

    erasure = line(receipt, Action.ERASE)
    assert (receipt.kind, receipt.result) == ("interim", "open")
    assert receipt.times.answered_at is None
    assert (erasure.outcome, erasure.reasons) == ("open", ("job_running",))
    assert erasure.settled_at is None
    assert erasure.expected_by == task_of(case, MAIL).open_calls[0].late_at
    assert line(receipt, Action.LOCATE).outcome == "found"
    assert [one.what for one in receipt.owed] == [Owed.OPEN_JOB]


def test_what_waits_for_another_account_is_expected_after_it() -> None:
    """Horizons add up along the order in which accounts are erased."""
    case = a_case(
        an_account(MAIL, horizon=5 * DAY), an_account(CRM, fed_by=(MAIL,), horizon=DAY)
    )
    for account in (MAIL, CRM):
        case = after(case, account, located("a"), Action.LOCATE)

    receipt = interim(case, T0)

    behind = line(receipt, Action.ERASE, CRM)
    assert line(receipt, Action.ERASE).expected_by == T0 + 5 * DAY
    assert behind.reasons == ("gate_feeder",)
    assert behind.expected_by == T0 + 6 * DAY


def test_final_receipt_has_no_open_line() -> None:
    """What is open cannot be signed as the answer."""
    case = ready_to_erase("a")

    with pytest.raises(ValueError, match="no open line"):
        final_receipt(case, "s-1", T0, "1.0.0")


def test_final_receipt_replaces_the_interim_statement() -> None:
    """The answer names the statement that it takes the place of."""
    case = replace(ready_to_erase("a"), wants_interim=True)
    case = decide(case, signed(case, StatementKind.INTERIM)).case
    case = after(case, MAIL, NothingFound())
    case = after_events(case, TimePassed(case.due_at))

    receipt = final_receipt(case, "s-2", T0, "1.0.0")

    assert (receipt.number, receipt.supersedes) == (2, 1)


def test_day_before_is_counted_where_the_deadline_is() -> None:
    """A week before noon is noon there, also if UTC was asked for first."""
    noon = datetime(2026, 10, 28, 12, tzinfo=ZoneInfo("Europe/Paris"))
    in_utc = noon.astimezone(UTC)
    received = in_utc - timedelta(days=30)

    weeks = [
        next(at for at, mark in alarm_moments(received, due, due) if mark is Mark.WEEK)
        for due in (in_utc, noon)
    ]

    assert weeks == [
        datetime(2026, 10, 21, 11, tzinfo=UTC),
        datetime(2026, 10, 21, 10, tzinfo=UTC),
    ]
