"""A VTEX account to test on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from connectors.base import Identifier, JobAccepted, Options, Reply, Ticket
from connectors.fakes import vtex
from connectors.fakes.serving import serve
from connectors.fakes.vtex import FakeVtex
from connectors.testing import BYSTANDER, CANARY, Bench, MappingSecrets, Somebody
from connectors.vtex import Vtex
from connectors.vtex.connector import VtexOptions
from schemas.connecting import EMAIL

SECRETS = {"app_key": vtex.APP_KEY, "app_token": vtex.APP_TOKEN}
# An address without `+`, so that the orders can be searched by it.
PLAIN = "serinus@birds.example"
OF_PLAIN = [Identifier(EMAIL, PLAIN)]


def a_shopper(somebody: Somebody, **changes: object) -> dict[str, Any]:
    """Return a record to seed: a profile, an address and an order."""
    first, _, last = somebody.name.partition(" ")
    client = {
        "firstName": first,
        "lastName": last,
        "document": somebody.customer_id,
        "phone": somebody.phone,
        "isCorporate": False,
    }
    record: dict[str, Any] = {
        "email": somebody.email,
        "profile": {
            "id": f"cl-{somebody.customer_id}",
            "userId": f"user-{somebody.customer_id}",
            "createdIn": "2024-05-06T07:08:09Z",
            **client,
        },
        "addresses": [{"id": "ad-1", "receiverName": somebody.name, "city": "Lyon"}],
        "orders": [{"orderId": somebody.reference, **client}],
    }
    return {**record, **changes}


def options(**changes: object) -> Options:
    """Return the account's options, with changes."""
    return VtexOptions.model_validate(changes)


class VtexStore:
    """Fixtures for the facts that are VTEX's alone."""

    canary: ClassVar[dict[str, Any]] = {"email": PLAIN}

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls) -> Iterator[tuple[FakeVtex, str]]:
        """Serve one account for the class."""
        fake = FakeVtex()
        with serve(fake) as url:
            yield fake, url

    @pytest.fixture
    def fake(self, served: tuple[FakeVtex, str]) -> FakeVtex:
        """Lend an account with the canary and a bystander in it."""
        served[0].reset()
        served[0].seed([a_shopper(CANARY, **self.canary), a_shopper(BYSTANDER)])
        return served[0]

    @pytest.fixture
    def bench(self, fake: FakeVtex, served: tuple[FakeVtex, str]) -> Bench:
        """Lend the connector at work; jobs go one state further a question."""
        return Bench(
            connector=Vtex,
            fake=fake,
            url=served[1],
            options=options(),
            secrets=MappingSecrets(SECRETS),
            settle=lambda _: None,
        )


def polled(bench: Bench, ticket: Ticket) -> Reply:
    """Ask once how the jobs are going."""
    (reply,) = bench.run(lambda it: it.poll(ticket, None)).values()
    return reply


def accepted(reply: Reply) -> JobAccepted:
    """Return *reply* as an accepted job."""
    assert isinstance(reply, JobAccepted)
    return reply
