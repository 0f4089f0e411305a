"""What the VTEX connector promises, and whom it finds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

import pytest

from connectors.base import (
    Identifier,
    IdentifierType,
    Located,
    NeedsHuman,
    NotApplicable,
    NothingFound,
)
from connectors.fakes import vtex
from connectors.fakes.frame import FakeProcessor
from connectors.fakes.vtex import FakeVtex
from connectors.testing import (
    CANARY,
    Bench,
    CollectingSink,
    ConnectorContract,
    Somebody,
)
from connectors.vtex import Vtex
from connectors.vtex.connector import USER_ID
from schemas.connecting import EMAIL, PHONE
from tests.connectors.vendor_specs import recording, vendor_file
from tests.connectors.vtex_store import (
    OF_PLAIN,
    PLAIN,
    SECRETS,
    VtexStore,
    a_shopper,
    options,
)


class TestVtex(ConnectorContract):
    """VTEX keeps the promises every connector makes."""

    connector = Vtex
    fake_app = staticmethod(vtex.app)
    secret_values: ClassVar = SECRETS
    installation = vtex.ACCOUNT
    reading = "search_profiles"
    changing = "create_job"
    # VTEX shows no more than 3,000 orders, each by a request of its own.
    rows_of_many = 250

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Seed a profile, an address and an order."""
        fake.seed([a_shopper(somebody)])
        return [Identifier(EMAIL, somebody.email)]

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Seed a profile, which is one row, with that many orders but one."""
        fake.seed([a_shopper(CANARY, addresses=[], orders=_orders(rows - 1))])
        return [Identifier(EMAIL, CANARY.email)]

    def unknown(self) -> Sequence[Identifier]:
        """Return an address that nobody has there."""
        return [Identifier(EMAIL, "nobody@birds.example")]

    def settle(self, fake: FakeProcessor) -> None:
        """Let the open jobs end as they end by themselves."""
        fake.command("end", None)


class TestSearch(VtexStore):
    """An unknown address answers `Success` too, so a shopper is searched first."""

    @pytest.mark.parametrize("mask", ["hard", "soft", "none"])
    def test_shopper_is_found_with_their_orders(
        self, mask: str, bench: Bench, fake: FakeVtex
    ) -> None:
        """However VTEX hides an order's address, the order is known as theirs."""
        fake.command("mask", mask)

        work = bench.find(OF_PLAIN)

        found = {(it.kind, it.reference, it.record_class) for it in work.items}
        assert found == {
            ("shopper", PLAIN, "customer_account"),
            ("order", CANARY.reference, "order"),
        }
        assert work.items[0].started_on == date(2024, 5, 6)

    @pytest.mark.parametrize("mask", ["hard", "soft", "none"])
    def test_address_within_another_finds_nobody_else(
        self, mask: str, bench: Bench, fake: FakeVtex
    ) -> None:
        """A full-text search hits longer addresses: each order is asked whose it is."""
        other = f"x{PLAIN}"
        fake.command("mask", mask)
        fake.seed([a_shopper(_SOMEBODY, email=other)])

        work = bench.find(OF_PLAIN)

        assert _SOMEBODY.reference not in {it.reference for it in work.items}

    def test_masked_order_without_a_profile_needs_a_person(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """An alias that tells nothing cannot say whose the order is."""
        fake.seed([a_shopper(_SOMEBODY, email="guest@birds.example", profile=None)])

        finding = bench.locate([Identifier(EMAIL, "guest@birds.example")])

        assert finding == NeedsHuman("order_owner_unknown")

    def test_guest_is_found_where_orders_show_the_address(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """Somebody who bought without a profile has orders all the same."""
        fake.command("mask", "soft")
        fake.seed([a_shopper(_SOMEBODY, email="guest@birds.example", profile=None)])

        work = bench.find([Identifier(EMAIL, "guest@birds.example")])

        assert [it.kind for it in work.items] == ["shopper", "order"]

    def test_plus_sign_never_enters_the_full_text_search(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """`+` is not allowed there: the profile's document is searched instead."""
        fake.seed([a_shopper(_SOMEBODY, email="a+b@birds.example")])

        work = bench.find([Identifier(EMAIL, "a+b@birds.example")])

        assert len(work.items) == 2
        assert all("%2B" not in it.query for it in fake.log if "orders" in it.path)

    def test_plus_sign_without_a_document_is_searched_by_name(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """A namesake's order is hit by that search too and stays theirs."""
        profile = {**a_shopper(_SOMEBODY)["profile"], "document": None}
        fake.seed([a_shopper(_SOMEBODY, email="a+b@birds.example", profile=profile)])
        fake.seed([_a_namesake(orders=1)])

        work = bench.find([Identifier(EMAIL, "a+b@birds.example")])

        assert [it.reference for it in work.items[1:]] == [_SOMEBODY.reference]

    def test_orders_of_too_many_namesakes_are_not_read(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """Nobody reads the orders of a hundred strangers to find one person's."""
        profile = {**a_shopper(_SOMEBODY)["profile"], "document": None}
        fake.seed([a_shopper(_SOMEBODY, email="a+b@birds.example", profile=profile)])
        fake.seed([_a_namesake(orders=100)])

        finding = bench.locate([Identifier(EMAIL, "a+b@birds.example")])

        assert finding == NeedsHuman("too_many_orders")
        assert fake.requests("read_order") == 0

    def test_plus_sign_without_a_profile_needs_a_person(self, bench: Bench) -> None:
        """Orders that cannot be searched are not orders that are not there."""
        finding = bench.locate([Identifier(EMAIL, "no+body@birds.example")])

        assert finding == NeedsHuman("orders_not_searchable")

    def test_corporate_buyer_needs_a_person(self, bench: Bench, fake: FakeVtex) -> None:
        """The vendor's erasure does not cover B2B buyers."""
        profile = {**a_shopper(_SOMEBODY)["profile"], "isCorporate": True}
        fake.seed([a_shopper(_SOMEBODY, profile=profile)])

        finding = bench.locate([Identifier(EMAIL, _SOMEBODY.email)])

        assert finding == NeedsHuman("corporate_buyer")

    def test_corporate_order_needs_a_person(self, bench: Bench, fake: FakeVtex) -> None:
        """An order for a company is seen in the order itself."""
        (order,) = a_shopper(_SOMEBODY)["orders"]
        fake.seed([a_shopper(_SOMEBODY, orders=[{**order, "isCorporate": True}])])

        finding = bench.locate([Identifier(EMAIL, _SOMEBODY.email)])

        assert finding == NeedsHuman("corporate_buyer")

    def test_beginning_of_an_address_is_nobody(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """The full-text search finds parts of addresses; a part is no person."""
        fake.command("mask", "soft")

        finding = bench.locate([Identifier(EMAIL, PLAIN.removesuffix("e"))])

        assert finding == NothingFound()
        assert fake.requests("read_order") == 1

    def test_filter_that_vtex_ignores_finds_nobody(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """The answer decides whose a profile is, not the question."""
        fake.command("ignore_filters", "yes")

        finding = bench.locate([Identifier(EMAIL, "nobody@birds.example")])

        assert finding == NothingFound()

    def test_person_without_an_address_was_not_searched(self, bench: Bench) -> None:
        """Nobody looked, so nobody says that nothing was found."""
        assert bench.locate([]) == NotApplicable("no_identifier")
        assert PHONE not in Vtex.spec.accepts

    def test_profile_teaches_its_id_and_the_registers_fields(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """Which field holds which identifier is the register's business."""
        loyalty = IdentifierType("loyalty.number")
        profile = {**a_shopper(_SOMEBODY)["profile"], "loyalty": "L-77"}
        fake.seed([a_shopper(_SOMEBODY, profile=profile)])
        bench.options = options(yields={"loyalty": loyalty})

        finding = bench.locate([Identifier(EMAIL, _SOMEBODY.email)])

        assert isinstance(finding, Located)
        assert set(finding.learned) == {
            Identifier(USER_ID, f"user-{_SOMEBODY.customer_id}"),
            Identifier(loyalty, "L-77"),
        }

    def test_more_orders_than_vtex_pages_need_a_person(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """Thirty pages is all VTEX gives; a part is not taken for the whole."""
        fake.seed([a_shopper(_SOMEBODY, orders=_orders(3001))])

        finding = bench.locate([Identifier(EMAIL, _SOMEBODY.email)])

        assert finding == NeedsHuman("too_many_orders")


def test_key_and_token_are_both_asked_of_the_register() -> None:
    """An account without one half of its key is refused at start."""
    assert Vtex.spec.secrets == ("app_key", "app_token")


@pytest.mark.vendor_specs
class TestVendorFile(VtexStore):
    """What we send and what the fake answers fit VTEX's own file."""

    def test_whole_life_of_a_shopper_fits_the_file(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """Search, export, erasure and look are as documented."""
        with recording(fake) as exchanges:
            bench.run(lambda it: it.ping())
            work = bench.find(OF_PLAIN)
            bench.export(work, CollectingSink({PLAIN, CANARY.reference}))
            bench.erase(work)
            bench.read_back(work)

        assert {it.operation for it in exchanges} == set(Vtex.spec.operations)
        # The file says nothing of an order that is not there.
        documented = [it for it in exchanges if it.status != 404]
        assert vendor_file("vtex").disagreements(documented, Vtex.spec) == []


_SOMEBODY = Somebody(
    email="somebody@birds.example",
    phone="+15550100001",
    customer_id="CUST-SOMEBODY-1",
    name="Turdus Merula",
    reference="v880020002-01",
)


def _orders(count: int) -> list[dict[str, Any]]:
    (order,) = a_shopper(CANARY)["orders"]
    return [{**order, "orderId": f"v{n}-01"} for n in range(count)]


def _a_namesake(orders: int) -> dict[str, Any]:
    """Return another shopper of the same name."""
    other = Somebody(
        email="merula@elsewhere.example",
        phone="+15550100002",
        customer_id="CUST-NAMESAKE-1",
        name=_SOMEBODY.name,
        reference="v880030003-01",
    )
    (order,) = a_shopper(other)["orders"]
    made = [{**order, "orderId": f"n{n}-01"} for n in range(orders)]
    return a_shopper(other, orders=made)
