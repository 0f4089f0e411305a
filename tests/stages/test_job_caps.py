"""No more jobs are begun than a processor queues; those that ended make room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import pytest

from connectors.base import Sink
from orchestrator.core.cases import TaskStatus
from orchestrator.core.events import PersonClosed
from orchestrator.engine import Step
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
CAP = 3
CAPPED = replace(
    SPEC,
    people_per_call=MappingProxyType({}),
    jobs_at_once=MappingProxyType({Action.ERASE: CAP}),
)


class Queue(Counter):
    """Counts the jobs that wait; each ends when it is asked about."""

    spec = CAPPED

    def __init__(self, *, is_queued: bool = True) -> None:
        super().__init__(lambda *_: None)
        self.queued: set[str] = set()
        self.most = 0
        self._is_queued = is_queued

    async def erase(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """Queue a job for the one person."""
        (one,) = work
        self.queued.add(one.items[0].reference)
        self.most = max(self.most, len(self.queued))
        ticket = Ticket(one.items[0].reference)
        later = JobAccepted(ticket, MINUTE, 24 * HOUR, is_queued=self._is_queued)
        return {one.task: later}

    async def poll(
        self,
        ticket: Ticket,
        sink: Sink | None,  # noqa: ARG002 (the protocol's)
    ) -> Mapping[TaskId, Reply]:
        """End the job."""
        self.queued.discard(ticket.value)
        return dict.fromkeys(ticket.members, Done("deleted", Evidence.E2))


def test_queue_is_filled_and_never_passed(office: Office) -> None:
    """Seven erasures go three at a time; all are done in the end."""
    queue = Queue()
    workshop = Workshop(office, spec=CAPPED, connector=queue)
    workshop.open(*EMAILS)

    begun = []
    for _ in range(3):
        workshop.rounds()
        begun.append(len(queue.queued))
        office.clock.advance(MINUTE)
    workshop.rounds()

    assert begun == [CAP, CAP, 1]
    assert queue.most == CAP
    states = {task_of(office.case(case_of(one)), MAIL).status for one in EMAILS}
    assert states == {TaskStatus.SETTLED}


def test_what_waits_for_room_is_said_to_wait(office: Office) -> None:
    """The loop looks again later instead of at once."""
    workshop = Workshop(office, spec=CAPPED, connector=Queue())
    workshop.open(*EMAILS)
    workshop.round()
    assert not workshop.preparing.is_held_back

    workshop.rounds()

    assert workshop.preparing.is_held_back


def test_job_of_a_closed_task_takes_nobodys_place(office: Office) -> None:
    """What a person has closed is asked about no more, and counts no more."""
    queue = Queue()
    workshop = Workshop(office, spec=CAPPED, connector=queue)
    workshop.open(*EMAILS)
    workshop.rounds()
    begun = [email for email in EMAILS if email in queue.queued]
    for email in begun:
        task = task_of(office.case(case_of(email)), MAIL)
        closed = PersonClosed(office.clock.now(), task.id, "not_reachable", "ada")
        office.engine.apply([Step(case_of(email), closed)])

    workshop.rounds()

    assert len(queue.queued) == 2 * CAP


@pytest.mark.parametrize(("is_queued", "most"), [(True, CAP), (False, len(EMAILS))])
def test_only_queued_jobs_count(office: Office, is_queued: bool, most: int) -> None:  # noqa: FBT001
    """A job of which only the confirmation is missing takes nobody's place."""
    queue = Queue(is_queued=is_queued)
    workshop = Workshop(office, spec=CAPPED, connector=queue)
    workshop.open(*EMAILS)

    workshop.rounds()

    assert queue.most == most
