"""The answer leaves in time, whatever stops the case and whichever law counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from orchestrator.core.answer.statements import interim_receipt
from orchestrator.core.cases import Case, Wants
from orchestrator.core.commands import Publish
from orchestrator.core.decide import decide
from orchestrator.core.events import CaseExtended, IdentityAsked, TimePassed
from orchestrator.core.holds import HoldReason
from orchestrator.core.intake.opening import open_case
from orchestrator.core.plan import ReviewRule
from orchestrator.core.ruled import CaseHeld
from orchestrator.core.words import ExtensionReason, Right, StatementKind
from schemas.case_events import CaseAlarmed
from schemas.connecting import ActionClass
from tests.core.builders import (
    DAY,
    HOUR,
    T0,
    a_plan,
    an_opening,
    called,
    signed,
)

LEVELS = ["50_percent", "75_percent", "90_percent", "7_days", "3_days", "1_day"]
PLACES = ("DE", "GB", "US-CA", "BR", "CN")


def opened(place: str, **changes: object) -> Case:
    """Open a case at a place."""
    return open_case(an_opening(jurisdiction=place, **changes), a_plan()).case


def under_review(place: str) -> Case:
    """Open a case that two people must decide on, and nobody does."""
    plan = replace(a_plan(), reviews=(ReviewRule(Right.ERASURE, 2),))
    return open_case(an_opening(jurisdiction=place), plan).case


def held(place: str) -> Case:
    """Open a case and hold it for an authority."""
    classes = frozenset({ActionClass.IRREVERSIBLE, ActionClass.READING})
    word = CaseHeld(T0 + HOUR, classes, HoldReason.AUTHORITY, "dpo-1")
    return decide(opened(place), word).case


def doubted(place: str) -> Case:
    """Open a case, and doubt who asks; they never answer."""
    return decide(opened(place), IdentityAsked(T0 + HOUR, "dpo-1")).case


def braked(place: str) -> Case:
    """Open a case above the limit of its source."""
    return opened(place, is_braked=True)


def silent(place: str) -> Case:
    """Open a case whose processor is called and never answers."""
    case = opened(place)
    (task, *_) = case.all_tasks.values()
    return called(case, task.account, task.action)


def lived(
    case: Case, since: datetime, until: datetime
) -> tuple[Case, list[str], list[timedelta]]:
    """
    Let time come hour by hour, and sign what is wanted.

    Returns the case, the alarms as they went off, and how long before the date of the
    alarms each interim statement was signed.
    """
    alarms: list[str] = []
    interims: list[timedelta] = []
    at = since
    while at < until:
        at += HOUR
        decision = decide(case, TimePassed(at))
        case = decision.case
        told = [one.event for one in decision.commands if isinstance(one, Publish)]
        alarms += [one.level for one in told if isinstance(one, CaseAlarmed)]
        if case.wants is Wants.SEAL_INTERIM:
            assert interim_receipt(case, "s", at, "1").result == "open"
            assert case.deadline is not None
            interims.append(case.deadline.target_at - at)
            word = signed(case, StatementKind.INTERIM, at=at)
            case = decide(case, word).case
    return case, alarms, interims


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "stopped", [under_review, held, doubted, braked, silent], ids=lambda it: it.__name__
)
def test_interim_statements_and_alarms_leave_whatever_stops_the_case(
    stopped: Callable[[str], Case], place: str
) -> None:
    """A week before and a day before, and every alarm once; the deadline stays."""
    case = stopped(place)
    due = case.due_at

    case, alarms, interims = lived(case, T0, due + 2 * DAY)

    assert case.due_at == due
    assert sorted(alarms) == sorted([*LEVELS, "overdue"])
    assert alarms[-1] == "overdue"
    assert len(interims) == 2
    assert 6 * DAY < interims[0] <= 7 * DAY
    assert timedelta(0) < interims[1] <= DAY


@pytest.mark.parametrize("place", ["DE", "GB", "US-CA"])
def test_extended_case_is_told_of_before_both_deadlines(place: str) -> None:
    """More time starts the moments anew; what was told before the first stays told."""
    case = opened(place)
    first = case.due_at
    before, _, told = lived(case, T0, first - 2 * HOUR)
    reason = ExtensionReason.COMPLEXITY

    case = decide(before, CaseExtended(first - HOUR, reason, "dpo-1")).case
    case, alarms, again = lived(case, first, case.due_at + DAY)

    assert len(told) in {1, 2}
    assert len(again) == 2
    assert alarms[-1] == "overdue"
    assert case.due_at > first
