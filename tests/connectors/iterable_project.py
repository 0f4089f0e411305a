"""An Iterable project to test on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors.base import Identifier, JobAccepted, Options, Reply, Ticket
from connectors.fakes import iterable
from connectors.fakes.iterable import FakeIterable
from connectors.fakes.serving import serve
from connectors.iterable import Iterable
from connectors.iterable.connector import USER_ID, IterableOptions
from connectors.testing import BYSTANDER, CANARY, Bench, MappingSecrets, Somebody
from schemas.connecting import EMAIL

SECRETS = {"token": iterable.API_KEY}
OF_CANARY = [Identifier(EMAIL, CANARY.email)]
CANARYS_ID = [Identifier(USER_ID, CANARY.reference)]


def a_profile(somebody: Somebody, count: int = 2, **changes: object) -> dict[str, Any]:
    """Return a record to seed: a profile and so many events."""
    return {
        "email": somebody.email,
        "userId": somebody.reference,
        "dataFields": {"name": somebody.name, "phoneNumber": somebody.phone},
        "events": [{"eventType": "customEvent", "n": n} for n in range(count)],
        **changes,
    }


def options(**changes: object) -> Options:
    """Return the account's options, with changes."""
    return IterableOptions.model_validate({"project": "email", **changes})


class IterableProject:
    """Fixtures for the facts that are Iterable's alone."""

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls) -> Iterator[tuple[FakeIterable, str]]:
        """Serve one project for the class."""
        fake = FakeIterable()
        with serve(fake) as url:
            yield fake, url

    @pytest.fixture
    def fake(self, served: tuple[FakeIterable, str]) -> FakeIterable:
        """Lend a project with the canary and a bystander in it."""
        served[0].reset()
        served[0].seed([a_profile(CANARY), a_profile(BYSTANDER)])
        return served[0]

    @pytest.fixture
    def bench(self, fake: FakeIterable, served: tuple[FakeIterable, str]) -> Bench:
        """Lend the connector at work; nothing behind it ends by itself."""
        return Bench(
            connector=Iterable,
            fake=fake,
            url=served[1],
            options=options(),
            secrets=MappingSecrets(SECRETS),
            settle=lambda _: None,
        )


def polled(bench: Bench, ticket: Ticket) -> Reply:
    """Ask once how an accepted deletion is going."""
    (reply,) = bench.run(lambda it: it.poll(ticket, None)).values()
    return reply


def accepted(reply: Reply) -> JobAccepted:
    """Return *reply* as an accepted job."""
    assert isinstance(reply, JobAccepted)
    return reply
