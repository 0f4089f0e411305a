"""A Klaviyo account to test on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from connectors.base import (
    Identifier,
    JobAccepted,
    Reply,
    Ticket,
)
from connectors.fakes import klaviyo
from connectors.fakes.klaviyo import FakeKlaviyo
from connectors.fakes.serving import serve
from connectors.klaviyo import Klaviyo
from connectors.klaviyo.awaited import Awaited
from connectors.klaviyo.connector import KlaviyoOptions
from connectors.testing import (
    CANARY,
    Bench,
    MappingSecrets,
    Somebody,
)
from schemas.connecting import CUSTOMER_ID, EMAIL

SETTLE = timedelta(hours=24)
CHECK = timedelta(hours=1)
SECRETS = {"token": klaviyo.API_KEY}
EMAIL_OF_CANARY = [Identifier(EMAIL, CANARY.email)]


def a_profile(somebody: Somebody, **changes: object) -> dict[str, Any]:
    """Return a record to seed, with what Klaviyo keeps of a customer."""
    return {
        "id": somebody.reference,
        "email": somebody.email,
        "phone_number": somebody.phone,
        "external_id": somebody.customer_id,
        "first_name": somebody.name,
        "created": "2024-03-01T09:30:00+00:00",
        **changes,
    }


def events(count: int) -> list[dict[str, Any]]:
    """Return so many purchases."""
    return [
        {"id": f"event-{n}", "metric": "Placed Order", "properties": {"total": n}}
        for n in range(count)
    ]


class KlaviyoAccount:
    """Fixtures for the facts that are Klaviyo's alone."""

    fake_class: ClassVar[type[FakeKlaviyo]] = FakeKlaviyo

    @pytest.fixture(scope="class")
    @classmethod
    def served(cls) -> Iterator[tuple[FakeKlaviyo, str]]:
        """Serve one account for the class."""
        fake = cls.fake_class()
        with serve(fake) as url:
            yield fake, url

    @pytest.fixture
    def fake(self, served: tuple[FakeKlaviyo, str]) -> FakeKlaviyo:
        """Lend a fresh account."""
        served[0].reset()
        return served[0]

    @pytest.fixture
    def bench(self, fake: FakeKlaviyo, served: tuple[FakeKlaviyo, str]) -> Bench:
        """Lend the connector at work; nothing settles by itself here."""
        options = KlaviyoOptions(external_id_holds=CUSTOMER_ID)
        return Bench(
            connector=Klaviyo,
            fake=fake,
            url=served[1],
            options=options,
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


def later(ticket: Ticket, time: timedelta) -> Ticket:
    """Return *ticket* as if it had been waiting for *time* by Klaviyo's clock."""
    awaited = Awaited.model_validate_json(ticket.value)
    assert awaited.empty_since is not None
    earlier = awaited.model_copy(update={"empty_since": awaited.empty_since - time})
    return replace(ticket, value=earlier.model_dump_json())
