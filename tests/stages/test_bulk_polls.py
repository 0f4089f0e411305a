"""Accepted jobs are asked about together, where a processor has a list of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from connectors.base import Sink
from connectors.errors import Refused
from orchestrator.core.cases import TaskStatus
from schemas.connecting import (
    Action,
    Done,
    Evidence,
    JobAccepted,
    Reply,
    TaskId,
    Ticket,
    Work,
)
from tests.core.builders import HOUR, MAIL, MINUTE, task_of
from tests.stages.a_workshop import SPEC, Counter, Workshop, case_of
from tests.stages.an_office import Office

EMAILS = tuple(f"p{number}@shop.example" for number in range(7))
AT_ONCE = 3
LISTING = replace(
    SPEC,
    people_per_call=MappingProxyType({}),
    polls_per_call=MappingProxyType({Action.ERASE: AT_ONCE}),
)


class Listing(Counter):
    """A job for each erasure; a list tells of several, and may refuse a bad one."""

    spec = LISTING

    def __init__(self) -> None:
        super().__init__(lambda *_: None)
        self.lists: list[list[str]] = []
        self.alone: list[str] = []
        self.bad: set[str] = set()

    async def erase(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """Accept a job named after the record."""
        (one,) = work
        ticket = Ticket(one.items[0].reference)
        return {one.task: JobAccepted(ticket, MINUTE, 24 * HOUR)}

    async def poll(
        self,
        ticket: Ticket,
        sink: Sink | None,  # noqa: ARG002 (the protocol's)
    ) -> Mapping[TaskId, Reply]:
        """Say that one job is done."""
        self.alone.append(ticket.value)
        if ticket.value in self.bad:
            raise Refused(400)
        return dict.fromkeys(ticket.members, Done("deleted", Evidence.E2))

    async def poll_many(self, tickets: Sequence[Ticket]) -> Mapping[TaskId, Reply]:
        """Say that all of them are done, or refuse the question."""
        self.lists.append([ticket.value for ticket in tickets])
        if self.bad & {ticket.value for ticket in tickets}:
            raise Refused(400)
        done = Done("deleted", Evidence.E2)
        return {task: done for ticket in tickets for task in ticket.members}


def _accepted(office: Office) -> tuple[Workshop, Listing]:
    listing = Listing()
    workshop = Workshop(office, spec=LISTING, connector=listing)
    workshop.open(*EMAILS)
    workshop.rounds()
    office.clock.advance(MINUTE)
    return workshop, listing


def _statuses(office: Office) -> list[TaskStatus]:
    cases = [office.case(case_of(email)) for email in EMAILS]
    return [task_of(case, MAIL).status for case in cases]


def test_jobs_are_asked_about_together(office: Office) -> None:
    """Seven jobs are two lists of three and a question about one."""
    workshop, listing = _accepted(office)

    workshop.rounds()

    assert [len(names) for names in listing.lists] == [AT_ONCE, AT_ONCE]
    assert len(listing.alone) == 1
    named = {*listing.alone}.union(*listing.lists)
    assert named == set(EMAILS)
    assert set(_statuses(office)) == {TaskStatus.SETTLED}


def test_question_that_is_refused_is_asked_job_by_job(office: Office) -> None:
    """A list that one bad job spoils stops that job's task alone."""
    workshop, listing = _accepted(office)
    listing.bad = {EMAILS[1]}

    workshop.rounds()

    statuses = _statuses(office)
    assert statuses.pop(1) is TaskStatus.NEEDS_HUMAN
    assert set(statuses) == {TaskStatus.SETTLED}


def test_questions_are_counted_as_calls(office: Office) -> None:
    """Two free calls ask about six jobs, not about two."""
    workshop, _ = _accepted(office)
    workshop.account.in_flight = workshop.account.config.spec.concurrency - 2

    groups = workshop.claim()

    assert [len(group.members) for group in groups] == [AT_ONCE, AT_ONCE]
