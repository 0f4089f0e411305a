"""
The invented people of the demo, and what each processor's fake holds of them.

Four ask for something, exactly as in `examples/requests/`; three ask for nothing and
must survive, two of them so like the first that a careless search would take them.
Addresses are under example.com and example.org (RFC 2606), telephone numbers in the
range that France reserves for fiction (ARCEP).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from connectors.fakes.commercetools_records import a_record

Record = dict[str, Any]

HUBSPOT: Final = "hubspot"
KLAVIYO: Final = "klaviyo"
MIXPANEL: Final = "mixpanel"
COMMERCETOOLS: Final = "commercetools"
EVERYWHERE: Final = (HUBSPOT, KLAVIYO, MIXPANEL, COMMERCETOOLS)

# What a law of the register keeps for a while, by the kinds of commercetools.
KEPT_BY_LAW: Final = frozenset({"orders", "custom-objects"})
INVOICES: Final = "invoices"

_SPACE = UUID("b5b2f6b1-55a2-4d0a-9c30-8f2f6b3f1c11")
_BOUGHT_AGO = timedelta(days=40)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented; `is_erased` if they ask for it, `has_bought` an order."""

    name: str
    customer_id: str
    email: str
    asks: str = "nothing"
    phone: str | None = None
    is_erased: bool = False
    has_bought: bool = False
    held_by: Sequence[str] = EVERYWHERE

    def name_at(self, processor: str) -> str:
        """Return the random id that *processor* made for the person."""
        made = uuid5(_SPACE, f"{processor}/{self.customer_id}")
        match processor:
            case "hubspot":
                return str(880_000_000_000 + made.int % 10**9)
            case "klaviyo":
                return f"01{made.hex[:24].upper()}"
            case _:
                return str(made)

    def identifiers(self) -> Sequence[str]:
        """Return every value by which somebody could find the person again."""
        given = (self.name, self.customer_id, self.email, self.phone)
        made = (self.name_at(processor) for processor in self.held_by)
        return [value for value in (*given, *made) if value]


ADA = Person(
    "Ada Moreau",
    "C-1001",
    "ada.moreau@example.com",
    asks="erasure",
    phone="+33199000101",
    is_erased=True,
    has_bought=True,
)
BO = Person("Bo Lindqvist", "C-1002", "bo.lindqvist@example.com", asks="two copies")
CHIARA = Person(
    "Chiara Conti",
    "C-1003",
    "chiara.conti@example.com",
    asks="copy, then erasure",
    is_erased=True,
)
DMITRI = Person(
    "Dmitri Ilves",
    "C-1004",
    "dmitri.ilves@example.com",
    asks="erasure",
    is_erased=True,
    held_by=(HUBSPOT, MIXPANEL, COMMERCETOOLS),
)
PEOPLE: Final = (
    ADA,
    BO,
    CHIARA,
    DMITRI,
    # The same name at another address; the same digits and one more; a household.
    Person("Ada Moreau II", "C-2001", "ada.moreau@example.org", has_bought=True),
    Person("Eva Novak", "C-10010", "eva.novak@example.com", phone="+33199000102"),
    Person("Olga Ilves", "C-2003", "olga.ilves@example.com", has_bought=True),
)


def records_of(person: Person, now: datetime) -> Mapping[str, Sequence[Record]]:
    """Return what to seed into each processor's fake."""
    return {name: _RECORDS[name](person, now) for name in person.held_by}


def _at_hubspot(person: Person, now: datetime) -> Sequence[Record]:
    first, _, last = person.name.partition(" ")
    properties = {
        "email": person.email,
        "firstname": first,
        "lastname": last,
        "phone": person.phone,
        "customer_number": person.customer_id,
        "mixpanel_id": person.name_at(MIXPANEL),
        "lifecyclestage": "customer",
    }
    return [
        {
            "id": person.name_at(HUBSPOT),
            "properties": {k: v for k, v in properties.items() if v},
            "createdAt": (now - timedelta(days=400)).isoformat(),
        }
    ]


def _at_klaviyo(person: Person, now: datetime) -> Sequence[Record]:
    first, _, last = person.name.partition(" ")
    events = [
        {
            "id": str(uuid5(_SPACE, f"{metric}/{person.customer_id}")),
            "metric": metric,
            "datetime": (now - timedelta(days=days)).isoformat(),
            "properties": {"campaign": "Autumn letter"},
        }
        for days, metric in ((30, "Received Email"), (29, "Opened Email"))
    ]
    return [
        {
            "id": person.name_at(KLAVIYO),
            "email": person.email,
            "phone_number": person.phone,
            "external_id": person.customer_id,
            "first_name": first,
            "last_name": last,
            "lists": ["Newsletter"],
            "events": events,
        }
    ]


def _at_mixpanel(person: Person, now: datetime) -> Sequence[Record]:
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
            "distinct_id": person.name_at(MIXPANEL),
            "profile": profile,
            "events": events,
        }
    ]


def _at_commercetools(person: Person, now: datetime) -> Sequence[Record]:
    customer = person.name_at(COMMERCETOOLS)
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
    day = (now - _BOUGHT_AGO).strftime("%Y-%m-%dT%H:%M:%S.000Z")
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


_RECORDS: Mapping[str, Callable[[Person, datetime], Sequence[Record]]] = {
    HUBSPOT: _at_hubspot,
    KLAVIYO: _at_klaviyo,
    MIXPANEL: _at_mixpanel,
    COMMERCETOOLS: _at_commercetools,
}
