"""A commercetools project to test on, and a way to look into it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

from connectors.base import Connector
from connectors.commercetools import Commercetools
from connectors.commercetools.people import OWN_ID
from connectors.fakes import commercetools as fakes
from connectors.fakes.commercetools_records import a_record
from connectors.fakes.frame import FakeProcessor
from connectors.testing import CANARY, Somebody
from connectors.testing.account import Account
from schemas.connecting import CUSTOMER_ID, EMAIL, Identifier


class Shop(Account):
    """The project `a-shop`, which keeps the portal's customer id in `externalId`."""

    connector: ClassVar[type[Connector]] = Commercetools
    fake_app: ClassVar[Callable[[], FakeProcessor]] = staticmethod(fakes.app)
    option_values: ClassVar[Mapping[str, object]] = {
        "project_key": fakes.PROJECT,
        "customer_id": "externalId",
        "discount_codes": {"customerId": "customer_id"},
        "custom_objects": [{"container": "loyalty", "key": "points-{externalId}"}],
    }
    secret_values: ClassVar[Mapping[str, str]] = {
        "client_id": fakes.CLIENT_ID,
        "client_secret": fakes.CLIENT_SECRET,
    }
    installation = fakes.PROJECT
    reading = "query_customers"
    changing = "erase_customers"

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Put a customer in, without anything bought."""
        record = a_record(
            "customers",
            id=somebody.reference,
            externalId=somebody.customer_id,
            email=somebody.email,
            lastName=somebody.name,
            addresses=[{"country": "DE", "phone": somebody.phone}],
        )
        fake.seed([record])
        return (
            Identifier(EMAIL, somebody.email),
            Identifier(CUSTOMER_ID, somebody.customer_id),
        )

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Put the customer in with messages, which only the export shows."""
        identifiers = self.seed(fake, CANARY)
        about = {"typeId": "customer", "id": CANARY.reference}
        fake.seed(
            [a_record("messages", number=n, resource=about) for n in range(rows - 1)]
        )
        return identifiers

    def unknown(self) -> Sequence[Identifier]:
        """Name somebody who never bought here."""
        return (
            Identifier(EMAIL, "nobody@birds.example"),
            Identifier(CUSTOMER_ID, "CUST-0"),
            Identifier(OWN_ID, "0"),
        )

    def holds(self, fake: FakeProcessor, somebody: Somebody) -> bool:
        """Look into the objects only: the fake also notes what was erased."""
        data = json.dumps(fake.data["objects"], ensure_ascii=False)
        return any(value in data for value in somebody.values())
