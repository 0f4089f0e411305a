"""More time: extended once by notice, and nothing moved by a doubt."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from orchestrator.core.answer.statements import interim_receipt
from orchestrator.core.cases import Case, GateReason, TaskStatus, Wants
from orchestrator.core.commands import Publish
from orchestrator.core.decide import decide
from orchestrator.core.events import (
    CaseExtended,
    ExportSealed,
    IdentityAsked,
    IdentityReceived,
    RequestWithdrawn,
    TimePassed,
)
from orchestrator.core.grounds import Ground
from orchestrator.core.holds import RulingKind
from orchestrator.core.intake.opening import open_case
from orchestrator.core.ruled import CaseRefused
from orchestrator.core.ruling.extending import due_if_suspended, why_not_extended
from orchestrator.core.words import ExtensionReason
from schemas.case_events import NoticeReady
from schemas.connecting import Action, Exported, NothingFound
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import (
    ACCESS,
    DAY,
    HOUR,
    MAIL,
    SECOND,
    T0,
    a_case,
    a_plan,
    after,
    after_events,
    an_opening,
    called,
    ready_to_erase,
    signed,
    states,
    task_of,
)

COMPLEX = ExtensionReason.COMPLEXITY


def extended(case: Case, at: datetime = T0 + DAY) -> Case:
    """Return *case* after somebody extended it."""
    return decide(case, CaseExtended(at, COMPLEX, "dpo")).case


def notices(case: Case, event: CaseExtended | IdentityAsked) -> list[NoticeReady]:
    """Return what the portal is to tell the person."""
    told = [c.event for c in decide(case, event).commands if isinstance(c, Publish)]
    return [one for one in told if isinstance(one, NoticeReady)]


def answered() -> Case:
    """Build a case whose answer has left."""
    case = after(a_case(), MAIL, NothingFound(), Action.LOCATE)
    return decide(case, signed(case)).case


def test_extension_moves_the_deadline_to_the_day_that_the_law_names() -> None:
    """Three months from the receipt, not two from the first deadline."""
    case = a_case()
    assert case.deadline is not None

    later = extended(case)

    assert later.due_at == case.deadline.extended_at
    assert later.deadline is not None
    assert later.deadline.target_at == case.deadline.extended_target_at


def test_extension_tells_by_when_its_notice_must_leave() -> None:
    """The portal sends it before the first deadline, read strictly, with the reason."""
    case = a_case()
    assert case.deadline is not None

    (notice,) = notices(case, CaseExtended(T0 + DAY, COMPLEX, "dpo"))

    assert (notice.kind, notice.reason) == ("extension", "complexity")
    assert notice.send_by == case.deadline.target_at < case.due_at
    assert notice.due_at == extended(case).due_at


def test_extension_between_the_two_readings_is_told_by_the_later() -> None:
    """Whoever extends on the last day moved off a holiday tells it that day."""
    case = a_case()

    (notice,) = notices(case, CaseExtended(case.due_at - HOUR, COMPLEX, "dpo"))

    assert notice.send_by == case.due_at


def test_every_word_about_time_is_a_ruling() -> None:
    """The receipt says who extended, who doubted, by which law, and when."""
    case = decide(extended(a_case()), IdentityAsked(T0 + DAY, "dpo-2")).case
    case = decide(case, IdentityReceived(T0 + 2 * DAY, "portal")).case

    made = [(one.kind, one.by, one.reason, one.provision) for one in case.rulings]

    assert made == [
        (RulingKind.EXTENDED, ("dpo",), "complexity", "GDPR Art 12(3)"),
        (RulingKind.IDENTITY_ASKED, ("dpo-2",), None, "GDPR Art 12(6)"),
        (RulingKind.IDENTITY_RECEIVED, ("portal",), None, "GDPR Art 12(6)"),
    ]
    ruled = interim_receipt(case, "s-1", T0 + 2 * DAY, "1").rulings or ()
    assert [one.kind for one in ruled] == [one.kind.value for one in case.rulings]


@pytest.mark.parametrize(
    "word",
    [
        CaseRefused(T0 + HOUR, Ground.EXCESSIVE, "dpo"),
        RequestWithdrawn(T0 + HOUR, "portal", WithdrawalReason.BY_PERSON),
    ],
    ids=["refused", "withdrawn"],
)
def test_request_that_is_over_is_neither_extended_nor_doubted(
    word: CaseRefused | RequestWithdrawn,
) -> None:
    """Its answer leaves without delay, whoever asked."""
    case = decide(called(a_case(), MAIL, Action.LOCATE), word).case

    assert case.answered_at is None
    assert extended(case) is case
    assert "answered without delay" in (why_not_extended(case, T0 + DAY) or "")
    assert decide(case, IdentityAsked(T0 + DAY, "dpo")).case is case


def test_extension_leaves_the_work_where_it_was() -> None:
    """More time to answer is no more time to erase (Art 17(1) GDPR)."""
    case = ready_to_erase("a")

    assert task_of(extended(case), MAIL).dispatch_by == task_of(case, MAIL).dispatch_by


def test_extended_case_is_alarmed_anew() -> None:
    """The moments before the second deadline pass as those before the first did."""
    case = decide(a_case(), TimePassed(T0 + 25 * DAY)).case
    case = decide(case, signed(case)).case

    later = extended(case, T0 + 26 * DAY)

    assert case.passed
    assert later.passed == ()
    assert later.wake_at is not None
    assert later.wake_at > T0 + 26 * DAY


@pytest.mark.parametrize(
    ("case", "at", "sentence"),
    [
        pytest.param(a_case(), a_case().due_at, "must leave before", id="too late"),
        pytest.param(extended(a_case()), T0 + 2 * DAY, "allows it once", id="twice"),
        pytest.param(answered(), T0 + DAY, "the case is answered", id="answered"),
        pytest.param(
            open_case(an_opening(jurisdiction="BR"), a_plan()).case,
            T0 + DAY,
            "knows no extension",
            id="a law without",
        ),
    ],
)
def test_extension_is_refused_with_a_sentence(
    case: Case, at: datetime, sentence: str
) -> None:
    """Nothing moves, and whoever asked learns why."""
    assert sentence in (why_not_extended(case, at) or "")
    assert extended(case, at) is case


def test_extension_is_possible_up_to_the_last_second() -> None:
    """The first deadline itself is the first moment that is too late."""
    case = a_case()

    assert extended(case, case.due_at - SECOND).due_at > case.due_at


# --- doubt ----------------------------------------------------------------------------


ASKED = IdentityAsked(T0 + DAY, "dpo")
RECEIVED = IdentityReceived(T0 + 4 * DAY, "dpo")


def test_doubt_stops_erasures_until_the_person_answers() -> None:
    """Nothing is erased for somebody who may be somebody else."""
    doubted = decide(ready_to_erase("a"), ASKED).case
    gate = task_of(doubted, MAIL).gate

    going_on = decide(doubted, RECEIVED).case

    assert gate is not None
    assert gate.reason is GateReason.HOLD
    assert states(going_on) == {MAIL: TaskStatus.READY}


def test_doubt_stops_the_copy_until_the_person_answers() -> None:
    """A package that is complete is not sealed for somebody who may be another."""
    case = after(ready_to_erase("a", rights=ACCESS), MAIL, Exported(1), Action.EXPORT)
    doubted = decide(case, ASKED).case
    early = ExportSealed(T0 + 2 * DAY, "0" * 64, T0 + 9 * DAY)

    assert case.wants is Wants.SEAL_EXPORT
    assert doubted.wants is None
    assert decide(doubted, early).case is doubted
    assert decide(doubted, RECEIVED).case.wants is Wants.SEAL_EXPORT


def test_doubt_keeps_both_dates_and_moves_none() -> None:
    """The wait is counted beside the deadline, which its alarms still go by."""
    case = a_case()

    after_it = after_events(case, ASKED, RECEIVED)

    assert after_it.due_at == case.due_at
    assert after_it.deadline == case.deadline
    assert due_if_suspended(after_it, T0 + 9 * DAY) == case.due_at + 3 * DAY
    assert due_if_suspended(decide(case, ASKED).case, T0 + 2 * DAY) == case.due_at + DAY
    assert due_if_suspended(case, T0 + 2 * DAY) is None


@pytest.mark.parametrize("place", ["US-CA", "BR", "CN"])
def test_doubt_stops_no_clock_where_the_law_says_nothing_of_it(place: str) -> None:
    """California counts regardless of the time that it takes to verify somebody."""
    case = open_case(an_opening(jurisdiction=place), a_plan()).case

    doubted = decide(case, ASKED).case

    assert doubted.identity_asked_at is not None
    assert due_if_suspended(doubted, T0 + 2 * DAY) is None


def test_english_month_begins_when_the_person_has_shown_who_they_are() -> None:
    """Art 12A UK GDPR: the relevant time is the latest of receipt and information."""
    case = open_case(an_opening(jurisdiction="GB"), a_plan()).case
    shown = IdentityReceived(T0 + 4 * DAY, "dpo")
    case = decide(decide(case, ASKED).case, shown).case

    later = due_if_suspended(case, T0 + 9 * DAY)

    assert later is not None
    assert (later.month, later.day) == (4, (T0 + 4 * DAY).day)


def test_person_is_asked_once_and_at_once() -> None:
    """The portal is told to ask; a second doubt would only be delay."""
    case = a_case()
    again = replace(ASKED, at=T0 + 5 * DAY)

    (notice,) = notices(case, ASKED)
    over = after_events(case, ASKED, RECEIVED)

    assert (notice.kind, notice.send_by) == ("identity", ASKED.at)
    assert decide(over, again).case is over
    assert decide(case, RECEIVED).case is case


def test_doubt_about_an_answered_case_changes_nothing() -> None:
    """What has left cannot be taken back by asking."""
    case = answered()

    assert decide(case, replace(ASKED, at=T0 + HOUR)).case is case
