"""What a copy from VTEX holds."""

from __future__ import annotations

import pytest

from connectors.base import Exported, NeedsHuman, NothingFound
from connectors.errors import ContractChanged, WrongPerson
from connectors.fakes.vtex import FakeVtex
from connectors.testing import BYSTANDER, CANARY, Bench, CollectingSink
from tests.connectors.vtex_store import OF_PLAIN, PLAIN, VtexStore, a_shopper

_MINE = {PLAIN, CANARY.reference}


class TestExport(VtexStore):
    """Profile, addresses and orders, each bound to the person."""

    def test_copy_holds_profile_addresses_and_orders(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """All fields come, also those the search does not need."""
        fake.data["profiles"][f"cl-{CANARY.customer_id}"]["birthDate"] = "1990-01-02"
        work = bench.find(OF_PLAIN)
        sink = CollectingSink(_MINE)

        reply = bench.export(work, sink)

        assert reply == Exported(3)
        rows = {row.category: row.data for row in sink.rows}
        assert rows["profile"]["birthDate"] == "1990-01-02"
        assert rows["profile"]["firstName"] == "Serinus"
        assert rows["addresses"]["city"] == "Lyon"
        assert rows["orders"]["hostname"] == "maison"

    def test_all_addresses_come_page_after_page(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """Master Data gives a hundred documents a query, so it is asked again."""
        many = [{"id": f"ad-{n}"} for n in range(250)]
        fake.data["addresses"].clear()
        fake.seed([a_shopper(CANARY, email=PLAIN, addresses=many)])
        sink = CollectingSink(_MINE)

        bench.export(bench.find(OF_PLAIN), sink)

        found = [row.data["id"] for row in sink.rows if row.category == "addresses"]
        assert found == [it["id"] for it in many]

    def test_order_that_changed_hands_stops_the_copy(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """What is somebody else's since the search is not handed out."""
        work = bench.find(OF_PLAIN)
        order = fake.data["orders"][CANARY.reference]
        order.update(email=BYSTANDER.email, userProfileId="user-other")
        sink = CollectingSink(_MINE)

        assert bench.export(work, sink) == NeedsHuman("order_owner_unknown")
        assert "orders" not in {row.category for row in sink.rows}

    def test_order_under_another_number_is_refused(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """A row is bound by the number that the order itself carries."""
        work = bench.find(OF_PLAIN)
        fake.data["orders"][CANARY.reference]["orderId"] = "v-other-01"

        with pytest.raises(WrongPerson):
            bench.export(work, CollectingSink(_MINE))

    def test_address_of_another_profile_stops_the_copy(
        self, bench: Bench, fake: FakeVtex
    ) -> None:
        """A filter that the processor ignores must not hand out strangers."""
        work = bench.find(OF_PLAIN)
        fake.command("ignore_filters", "yes")

        with pytest.raises(ContractChanged, match="address_of_another_profile"):
            bench.export(work, CollectingSink(_MINE))

    def test_nothing_left_is_nothing_found(self, bench: Bench) -> None:
        """A copy of nobody has no rows and says so."""
        work = bench.find(OF_PLAIN)
        bench.erase(work)

        assert bench.export(work, CollectingSink(_MINE)) == NothingFound()
