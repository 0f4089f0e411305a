"""What the webhook connector promises."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from connectors.base import Identifier
from connectors.fakes import webhook
from connectors.fakes.frame import FakeProcessor
from connectors.testing import CANARY, ConnectorContract, Somebody
from connectors.testing.office import OUR_SIGNING_KEY
from connectors.webhook import Webhook
from schemas.connecting import EMAIL
from tests.connectors.in_house import a_member, of


class TestWebhook(ConnectorContract):
    """An endpoint that signs its answers keeps the promises of every connector."""

    connector = Webhook
    fake_app = staticmethod(webhook.app)
    option_values: ClassVar = {"signing_keys": [webhook.TEAM_KEY]}
    secret_values: ClassVar = {"token": webhook.TOKEN}
    installation = webhook.NAME
    reading = "search"
    changing = "erase"

    def seed(self, fake: FakeProcessor, somebody: Somebody) -> Sequence[Identifier]:
        """Seed a record that carries everything."""
        fake.command("trusts", OUR_SIGNING_KEY)
        fake.seed([a_member(somebody)])
        return of(somebody)

    def seed_many(self, fake: FakeProcessor, rows: int) -> Sequence[Identifier]:
        """Seed one record with that many rows."""
        fake.seed([{**a_member(CANARY), "rows": rows}])
        return of(CANARY)

    def unknown(self) -> Sequence[Identifier]:
        """Return an address that the system never met."""
        return [Identifier(EMAIL, "nobody@birds.example")]
