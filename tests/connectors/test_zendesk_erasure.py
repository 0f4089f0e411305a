"""How the Zendesk connector erases users, product by product."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import (
    Absent,
    Action,
    Done,
    Evidence,
    JobAccepted,
    NeedsHuman,
    Present,
    Reply,
    Ticket,
)
from connectors.errors import ContractChanged, Refused, TryLater
from connectors.fakes.zendesk import MOST_USERS, FakeZendesk
from connectors.testing import BYSTANDER, CANARY, Bench
from connectors.zendesk.api import Status
from connectors.zendesk.erasure import Spread, spread_of
from connectors.zendesk.jobs import Job, Result
from tests.connectors.zendesk_account import (
    OF_CANARY,
    ZendeskAccount,
    a_user,
    begun,
    options,
    polled,
    still_holds,
    tickets,
)

DONE = Done("deleted", Evidence.E2)


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
