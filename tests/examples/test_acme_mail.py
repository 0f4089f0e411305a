"""The worked example of docs/add-a-connector.md is a connector like any other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from connectors.base import Identifier
from connectors.fakes.frame import FakeProcessor
from connectors.testing import CANARY, ConnectorContract, Somebody
from examples.connector import fake_acme_mail
from examples.connector.acme_mail import AcmeMail
from schemas.connecting import EMAIL


class TestAcmeMail(ConnectorContract):
    """Acme Mail keeps the promises every connector makes."""

    connector = AcmeMail
    fake_app = staticmethod(fake_acme_mail.app)
    secret_values: ClassVar = {"token": fake_acme_mail.TOKEN}
    installation = fake_acme_mail.ACCOUNT
    reading = "search"
    changing = "delete"

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Put in one contact, found by its e-mail."""
        fake.seed([_contact(somebody)])
        return [Identifier(EMAIL, somebody.email)]

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Put in one contact, which is one row, and a row for each message."""
        messages = [{"subject": f"Offer {number}"} for number in range(rows - 1)]
        fake.seed([_contact(CANARY) | {"messages": messages}])
        return [Identifier(EMAIL, CANARY.email)]

    def unknown(self) -> Sequence[Identifier]:
        """Return an address that Acme never met."""
        return [Identifier(EMAIL, "nobody@birds.example")]


def _contact(somebody: Somebody) -> dict[str, object]:
    """Return a record to seed."""
    return {
        "id": somebody.reference,
        "email": somebody.email,
        "name": somebody.name,
    }
