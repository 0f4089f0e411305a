"""How an erasure at VTEX goes: guarded before, asked about, looked for after."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from connectors.base import (
    Absent,
    Action,
    CannotTell,
    Done,
    Evidence,
    Failed,
    Identifier,
    NeedsHuman,
    Present,
    Redacted,
    StillOpen,
    Ticket,
    Work,
)
from connectors.errors import ContractChanged
from connectors.fakes.vtex import FakeVtex
from connectors.testing import BYSTANDER, CANARY, TASK, Bench
from connectors.vtex import Vtex
from schemas.connecting import EMAIL
from tests.connectors.vtex_store import (
    OF_PLAIN,
    PLAIN,
    VtexStore,
    a_shopper,
    accepted,
    options,
    polled,
)


class TestGuard(VtexStore):
    """The job takes everything of an address, so it is compared with the call."""

    def test_order_that_a_rule_keeps_stops_the_job(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """Without the order in the call, the job would take it all the same."""
        work = _without(bench.find(OF_PLAIN), "order")

        reply = bench.erase_once(work)

        assert reply == NeedsHuman("job_would_take_other_orders")
        assert fake.requests("create_job") == 0

    def test_order_made_since_the_search_stops_the_job(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """What nobody has decided about is not erased."""
        work = bench.find(OF_PLAIN)
        (order,) = a_shopper(CANARY)["orders"]
        new = {**order, "orderId": "v-new-01"}
        fake.seed([a_shopper(CANARY, email=PLAIN, orders=[new])])

        assert bench.erase_once(work) == NeedsHuman("job_would_take_other_orders")

    def test_orders_alone_are_no_job(self, bench: Bench, fake: FakeVtex) -> None:
        """VTEX erases by address only: there is no way to take an order alone."""
        work = _without(bench.find(OF_PLAIN), "shopper")

        assert bench.erase_once(work) == NeedsHuman("orders_go_with_their_shopper")
        assert fake.requests("create_job") == 0

    def test_shopper_who_became_corporate_stops_the_job(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """A B2B buyer's job would end with `Success` and erase nothing."""
        work = bench.find(OF_PLAIN)
        profile = {**a_shopper(CANARY)["profile"], "isCorporate": True}
        fake.seed([a_shopper(CANARY, email=PLAIN, profile=profile, orders=[])])

        assert bench.erase_once(work) == NeedsHuman("corporate_buyer")
        assert fake.requests("create_job") == 0


class TestJob(VtexStore):
    """Accepted is not done: the job's own state is asked for."""

    def test_accepted_job_is_asked_about_after_thirty_seconds(
        self, bench: Bench
    ) -> None:
        """The vendor wants no more than a question every 30 seconds."""
        first = accepted(bench.erase_once(bench.find(OF_PLAIN)))
        second = accepted(polled(bench, first.ticket))

        assert first.check_after == second.check_after == timedelta(seconds=30)
        assert first.expected_within == Vtex.spec.horizon

    def test_wait_is_the_registers(self, bench: Bench) -> None:
        """An account may be asked more seldom."""
        bench.options = options(check_after="10m")

        reply = accepted(bench.erase_once(bench.find(OF_PLAIN)))

        assert reply.check_after == timedelta(minutes=10)

    def test_success_is_the_vendors_word_only(self, bench: Bench) -> None:
        """`Success` is E2; E4 comes from the look."""
        work = bench.find(OF_PLAIN)

        (reply,) = bench.erase(work)

        assert reply == Done("deleted", Evidence.E2)
        assert bench.read_back(work) == Absent()

    def test_two_addresses_are_two_jobs_and_both_must_end(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """One job's success says nothing of the other's."""
        work = bench.find([*OF_PLAIN, Identifier(EMAIL, BYSTANDER.email)])
        ticket = accepted(bench.erase_once(work)).ticket
        first, second = fake.data["jobs"].values()
        fake.command("steps", 9)
        fake._end(first, "Success")  # noqa: SLF001 (one of two jobs)

        still = accepted(polled(bench, ticket))
        fake._end(second, "Success")  # noqa: SLF001

        assert polled(bench, still.ticket) == Done("deleted", Evidence.E2)
        assert fake.requests("create_job") == 2
        assert fake.requests("read_job") == 3

    @pytest.mark.parametrize(
        ("state", "reply"),
        [
            pytest.param(
                "Failed",
                Failed("job_failed", "Ask VTEX why: it tried ten times."),
                id="failed",
            ),
            pytest.param("Paused", NeedsHuman("unknown_job_state"), id="unknown"),
            pytest.param("success", NeedsHuman("unknown_job_state"), id="misspelt"),
        ],
    )
    def test_other_end_is_no_success(
        self, state: str, reply: object, bench: Bench, fake: FakeVtex
    ) -> None:
        """VTEX has tried ten times itself; what it does not document is no success."""
        ticket = accepted(bench.erase_once(bench.find(OF_PLAIN))).ticket
        fake.command("end", state)

        assert polled(bench, ticket) == reply

    def test_lost_job_is_no_erasure(self, bench: Bench, fake: FakeVtex) -> None:
        """A 404 about the job says nothing of the person."""
        ticket = accepted(bench.erase_once(bench.find(OF_PLAIN))).ticket
        fake.command("forget_jobs", None)

        reply = polled(bench, ticket)

        assert reply == Failed("job_not_found", "Retry makes a new job.")

    def test_bare_404_is_not_the_vendors(self, bench: Bench, fake: FakeVtex) -> None:
        """A wrong base URL answers 404 too, in nobody's words."""
        ticket = accepted(bench.erase_once(bench.find(OF_PLAIN))).ticket
        bench.url += "/elsewhere"

        with pytest.raises(ContractChanged):
            polled(bench, ticket)
        assert fake.requests("read_job") == 0

    @pytest.mark.parametrize(
        ("ticket", "reason"),
        [
            pytest.param(
                Ticket('{"jobs":["j"]}', Action.EXPORT, (TASK,)),
                "unexpected_ticket",
                id="another action",
            ),
            pytest.param(
                Ticket('{"jobs":[]}', Action.ERASE, (TASK,)),
                "unreadable_ticket",
                id="no jobs",
            ),
            pytest.param(
                Ticket("j", Action.ERASE, (TASK,)), "unreadable_ticket", id="no JSON"
            ),
        ],
    )
    def test_foreign_ticket_needs_a_person(
        self, ticket: Ticket, reason: str, bench: Bench
    ) -> None:
        """No job at all is never taken for all jobs done."""
        assert polled(bench, ticket) == NeedsHuman(reason)

    def test_ticket_names_nobody(self, bench: Bench) -> None:
        """Only VTEX's own names of the jobs are kept."""
        ticket = accepted(bench.erase_once(bench.find(OF_PLAIN))).ticket

        assert "@" not in ticket.value


class TestLook(VtexStore):
    """The profile must be gone, and the orders must name nobody."""

    def test_order_that_names_nobody_is_redacted(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """An order may stay for the books, if nothing in it tells who bought."""
        fake.command("leaves", "orders")
        work = bench.find(OF_PLAIN)

        bench.erase(work)

        assert bench.read_back(work) == Redacted()
        assert fake.data["orders"][CANARY.reference]["email"] is None

    @pytest.mark.parametrize("field", ["firstName", "document", "phone"])
    def test_order_that_still_names_somebody_is_present(
        self, field: str, bench: Bench, fake: FakeVtex
    ) -> None:
        """Anything left of the person keeps the line open."""
        fake.command("leaves", "orders")
        work = bench.find(OF_PLAIN)
        bench.erase(work)
        fake.data["orders"][CANARY.reference][field] = "something"

        look = bench.read_back(work)

        (order,) = (it.id for it in work.items if it.kind == "order")
        assert isinstance(look, Present)
        assert look.items == (order,)

    def test_address_that_came_back_is_present(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """Whoever registers again is seen by the next look, with the day."""
        work = bench.find(OF_PLAIN)
        bench.erase(work)
        profile = {
            **a_shopper(CANARY)["profile"],
            "id": "cl-new",
            "createdIn": "2026-11-20T00:00:00Z",
        }
        fake.seed([a_shopper(CANARY, email=PLAIN, profile=profile, orders=[])])

        look = bench.read_back(work)

        assert isinstance(look, Present)
        assert (len(look.items), str(look.since)) == (1, "2026-11-20")

    def test_look_that_cannot_tell_says_so(self, bench: Bench, fake: FakeVtex) -> None:
        """A masked order of nobody known is neither present nor absent."""
        work = bench.find(OF_PLAIN)
        bench.erase(work)
        (order,) = a_shopper(CANARY)["orders"]
        guest = a_shopper(CANARY, email=PLAIN, profile=None, orders=[order])
        fake.seed([guest])

        assert bench.read_back(work) == CannotTell()


def _without(work: Work, kind: str) -> Work:
    return replace(work, items=tuple(it for it in work.items if it.kind != kind))


def test_look_waits_for_the_index() -> None:
    """The order search runs four minutes behind, so a look comes later than that."""
    assert Vtex.spec.settle_for > timedelta(minutes=4)


class TestOpenOrders(VtexStore):
    """VTEX erases all of an address or nothing, so an open order holds all of it."""

    @pytest.mark.parametrize("status", ["handling", "ready-for-handling", "new-word"])
    def test_order_that_is_not_over_holds_the_job_up(
        self, bench: Bench, fake: FakeVtex, status: str
    ) -> None:
        """Only a status that is known to be the last is; no job is made."""
        fake.reset()
        fake.seed([_with_order(status)])
        work = bench.find(OF_PLAIN)

        reply = bench.erase_once(work)

        assert reply == StillOpen(tuple(it.id for it in work.items), "order_open")
        assert fake.requests("create_job") == 0

    def test_address_goes_once_its_order_is_over(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """The next day's look needs no identifier: the item names the address."""
        fake.reset()
        fake.seed([_with_order("canceled")])
        work = replace(bench.find(OF_PLAIN), identifiers=())

        ticket = accepted(bench.erase_once(work)).ticket

        assert ticket.action is Action.ERASE
        assert fake.requests("create_job") == 1

    def test_register_may_say_what_else_is_over(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """An order that nobody finished is never invoiced; the register decides."""
        fake.reset()
        fake.seed([_with_order("incomplete")])
        bench.options = options(over_when=["invoiced", "canceled", "incomplete"])

        accepted(bench.erase_once(bench.find(OF_PLAIN)))

        assert fake.requests("create_job") == 1


def _with_order(status: str) -> dict[str, object]:
    """Return the shopper with one order of this status."""
    (order,) = a_shopper(CANARY)["orders"]
    return a_shopper(CANARY, email=PLAIN, orders=[{**order, "status": status}])
