"""Invented people, and what each processor's fake knows of them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from connectors.fakes.commercetools import FakeCommercetools
from connectors.fakes.commercetools_records import a_record, a_shopper, an_id
from connectors.fakes.frame import FakeProcessor
from orchestrator.ports.event_log import Message
from schemas.cloudevents import Envelope, encode
from schemas.topics import REQUESTS
from tests.schemas.submissions import a_request, a_verification, the_value
from tests.support.lately import RECEIVED, VERIFIED


@dataclass(frozen=True, slots=True)
class Human:
    """One invented person, told apart from others by a number."""

    number: int

    @property
    def email(self) -> str:
        """Their address, nobody else's."""
        return f"human-{self.number:05}@example.com"

    @property
    def phone(self) -> str:
        """Their number, in the range kept free for fiction."""
        return f"+331990{self.number:05}"

    @property
    def name(self) -> str:
        """Their first name."""
        return f"Firstname{self.number:05}"

    @property
    def customer_id(self) -> str:
        """The portal's name for them."""
        return f"C-{self.number:05}"

    @property
    def distinct_id(self) -> str:
        """What the tracking code calls them."""
        return f"mp-{self.number:05}"

    @property
    def contact(self) -> str:
        """HubSpot's id."""
        return f"70061{self.number:05}"

    @property
    def profile(self) -> str:
        """Klaviyo's id."""
        return f"KL{self.number:05}"

    @property
    def shopper(self) -> str:
        """The id that commercetools gave."""
        return an_id("customers", self.email)

    @property
    def request_id(self) -> str:
        """The request they make, the same in each run."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.email))

    @property
    def traits(self) -> Mapping[str, str]:
        """Everything that identifies them, and that must stay nowhere."""
        return {
            "email": self.email,
            "phone": self.phone,
            "name": self.name,
            "customer_id": self.customer_id,
            "distinct_id": self.distinct_id,
            "contact": self.contact,
            "profile": self.profile,
            "shopper": self.shopper,
        }


def humans(count: int, first: int = 1) -> list[Human]:
    """Invent *count* people."""
    return [Human(number) for number in range(first, first + count)]


# The processors of the example register, which `settle_in` knows how to fill.
SEEDED = frozenset({"hubspot", "klaviyo", "mixpanel", "commercetools"})


def settle_in(
    fakes: Mapping[str, FakeProcessor],
    people: Sequence[Human],
    *,
    whole: bool = False,
    lag: int = 0,
) -> None:
    """
    Let every fake know *people*, and end deletions at once unless they *lag*.

    A *whole* shopper has objects of every kind, else only the customer and a cart.
    """
    fakes["hubspot"].seed([_contact(human) for human in people])
    fakes["klaviyo"].seed([_profile(human) for human in people])
    fakes["klaviyo"].command("lag", lag)
    fakes["mixpanel"].seed([_tracked(human) for human in people])
    fakes["mixpanel"].command("steps", 1)
    for human in people:
        fakes["commercetools"].seed(_shopping(human, whole=whole))


def held_of(fakes: Mapping[str, FakeProcessor], human: Human) -> Collection[str]:
    """Name the fakes that still know *human*."""
    shop = cast("FakeCommercetools", fakes["commercetools"])
    objects = shop.data["objects"].values()
    known = {
        "hubspot": human.contact in fakes["hubspot"].data["contacts"],
        "klaviyo": human.profile in fakes["klaviyo"].data["profiles"],
        "mixpanel": human.distinct_id in fakes["mixpanel"].data["people"],
        "commercetools": any(
            human.shopper in (one["id"], one.get("customerId"))
            for kind in objects
            for one in kind.values()
        ),
    }
    return sorted(name for name, holds in known.items() if holds)


def a_submission(
    human: Human, *rights: str, event_id: str | None = None, **changes: object
) -> Message:
    """Return the portal's message that *human* invokes *rights* (erasure by itself)."""
    usual = {
        "request_id": human.request_id,
        "subject": _subject(human),
        "received_at": RECEIVED.isoformat(),
        "verification": a_verification(verified_at=VERIFIED.isoformat()),
    }
    data = a_request(rights=list(rights) or ["erasure"], **{**usual, **changes})
    envelope = Envelope(
        id=event_id or f"event-{human.request_id}",
        source="/portal/test",
        type="privacy.request.submitted.v1",
        time=VERIFIED,
        data=the_value(data),
    )
    encoded = encode(envelope, str(data["request_id"]))
    return Message(REQUESTS, encoded.key or b"", encoded.headers, encoded.value)


def _subject(human: Human) -> dict[str, Any]:
    """Describe the person as the portal knows them."""
    identifiers = [("email", human.email), ("phone", human.phone)]
    named = [{"type": type_, "value": value} for type_, value in identifiers]
    return {"customer_id": human.customer_id, "identifiers": named}


def _contact(human: Human) -> dict[str, Any]:
    return {
        "id": human.contact,
        "properties": {
            "email": human.email,
            "phone": human.phone,
            "firstname": human.name,
            "customer_number": human.customer_id,
            "mixpanel_id": human.distinct_id,
        },
    }


def _profile(human: Human) -> dict[str, Any]:
    bought = {
        "id": f"E{human.number}",
        "metric": "Placed Order",
        "datetime": "2026-01-01T00:00:00+00:00",
        "properties": {"first_name": human.name},
    }
    return {
        "id": human.profile,
        "email": human.email,
        "phone_number": human.phone,
        "first_name": human.name,
        "external_id": human.customer_id,
        "events": [bought],
    }


def _tracked(human: Human) -> dict[str, Any]:
    seen = {"event": "seen", "properties": {"time": 1767225600}}
    profile = {"$email": human.email, "$name": human.name}
    return {"distinct_id": human.distinct_id, "profile": profile, "events": [seen]}


def _shopping(human: Human, *, whole: bool) -> list[dict[str, Any]]:
    account: dict[str, Any] = {"externalId": human.customer_id, "firstName": human.name}
    if whole:
        return a_shopper(human.email, **account)
    owned = {"customerId": human.shopper, "customerEmail": human.email}
    return [
        a_record("customers", id=human.shopper, email=human.email, **account),
        a_record("carts", number=human.email, **owned),
    ]
