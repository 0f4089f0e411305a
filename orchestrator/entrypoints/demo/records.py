"""What the shop, customer care, marketing and analytics hold of each person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid5

from connectors.fakes.commercetools_records import a_record
from orchestrator.entrypoints.demo.people import SPACE, Person

Record = dict[str, Any]

INVOICES: Final = "invoices"
BOUGHT_AGO: Final = timedelta(days=40)  # young enough for a law to keep it


def at_hubspot(person: Person, now: datetime) -> Sequence[Record]:
    """Return the contact."""
    first, _, last = person.name.partition(" ")
    properties = {
        "email": person.email,
        "firstname": first,
        "lastname": last,
        "phone": person.phone,
        "customer_number": person.customer_id,
        "mixpanel_id": person.name_at("mixpanel"),
        "lifecyclestage": "customer",
    }
    return [
        {
            "id": person.name_at("hubspot"),
            "properties": {k: v for k, v in properties.items() if v},
            "createdAt": (now - timedelta(days=400)).isoformat(),
        }
    ]


def at_klaviyo(person: Person, now: datetime) -> Sequence[Record]:
    """Return the profile and its events."""
    first, _, last = person.name.partition(" ")
    events = [
        {
            "id": str(uuid5(SPACE, f"{metric}/{person.customer_id}")),
            "metric": metric,
            "datetime": (now - timedelta(days=days)).isoformat(),
            "properties": {"campaign": "Autumn letter"},
        }
        for days, metric in ((30, "Received Email"), (29, "Opened Email"))
    ]
    return [
        {
            "id": person.name_at("klaviyo"),
            "email": person.email,
            "phone_number": person.phone,
            "external_id": person.customer_id,
            "first_name": first,
            "last_name": last,
            "lists": ["Newsletter"],
            "events": events,
        }
    ]


def at_mixpanel(person: Person, now: datetime) -> Sequence[Record]:
    """Return the profile and its events."""
    seen = int((now - timedelta(days=3)).timestamp())
    events = [
        {"event": name, "properties": {"time": seen + place, "page": page}}
        for place, (name, page) in enumerate(
            (("Viewed product", "/teapot"), ("Added to cart", "/teapot"))
        )
    ]
    profile = {"$name": person.name, "$email": person.email}
    return [
        {
            "distinct_id": person.name_at("mixpanel"),
            "profile": profile,
            "events": events,
        }
    ]


def at_commercetools(person: Person, now: datetime) -> Sequence[Record]:
    """Return the customer and all that refers to them."""
    customer = person.name_at("commercetools")
    first, _, last = person.name.partition(" ")
    owned = {"customerId": customer, "customerEmail": person.email}
    refers = {"customer": {"typeId": "customer", "id": customer}}
    number = person.customer_id
    account = a_record(
        "customers",
        id=customer,
        email=person.email,
        firstName=first,
        lastName=last,
        externalId=person.customer_id,
    )
    return [
        account,
        a_record("carts", number=number, **owned),
        a_record("reviews", number=number, text="It pours well.", **refers),
        a_record("shopping-lists", number=number, **refers),
        *(_bought(person, now, owned) if person.has_bought else ()),
    ]


def _bought(
    person: Person, now: datetime, owned: Mapping[str, str]
) -> Sequence[Record]:
    """Return an order and its invoice, young enough for a law to keep them."""
    day = (now - BOUGHT_AGO).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    number = person.customer_id
    invoice = {"customer": person.name, "total": "19.99 EUR"}
    return [
        a_record("orders", number=number, createdAt=day, **owned),
        a_record(
            "custom-objects",
            number=f"{INVOICES}/{number}",
            container=INVOICES,
            key=number,
            value=invoice,
            createdAt=day,
        ),
    ]
