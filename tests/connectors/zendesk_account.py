"""A Zendesk account to test on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

import pytest

from connectors.base import Identifier, JobAccepted, Options, Reply, Ticket, Work
from connectors.fakes import zendesk
from connectors.fakes.serving import serve
from connectors.fakes.zendesk import FakeZendesk
from connectors.testing import BYSTANDER, CANARY, Bench, MappingSecrets, Somebody
from connectors.zendesk import Zendesk
from connectors.zendesk.people import ZendeskOptions
from schemas.connecting import CUSTOMER_ID, EMAIL

OPTIONS: dict[str, object] = {
    "products": list(zendesk.PRODUCTS),
    "external_id_holds": CUSTOMER_ID,
}
SECRETS = {"authorization": zendesk.AUTHORIZATION}
OF_CANARY = [Identifier(EMAIL, CANARY.email)]


def a_user(somebody: Somebody, **changes: object) -> dict[str, Any]:
    """Return a record to seed, with what a retailer keeps of a customer."""
    return {
        "id": somebody.reference,
        "name": somebody.name,
        "email": somebody.email,
        "phone": somebody.phone,
        "external_id": somebody.customer_id,
        **changes,
    }


def tickets(*numbers: int, messages: int = 1, author: str | None = None) -> list[Any]:
    """Return tickets to seed, each with so many messages of the canary, or *author*."""
    return [
        {
            "id": number,
            "comments": [
                {
                    "id": number * 10_000 + n,
                    "author_id": int(author or CANARY.reference),
                    "body": "Where is it?",
                }
                for n in range(messages)
            ],
        }
        for number in numbers
    ]


def still_holds(fake: Any, somebody: Somebody) -> bool:  # noqa: ANN401 (any fake)
    """Say whether users, addresses or tickets name the person; lines keep numbers."""
    kept = [fake.data[name] for name in ("users", "identities", "tickets")]
    told = json.dumps(kept, ensure_ascii=False)
    named = (somebody.email, somebody.phone, somebody.customer_id, somebody.name)
    return any(it in told for it in named)


def options(**changes: object) -> Options:
    """Return the account's options, with changes."""
    return ZendeskOptions.model_validate({**OPTIONS, **changes})


class ZendeskAccount:
    """Fixtures for the facts that are Zendesk's alone."""

    canary: ClassVar[dict[str, Any]] = {}

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls) -> Iterator[tuple[FakeZendesk, str]]:
        """Serve one account for the class."""
        fake = FakeZendesk()
        with serve(fake) as url:
            yield fake, url

    @pytest.fixture
    def fake(self, served: tuple[FakeZendesk, str]) -> FakeZendesk:
        """Lend an account with the canary and a bystander in it."""
        served[0].reset()
        other = tickets(901, author=BYSTANDER.reference)
        served[0].seed(
            [a_user(CANARY, **self.canary), a_user(BYSTANDER, tickets=other)]
        )
        return served[0]

    @pytest.fixture
    def bench(self, fake: FakeZendesk, served: tuple[FakeZendesk, str]) -> Bench:
        """Lend the connector at work; nothing behind it ends by itself."""
        return Bench(
            connector=Zendesk,
            fake=fake,
            url=served[1],
            options=options(),
            secrets=MappingSecrets(SECRETS),
            settle=lambda _: None,
        )


def only_users(work: Work) -> Work:
    """Return the work that is left when the tickets are gone."""
    users = tuple(item for item in work.items if item.kind == "user")
    return replace(work, items=users)


def polled(bench: Bench, ticket: Ticket) -> Reply:
    """Ask once how an accepted deletion is going."""
    (reply,) = bench.run(lambda it: it.poll(ticket, None)).values()
    return reply


def accepted(reply: Reply) -> JobAccepted:
    """Return *reply* as an accepted job."""
    assert isinstance(reply, JobAccepted)
    return reply


def begun(bench: Bench, work: Work) -> JobAccepted:
    """Begin an erasure that is accepted."""
    return accepted(bench.erase_once(work))
