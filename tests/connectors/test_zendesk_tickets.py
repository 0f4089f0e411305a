"""How the Zendesk connector erases tickets: softly each, for good in one job."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from connectors.base import (
    Absent,
    Action,
    CannotTell,
    Done,
    Evidence,
    JobAccepted,
    NeedsHuman,
    Present,
    Progress,
    Reply,
    Retry,
    TaskId,
)
from connectors.errors import AnswerLost
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.zendesk import MOST_JOBS, FakeZendesk
from connectors.testing import BYSTANDER, CANARY, Bench
from connectors.zendesk import Zendesk
from tests.connectors.zendesk_account import (
    OF_CANARY,
    ZendeskAccount,
    a_user,
    begun,
    only_users,
    polled,
    tickets,
)

DONE = Done("deleted", Evidence.E2)


class TestTickets(ZendeskAccount):
    """Tickets go first, softly one by one and for good in one job."""

    canary: ClassVar[dict[str, Any]] = {"tickets": tickets(41, 42)}

    def test_tickets_go_in_one_job_and_the_user_after_them(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """The job's end is progress; only then is the user begun."""
        work = bench.find(OF_CANARY)
        job = begun(bench, work)
        waiting = polled(bench, job.ticket)
        fake.command("run", None)
        progress = polled(bench, job.ticket)

        assert isinstance(waiting, JobAccepted)
        assert waiting.check_after == timedelta(minutes=1)
        assert progress == Progress(tuple(it.id for it in work.items[:2]), Evidence.E2)
        assert fake.acted["destroy_tickets"] == 1
        assert fake.requests("delete_user") == 0
        assert set(fake.data["tickets"]) == {"901"}
        assert isinstance(bench.erase_once(only_users(work)), JobAccepted)

    def test_call_of_tickets_only_ends_done(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """Where a rule keeps the user's record, the tickets are the whole call."""
        work = bench.find(OF_CANARY)
        work = replace(work, items=work.items[:2])
        bench.settle = lambda it: it.command("run", None)

        assert bench.erase(work) == [DONE]
        assert bench.read_back(work) == Absent()
        assert fake.data["users"][CANARY.reference]["active"]

    def test_hundred_tickets_are_the_most_a_call_carries(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """The spec's batch is Zendesk's own."""
        fake.seed([a_user(CANARY, tickets=tickets(*range(1000, 1130)))])
        work = bench.find(OF_CANARY)
        bench.settle = lambda it: (it.command("run", None), None)[1]

        replies = bench.erase(work)

        assert Zendesk.spec.items_per_call[Action.ERASE] == 100
        assert [type(it) for it in replies] == [Done, Progress]
        assert set(fake.data["tickets"]) == {"901"}

    def test_many_jobs_are_one_question(self, bench: Bench, fake: FakeZendesk) -> None:
        """Jobs of tickets are asked about together, users one by one beside them."""
        work = bench.find(OF_CANARY)
        parts = [replace(work, items=work.items[n : n + 1]) for n in range(2)]
        jobs = [begun(bench, part).ticket for part in parts]
        fake.command("run", None)
        names = [TaskId(name) for name in ("one", "two", "three")]
        named = [
            replace(ticket, members=(name,))
            for name, ticket in zip(
                names, [*jobs, begun(bench, only_users(work)).ticket], strict=True
            )
        ]

        replies = bench.run(lambda it: it.poll_many(named))

        assert (fake.requests("read_jobs"), fake.requests("read_job")) == (1, 0)
        assert [replies[name] for name in names[:2]] == [DONE, DONE]
        assert isinstance(replies[names[2]], JobAccepted)

    def test_forgotten_job_among_many_is_looked_for(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """A job that the list leaves out says nothing: its tickets are looked for."""
        work = bench.find(OF_CANARY)
        job = begun(bench, replace(work, items=work.items[:2])).ticket
        fake.command("run", None)
        fake.command("expire", None)

        replies = bench.run(lambda it: it.poll_many([job]))

        assert [*replies.values()] == [DONE]

    def test_full_queue_is_a_retry_and_not_a_loss(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """30 jobs may wait; the next is asked for later, and repeats nothing."""
        fake.data["jobs"] = {
            str(n): {"id": str(n), "status": "queued", "tickets": [], "results": None}
            for n in range(MOST_JOBS)
        }
        work = bench.find(OF_CANARY)

        full = bench.erase_once(work)
        fake.command("run", None)
        again = bench.erase_once(work)

        assert full == Retry("jobs_full", timedelta(minutes=5))
        assert isinstance(again, JobAccepted)
        assert fake.acted["delete_ticket"] == 2

    def test_soft_deletion_is_not_taken_for_an_erasure(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """A ticket in the trash is still there."""
        work = bench.find(OF_CANARY)
        for number in ("41", "42"):
            fake.data["tickets"][number]["in_trash"] = True

        look = bench.read_back(work)

        assert look == Present(tuple(it.id for it in work.items))

    def test_trash_too_large_to_list_says_nothing(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """Ten requests a minute are allowed, so a huge trash is not read."""
        work = bench.find(OF_CANARY)
        job = begun(bench, work)
        one = fake.data["tickets"]["41"]
        more = {str(n): {**one, "id": n} for n in range(10_000, 12_101)}
        fake.data["tickets"] |= more
        fake.command("run", "completed")
        fake.command("expire", None)

        assert bench.read_back(work) == CannotTell()
        assert polled(bench, job.ticket) == NeedsHuman("trash_too_large_to_read")

    def test_ticket_that_moved_to_somebody_else_is_not_touched(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """Merging users moves tickets; nothing of the call is deleted then."""
        work = bench.find(OF_CANARY)
        fake.data["tickets"]["42"]["requester_id"] = int(BYSTANDER.reference)

        assert bench.erase_once(work) == NeedsHuman("requester_changed")
        assert fake.acted["delete_ticket"] == 0

    def test_lost_answer_of_a_job_is_mended_by_a_look(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """Whether the job began is seen in the trash."""
        work = bench.find(OF_CANARY)
        work = replace(work, items=work.items[:2])
        fake.faults.add(Fault(kind=FaultKind.LOSE_ANSWER, operation="destroy_tickets"))
        with pytest.raises(AnswerLost):
            bench.erase_once(work)
        fake.command("run", None)

        assert bench.read_back(work) == Absent()

    @pytest.mark.parametrize(
        ("state", "reply"),
        [
            pytest.param("failed", Retry("job_failed", timedelta(hours=1)), id="fail"),
            pytest.param("killed", NeedsHuman("unknown_job_state"), id="unknown"),
        ],
    )
    def test_job_that_did_not_complete_is_not_done(
        self, bench: Bench, fake: FakeZendesk, state: str, reply: Reply
    ) -> None:
        """A failed job is made again, and an undocumented state is an alarm."""
        job = begun(bench, bench.find(OF_CANARY))
        fake.command("run", state)

        assert polled(bench, job.ticket) == reply

    def test_forgotten_job_is_decided_by_a_look(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """An hour after its end Zendesk knows the job no more."""
        work = bench.find(OF_CANARY)
        job = begun(bench, work)
        fake.command("run", None)
        fake.command("expire", None)

        assert polled(bench, job.ticket) == Progress(
            tuple(it.id for it in work.items[:2]), Evidence.E2
        )

    def test_results_are_judged_one_by_one(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """A job may complete without one of its tickets."""
        work = bench.find(OF_CANARY)
        job = begun(bench, work)
        (run,) = fake.data["jobs"].values()
        run["tickets"] = [41]
        fake.command("run", None)

        assert polled(bench, job.ticket) == Progress((work.items[0].id,), Evidence.E2)

    def test_completed_job_that_deleted_nothing_is_an_alarm(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """`completed` speaks of the job, not of the tickets."""
        job = begun(bench, bench.find(OF_CANARY))
        (run,) = fake.data["jobs"].values()
        run["tickets"] = []
        fake.command("run", None)

        assert polled(bench, job.ticket) == NeedsHuman("tickets_not_deleted")
