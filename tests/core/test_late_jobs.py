"""Jobs that take longer than they may: a person is called, and the portal hears."""

from __future__ import annotations

from datetime import datetime

import pytest

from orchestrator.core.cases import Case, TaskStatus
from orchestrator.core.commands import Publish
from orchestrator.core.decide import decide
from orchestrator.core.events import CheckFailed, PersonRetried, Report
from schemas.case_events import TaskEscalated
from schemas.connecting import Accepted, Action
from tests.core.builders import (
    DAY,
    HOUR,
    MAIL,
    SECOND,
    T0,
    after,
    called,
    ready_to_erase,
    reported,
    task_of,
)

RUNS = Accepted(HOUR, 7 * DAY)
LATE_AT = T0 + 7 * DAY


def accepted() -> Case:
    """Build a case whose job was accepted at `T0`, for seven days."""
    return after(ready_to_erase("a"), MAIL, RUNS)


def polled(
    case: Case, report: Report, at: datetime
) -> tuple[Case, list[TaskEscalated]]:
    """Return the case after a poll, and what the portal hears of lateness."""
    case = called(case, MAIL)
    decision = decide(case, reported(case, MAIL, Action.ERASE, report, at=at))
    told = [c.event for c in decision.commands if isinstance(c, Publish)]
    escalated = [one for one in told if isinstance(one, TaskEscalated)]
    return decision.case, [one for one in escalated if one.level == "late"]


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(RUNS, id="it still runs"),
        pytest.param(CheckFailed("timeout"), id="nobody can ask"),
    ],
)
def test_late_job_goes_to_a_person_and_is_escalated(report: Report) -> None:
    """Past its time a job is a person's concern, also where polls do not get by."""
    case, told = polled(accepted(), report, LATE_AT)

    task = task_of(case, MAIL)
    assert (task.status, task.reason) == (TaskStatus.NEEDS_HUMAN, "horizon_passed")
    (only,) = told
    assert (only.level, only.due_at, only.count) == ("late", LATE_AT, 1)


@pytest.mark.parametrize("report", [RUNS, CheckFailed("timeout")])
def test_job_within_its_time_is_waited_for(report: Report) -> None:
    """A job that may still be running escalates nothing."""
    case, told = polled(accepted(), report, LATE_AT - SECOND)

    assert task_of(case, MAIL).status is TaskStatus.WAITING
    assert told == []


def test_job_found_late_again_is_escalated_again() -> None:
    """A person who asks once more hears once more, counted."""
    case, _ = polled(accepted(), RUNS, LATE_AT)
    case = decide(case, PersonRetried(LATE_AT, task_of(case, MAIL).id, "dpo")).case

    _, told = polled(case, RUNS, LATE_AT + DAY)

    assert [one.count for one in told] == [2]
