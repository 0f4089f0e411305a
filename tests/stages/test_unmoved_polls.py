"""A poll that moved nothing touches its task's row alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import func, select

from connectors.base import Sink
from orchestrator.adapters.sql import tables as t
from orchestrator.core.cases import Step, Task, TaskStatus
from orchestrator.core.events import PersonClosed, RequestWithdrawn
from orchestrator.engine import Step as Applied
from schemas.connecting import Action, JobAccepted, Reply, TaskId, Ticket, Work
from schemas.withdrawals import WithdrawalReason
from tests.core.builders import HOUR, MINUTE, task_of
from tests.core.builders import MAIL as ACCOUNT
from tests.stages.a_workshop import SPEC, Counter, Workshop, case_of
from tests.stages.an_office import Office

EMAIL = "ada@shop.example"


class Jobs(Counter):
    """Accepts each erasure as a job that never ends; a test changes its name."""

    spec = SPEC

    def __init__(self) -> None:
        super().__init__(lambda *_: None)
        self.name = "job-1"
        self.polls = 0

    async def erase(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """Accept one job for all."""
        return dict.fromkeys([one.task for one in work], self._going())

    async def poll(
        self,
        ticket: Ticket,
        sink: Sink | None,  # noqa: ARG002 (the protocol's)
    ) -> Mapping[TaskId, Reply]:
        """Say that it still goes on."""
        self.polls += 1
        return dict.fromkeys(ticket.members, self._going())

    def _going(self) -> JobAccepted:
        return JobAccepted(Ticket(self.name), MINUTE, 30 * 24 * HOUR)


@dataclass(frozen=True)
class Traces:
    """What a step leaves in the database beside its task's row."""

    version: int
    history: int
    ticket: bytes


def _accepted(office: Office) -> tuple[Workshop, Jobs]:
    """Bring an erasure to where its job is polled next."""
    jobs = Jobs()
    workshop = Workshop(office, connector=jobs)
    workshop.open(EMAIL)
    workshop.rounds()
    return workshop, jobs


def _task(office: Office) -> Task:
    return task_of(office.case(case_of(EMAIL)), ACCOUNT, Action.ERASE)


def _traces(office: Office) -> Traces:
    with office.database.reading() as connection:
        version = connection.execute(select(t.cases.c.version)).scalar_one()
        count = select(func.count()).select_from(t.history)
        history = connection.execute(count).scalar_one()
        named = t.vault.c.name.like("ticket:%")
        ticket = connection.execute(select(t.vault.c.sealed).where(named)).scalar_one()
    return Traces(version, history, ticket)


def test_poll_that_moved_nothing_leaves_no_other_trace(office: Office) -> None:
    """No version, no history, no ticket sealed anew: only the next moment moves."""
    workshop, jobs = _accepted(office)
    before, traces = _task(office), _traces(office)

    office.clock.advance(MINUTE)
    workshop.round()

    after = _task(office)
    assert jobs.polls == 1
    assert _traces(office) == traces
    assert (after.status, after.step) == (TaskStatus.WAITING, Step.POLL)
    assert after.wake_at == office.clock.now() + 1.5 * MINUTE
    assert after.calls == before.calls + 1
    assert after.open_calls[0].late_at == before.open_calls[0].late_at


def test_pauses_grow_from_the_floor_to_the_most(office: Office) -> None:
    """Each question about the same job waits half as long again, up to six hours."""
    workshop, _ = _accepted(office)
    pauses = []
    for _ in range(20):
        wake_at = _task(office).wake_at
        assert wake_at is not None
        pauses.append(wake_at - office.clock.now())
        office.clock.advance(pauses[-1])
        workshop.round()

    assert pauses[:3] == [MINUTE, 1.5 * MINUTE, 2.25 * MINUTE]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 6 * HOUR


def test_ticket_that_changed_is_sealed_in_a_step_of_the_case(office: Office) -> None:
    """What identifies is durable with the case, as ever."""
    workshop, jobs = _accepted(office)
    traces = _traces(office)
    jobs.name = "job-2"

    office.clock.advance(MINUTE)
    workshop.round()

    after = _traces(office)
    assert (after.version, after.history) == (traces.version + 1, traces.history + 1)
    assert after.ticket != traces.ticket


def test_late_job_is_the_cores_to_judge(office: Office) -> None:
    """Past its horizon the same answer hands the task to a person."""
    workshop, _ = _accepted(office)

    office.clock.advance(31 * 24 * HOUR)
    workshop.round()

    assert _task(office).status is TaskStatus.NEEDS_HUMAN


def test_no_question_comes_after_the_horizon_unasked(office: Office) -> None:
    """However long the pauses have grown, the job is asked about when it is late."""
    workshop, _ = _accepted(office)
    (job,) = _task(office).open_calls

    office.clock.advance(job.late_at - office.clock.now() - MINUTE)
    workshop.round()

    assert _task(office).wake_at == job.late_at


@pytest.mark.parametrize("change", ["closed", "withdrawn", "taken_over"])
def test_what_happened_meanwhile_is_not_overwritten(
    office: Office, change: str
) -> None:
    """Closed stays closed, withdrawn is obeyed, and another owner's task is his."""
    workshop, _ = _accepted(office)
    office.clock.advance(MINUTE)
    (group,) = workshop.claim()
    (member,) = group.members
    now = office.clock.now()
    if change == "closed":
        closed = PersonClosed(now, member.task, "not_reachable", "ada")
        office.engine.apply([Applied(member.claimed.case, closed)])
    elif change == "withdrawn":
        stop = RequestWithdrawn(now, "portal", WithdrawalReason.BY_PERSON)
        office.engine.apply([Applied(member.claimed.case, stop)])
    else:
        epochs = office.claims.acquire(
            [ACCOUNT], "other", now, now + HOUR, by_force=True
        )
        office.engine.apply([workshop.released(member.claimed)])
        office.claims.claim({ACCOUNT: 9}, epochs, "other", now, lambda _: [], {})
    before = _task(office)

    after = replace(member.claimed.task, status=TaskStatus.WAITING, epoch=None)
    kept = office.claims.keep_waiting([(member.claimed, after)])

    assert not kept
    assert _task(office) == before


def test_answer_of_a_forgotten_task_changes_nothing(office: Office) -> None:
    """The same answer, heard again after it was stored, moves nothing."""
    workshop, _ = _accepted(office)
    office.clock.advance(MINUTE)
    (group,) = workshop.claim()
    heard = workshop.heard(group)
    workshop.gather(heard)
    before = _task(office)

    workshop.gather(heard)

    assert _task(office) == before
