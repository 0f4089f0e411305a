"""How the Zendesk connector erases: tickets, then users, then product by product."""

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
    Ticket,
    Work,
)
from connectors.errors import AnswerLost, ContractChanged, Refused, TryLater
from connectors.fakes.faults import Fault, FaultKind
from connectors.fakes.zendesk import MOST_JOBS, MOST_USERS, FakeZendesk
from connectors.testing import BYSTANDER, CANARY, Bench
from connectors.zendesk import Zendesk
from connectors.zendesk_api import Job, Result, Status
from connectors.zendesk_erasure import Spread, spread_of
from tests.connectors.zendesk_account import (
    OF_CANARY,
    ZendeskAccount,
    a_user,
    accepted,
    only_users,
    options,
    polled,
    still_holds,
    tickets,
)

DONE = Done("deleted", Evidence.E2)


def begun(bench: Bench, work: Work) -> JobAccepted:
    """Begin an erasure that is accepted."""
    return accepted(bench.erase_once(work))


class TestUser(ZendeskAccount):
    """A user is deleted twice and gone when every product says so."""

    def test_every_product_must_say_complete(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """Accepted is not done, and neither is done in one product of two."""
        job = begun(bench, bench.find(OF_CANARY))
        replies: list[Reply] = [polled(bench, job.ticket)]
        fake.command("complete", ["support"])
        replies.append(polled(bench, job.ticket))
        fake.command("complete", ["chat"])
        replies.append(polled(bench, job.ticket))

        assert [type(it) for it in replies] == [JobAccepted, JobAccepted, Done]
        assert replies[-1] == DONE
        assert not still_holds(fake, CANARY)
        assert still_holds(fake, BYSTANDER)

    def test_product_that_has_not_begun_is_waited_for(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """A product that the register names and that says nothing is not complete."""
        fake.data["products"] = ["support"]
        job = begun(bench, bench.find(OF_CANARY))
        fake.command("complete", None)

        waiting = polled(bench, job.ticket)
        bench.options = options(products=["support"])

        assert isinstance(waiting, JobAccepted)
        assert waiting.check_after == timedelta(hours=6)
        assert polled(bench, job.ticket) == DONE

    def test_unknown_state_is_an_alarm(self, bench: Bench, fake: FakeZendesk) -> None:
        """A word that Zendesk does not document is not taken for success."""
        job = begun(bench, bench.find(OF_CANARY))
        fake.command("complete", None)
        fake.command("lines", [[CANARY.reference, "explore", "skipped"]])

        assert polled(bench, job.ticket) == NeedsHuman("unknown_deletion_state")

    def test_user_whom_zendesk_does_not_know_is_gone(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """Zendesk answers 404, in its own words, of a user not in the account."""
        work = bench.find(OF_CANARY)
        job = begun(bench, work)
        del fake.data["users"][CANARY.reference]

        assert polled(bench, job.ticket) == DONE
        assert bench.erase_once(work) == DONE
        assert bench.read_back(work) == Absent()

    def test_404_of_somebody_else_is_no_erasure(self, bench: Bench) -> None:
        """A wrong address says 404 too; only Zendesk's own word counts."""
        work = bench.find(OF_CANARY)
        job = begun(bench, work)
        bench.url += "/wrong"

        with pytest.raises(ContractChanged, match="undocumented_404"):
            polled(bench, job.ticket)
        with pytest.raises(ContractChanged, match="undocumented_404"):
            bench.read_back(work)
        with pytest.raises(ContractChanged, match="undocumented_404"):
            bench.erase_once(work)

    def test_404_of_somebody_else_to_a_deletion_is_a_refusal(
        self, bench: Bench, fake: FakeZendesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The second deletion too trusts Zendesk's own word only."""
        work = bench.find(OF_CANARY)
        fake.data["users"][CANARY.reference]["active"] = False
        fake.data["lines"][CANARY.reference] = ["asked before"]
        not_found = fake.refusal(404)
        not_found.body = b'{"error": {"title": "No help desk at this address"}}'
        del not_found.headers["content-length"]
        monkeypatch.setattr(fake, "refusal", lambda _: not_found)

        with pytest.raises(Refused):
            bench.erase_once(work)

    def test_open_ticket_forbids_the_deletion(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """A ticket that the search did not show yet stops the user's deletion."""
        work = bench.find(OF_CANARY)
        fake.seed([a_user(CANARY, tickets=tickets(41))])

        assert bench.erase_once(work) == NeedsHuman("user_has_open_tickets")
        assert fake.requests("destroy_user") == 0

    def test_customer_hired_since_the_search_is_left_to_a_person(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """The role is read again immediately before the deletion."""
        work = bench.find(OF_CANARY)
        fake.data["users"][CANARY.reference]["role"] = "agent"

        assert bench.erase_once(work) == NeedsHuman("agent_or_admin")
        assert fake.data["users"][CANARY.reference]["active"]

    def test_user_in_the_trash_is_only_destroyed(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """An erasure that was interrupted between its steps goes on where it was."""
        work = bench.find(OF_CANARY)
        fake.data["users"][CANARY.reference]["active"] = False

        begun(bench, work)

        assert (fake.acted["delete_user"], fake.acted["destroy_user"]) == (0, 1)

    def test_spent_window_is_told_with_its_time(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """After 700 deletions in ten minutes Zendesk names the time to wait."""
        work = bench.find(OF_CANARY)
        fake.data["users_left"] = 0

        with pytest.raises(TryLater) as caught:
            bench.erase_once(work)
        fake.command("pass", None)

        assert caught.value.after == timedelta(minutes=10)
        assert isinstance(bench.erase_once(work), JobAccepted)
        assert MOST_USERS == 700

    def test_record_of_a_forgotten_user_is_no_presence(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """The record stays under another name; products still decide."""
        work = bench.find(OF_CANARY)
        begun(bench, work)
        fake.command("complete", ["support"])
        half = bench.read_back(work)
        fake.command("complete", ["chat"])

        assert half == Present((work.items[0].id,))
        assert bench.read_back(work) == Absent()

    def test_person_who_came_back_is_seen(
        self, bench: Bench, fake: FakeZendesk
    ) -> None:
        """A new message makes a new user with the same address."""
        work = bench.find(OF_CANARY)
        begun(bench, work)
        fake.command("complete", None)
        fake.seed([a_user(replace(CANARY, reference="5"))])

        assert isinstance(bench.read_back(work), Present)


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


class TestWords:
    """What Zendesk's lines and results mean, as tables."""

    @pytest.mark.parametrize(
        ("lines", "spread"),
        [
            pytest.param([], Spread.RUNNING, id="nothing yet"),
            pytest.param(["all request_deletion"], Spread.RUNNING, id="asked"),
            pytest.param(["support started"], Spread.RUNNING, id="begun"),
            pytest.param(["support complete"], Spread.COMPLETE, id="complete"),
            pytest.param(["all complete"], Spread.RUNNING, id="no product"),
            pytest.param(
                ["support complete", "chat started"], Spread.RUNNING, id="half"
            ),
            pytest.param(
                ["support complete", "chat held"], Spread.UNKNOWN, id="unknown"
            ),
        ],
    )
    def test_lines_of_the_products_are_judged_together(
        self, lines: list[str], spread: Spread
    ) -> None:
        """Each product that spoke, and each that the register names, must be done."""
        statuses = [
            Status(application=it.split()[0], action=it.split()[1], user_id=1)
            for it in lines
        ]

        assert spread_of(statuses, ["support"]) is spread

    @pytest.mark.parametrize(
        ("results", "is_done"),
        [
            pytest.param(None, False, id="none"),
            pytest.param([], False, id="empty"),
            pytest.param([Result(id=1, success=True)], False, id="one of two"),
            pytest.param(
                [Result(id=1, success=True), Result(id=2)], False, id="no success"
            ),
            pytest.param({"success": False}, False, id="word: no"),
            pytest.param({"success": True}, True, id="word: yes"),
        ],
    )
    def test_job_succeeds_only_in_its_own_words(
        self,
        results: object,
        is_done: bool,  # noqa: FBT001 (a column of the table)
    ) -> None:
        """The file shows a list of results, or one word about all."""
        job = Job.model_validate({"id": "1", "status": "completed", "results": results})

        assert job.succeeded([1, 2]) is is_done


class TestTicketValue(ZendeskAccount):
    """What comes back from the vault is checked like anything else."""

    @pytest.mark.parametrize(
        ("ticket", "reason"),
        [
            pytest.param(Ticket("{}", Action.EXPORT), "unexpected_ticket", id="action"),
            pytest.param(Ticket("x", Action.ERASE), "unreadable_ticket", id="text"),
        ],
    )
    def test_ticket_that_makes_no_sense_goes_to_a_person(
        self, bench: Bench, ticket: Ticket, reason: str
    ) -> None:
        """A poll of something else is never an erasure."""
        ticket = replace(ticket, members=(bench.find(OF_CANARY).task,))

        assert polled(bench, ticket) == NeedsHuman(reason)

    def test_call_without_known_items_is_refused(self, bench: Bench) -> None:
        """Nothing to erase is a fault, and never a success."""
        work = replace(bench.find(OF_CANARY), items=())

        assert bench.erase_once(work) == NeedsHuman("unexpected_items")
