"""How commercetools' tokens are shared, its data exported, its API file kept."""

from __future__ import annotations

import asyncio

import pytest

from connectors.base import Connector
from connectors.commercetools import Commercetools, CommercetoolsOptions
from connectors.commercetools.kinds import BY_ID
from connectors.fakes.commercetools import FakeCommercetools
from connectors.fakes.commercetools_records import a_guest, a_record, a_shopper, an_id
from connectors.testing import Bench, CollectingSink
from connectors.transport.http import CredentialsRefused, WrongPerson
from schemas.connecting import EMAIL, Identifier, Provenance, Work
from tests.connectors.commercetools_shop import Shop
from tests.connectors.vendor_specs import left_out, recording, vendor_file

ANNA = Identifier(EMAIL, "anna@birds.example")
BOB = Identifier(EMAIL, "bob@birds.example")
BOBS_ID = an_id("customers", BOB.value)
SCOPES = (
    *("customers", "orders", "payments", "products", "shopping_lists"),
    *("quotes", "staged_quotes", "quote_requests", "discount_codes"),
    *("business_units", "key_value_documents"),
)


class TestTokens(Shop):
    """One token for all requests, renewed when it ends."""

    def test_ended_token_is_renewed_once_for_all(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """Ten requests that are refused together share one new token."""

        async def step(connector: Connector) -> object:
            await connector.ping()
            fake.command("expire_tokens", None)
            return await asyncio.gather(*(connector.ping() for _ in range(10)))

        bench.run(step)

        assert fake.requests("token") == 2

    def test_search_outlives_short_tokens(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """Tokens that end in the middle of a search cost requests, not results."""
        fake.seed(a_shopper(ANNA.value))
        fake.command("token_uses", 3)

        work = bench.find([ANNA])

        assert len(work.items) == 11
        assert fake.requests("token") > 3

    def test_missing_scope_is_the_accounts_trouble(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """A client that may only view erases nothing, and no case fails for it."""
        fake.data["scope"] = " ".join(f"view_{it}:a-shop" for it in SCOPES)
        fake.seed(a_shopper(ANNA.value))
        work = bench.find([ANNA])

        with pytest.raises(CredentialsRefused):
            bench.erase(work)

        assert fake.data["erased"] == []

    def test_token_is_asked_for_with_the_registers_scope(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """An account can ask for less than its client may."""
        bench.options = CommercetoolsOptions.model_validate(
            {**self.option_values, "scope": "view_orders:a-shop"}
        )

        with pytest.raises(CredentialsRefused):
            bench.locate([ANNA])

        (token,) = fake.data["tokens"].values()
        assert token["scope"] == "view_orders:a-shop"


class TestExport(Shop):
    """All that was found, as it is now, bound to the person."""

    def test_every_object_is_exported_with_its_category(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """Each kind is a category; what the person typed is told from what was seen."""
        fake.seed([*a_shopper(ANNA.value), *a_shopper(BOB.value)])
        work = bench.find([ANNA])
        sink = sink_for(work)

        bench.export(work, sink)

        rows = {row.category: row for row in sink.rows}
        assert set(rows) == {*BY_ID, "messages"}
        assert rows["reviews"].provenance is Provenance.PROVIDED
        assert rows["payments"].provenance is Provenance.OBSERVED
        assert rows["orders"].data["totalPrice"] == {
            "type": "centPrecision",
            "currencyCode": "EUR",
            "centAmount": 1999,
            "fractionDigits": 2,
        }
        assert BOB.value not in str([row.data for row in sink.rows])

    def test_password_hash_is_not_exported(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """A credential is no answer to an access request."""
        fake.seed(a_shopper(ANNA.value))
        work = bench.find([ANNA])
        sink = sink_for(work)

        bench.export(work, sink)

        (account,) = [row for row in sink.rows if row.category == "customers"]
        assert account.data["email"] == ANNA.value
        assert "password" not in account.data

    def test_object_handed_to_somebody_else_is_not_exported(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """An order that became Bob's since it was found stops the export."""
        fake.seed(a_guest(ANNA.value))
        work = bench.find([ANNA])
        next(iter(fake.objects("orders").values())).update(customerId=BOBS_ID)

        with pytest.raises(WrongPerson):
            bench.export(work, sink_for(work))


def sink_for(work: Work) -> CollectingSink:
    """Return a sink that takes rows of the work's own person only."""
    return CollectingSink(
        {item.reference for item in work.items}
        | {identifier.value for identifier in work.identifiers}
    )


class TestVendorFile(Shop):
    """The vendor's own API description knows all that we send."""

    @pytest.mark.vendor_specs
    def test_requests_and_answers_fit_the_vendors_file(
        self, bench: Bench, fake: FakeCommercetools
    ) -> None:
        """Every declared operation is sent, and neither side breaks the file."""
        fake.seed(
            [
                *a_shopper(ANNA.value),
                a_record("customers", email=ANNA.value, externalId="7"),
                a_record("custom-objects", key="points-7"),
                *a_guest(ANNA.value, session="s-1"),
            ]
        )
        with recording(fake) as exchanges:
            work = bench.find([ANNA])
            bench.export(work, sink_for(work))
            bench.read_back(work)
            for kind, objects in fake.data["objects"].items():
                for id_ in objects:
                    fake.command("touch", {"kind": kind, "id": id_})
            bench.erase(work)
            bench.erase(work)
            bench.read_back(work)

        sent = {exchange.operation for exchange in exchanges}
        spec = Commercetools.spec
        assert sent - {"token"} == set(spec.operations) - left_out(spec)
        assert vendor_file("commercetools").disagreements(exchanges, spec) == []
