"""
What is counted of a case: its days and codes, and nothing that names a person.

One such value is kept for each real case, from its opening on, and outlives the case's
records: California wants the date, nature and manner of a request, those of the
response, and the basis of a denial for 24 months (11 CCR section 7101), and metrics by
year (section 7102).  Days are local dates in the controller's time zone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from orchestrator.core.answer.recovering import ANSWERED_BEFORE
from orchestrator.core.cases import Case, Task
from orchestrator.core.holds import RulingKind
from orchestrator.core.settling import WITHDRAWN
from orchestrator.core.words import COPY_RIGHTS, Result, Right
from orchestrator.core.work.gates import refused_classes
from orchestrator.core.work.withdrawing import WITHDRAWN_IN_PART
from schemas.connecting import Action
from schemas.receipts import FULFILLED

_DEEDS = {
    Right.ERASURE: frozenset({Action.ERASE, Action.NOTIFY}),
    Right.ACCESS: frozenset({Action.EXPORT}),
    Right.PORTABILITY: frozenset({Action.EXPORT}),
}


class Answer(StrEnum):
    """How one right of a request was answered."""

    WHOLE = "whole"
    """Every account did what was asked, or had nothing."""
    PART = "part"
    """Some of it was done; the rest a law keeps, was refused, or failed."""
    NOTHING = "nothing"
    """Answered, although no account could do what was asked; nobody refused it."""
    DENIED = "denied"
    """A person refused it, on a ground."""
    WITHDRAWN = "withdrawn"
    """The person withdrew it before it was carried out."""


_OF_RESULT = {
    Result.COMPLETE: Answer.WHOLE,
    Result.COMPLETE_WITH_RETENTION: Answer.PART,
    Result.PARTIAL: Answer.PART,
    Result.WITHDRAWN: Answer.WITHDRAWN,
    Result.REFUSED: Answer.DENIED,
}


@dataclass(frozen=True, slots=True)
class LineFigure:
    """What one account was asked, when, and how that ended."""

    account: str
    action: str
    outcome: str
    asked_on: date | None
    settled_on: date


@dataclass(frozen=True, slots=True)
class Figures:
    """What is counted of one case; `answers` holds None for each right still open."""

    controller: str
    time_zone: str
    jurisdiction: str
    channel: str
    received_on: date
    due_on: date
    answers: Mapping[str, Answer | None]
    is_extended: bool = False
    is_suspended: bool = False
    is_attached: bool = False
    answered_on: date | None = None
    ground: str | None = None
    grounds_in_part: tuple[str, ...] = ()
    lines: tuple[LineFigure, ...] = ()


def is_counted_anew(before: Case, after: Case) -> bool:
    """Tell whether a step moved anything that is counted."""
    return _watched(before) != _watched(after)


def figures_of(case: Case) -> Figures | None:
    """Return what is counted of *case*; nothing of a rehearsal."""
    if case.rehearsal:
        return None
    is_answered = case.answered_at is not None
    in_part = [one for one in case.rulings if one.kind is RulingKind.REFUSED_IN_PART]
    return Figures(
        controller=case.controller,
        time_zone=case.plan.time_zone,
        jurisdiction=case.jurisdiction,
        channel=case.channel,
        received_on=_day(case, case.received_at),
        due_on=_day(case, case.due_at),
        answers={
            right.value: answer_to(case, right) if is_answered else None
            for right in sorted(case.rights)
        },
        is_extended=case.extension is not None,
        is_suspended=case.identity_asked_at is not None,
        is_attached=case.led_by is not None,
        answered_on=_day(case, case.answered_at) if case.answered_at else None,
        ground=_ground(case),
        grounds_in_part=tuple(sorted({one.reason for one in in_part if one.reason})),
        lines=_lines(case) if is_answered else (),
    )


def answer_to(case: Case, right: Right) -> Answer:
    """
    Return how an answered case answered one of its rights.

    What a law keeps makes an erasure partial, as California counts it: denied for the
    records that an exception covers, complied with for the rest.  A request that was
    answered with an earlier one, or before a backup was restored, has no lines that
    say how: its result does.
    """
    mine = [task for task in case.all_tasks.values() if task.action in _DEEDS[right]]
    if not mine or any(task.outcome == ANSWERED_BEFORE for task in mine):
        return _OF_RESULT[case.result] if case.result else Answer.NOTHING
    done = [task for task in mine if _is_fulfilled(task)]
    if right in COPY_RIGHTS and case.export_sha256 is None:
        done = []  # nobody was given anything
    if any(task.outcome in {WITHDRAWN, WITHDRAWN_IN_PART} for task in mine):
        return Answer.WITHDRAWN
    if not done:
        return Answer.DENIED if case.refused_for else Answer.NOTHING
    is_left = any(task.retained or refused_classes(case, task) for task in mine)
    return Answer.PART if is_left or len(done) < len(mine) else Answer.WHOLE


def _ground(case: Case) -> str | None:
    """Return the ground of a refusal, also of the one that this request shared."""
    if case.refused_for is not None:
        return case.refused_for.value
    whole = (one for one in case.rulings if one.kind is RulingKind.REFUSED)
    return next((one.reason for one in whole), None)


def _watched(case: Case) -> tuple[object, ...]:
    """Return what the figures follow from; lines only once the case is answered."""
    return (
        *(case.due_at, case.extension, case.identity_asked_at),
        *(case.answered_at, case.refused_for, case.led_by),
    )


def _lines(case: Case) -> tuple[LineFigure, ...]:
    """Return the lines of an answered case, in the order of their names."""
    return tuple(
        LineFigure(
            account=task.account,
            action=task.action.value,
            outcome=task.outcome.kind,
            asked_on=_day(case, task.first_called_at) if task.first_called_at else None,
            settled_on=_day(case, task.settled_at),
        )
        for _, task in sorted(case.all_tasks.items())
        if task.outcome is not None and task.settled_at is not None
    )


def _is_fulfilled(task: Task) -> bool:
    """Tell whether a line ended as the person may expect."""
    return task.outcome is not None and task.outcome.kind in FULFILLED


def _day(case: Case, at: datetime) -> date:
    """Return the local date of a moment, where the controller is."""
    return at.astimezone(ZoneInfo(case.plan.time_zone)).date()
