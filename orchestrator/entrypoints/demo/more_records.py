"""What the further systems of `erasure demo --all` hold of each person."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid5

from orchestrator.entrypoints.demo.people import SPACE, Person
from orchestrator.entrypoints.demo.records import (
    BOUGHT_AGO,
    Record,
    at_commercetools,
    at_hubspot,
    at_klaviyo,
    at_mixpanel,
)


def records_of(
    person: Person, now: datetime, accounts: Collection[str]
) -> Mapping[str, Sequence[Record]]:
    """Return what to seed into the system of each account."""
    return {name: _RECORDS[name](person, now) for name in person.known_at(accounts)}


def _at_iterable(person: Person, _: datetime) -> Sequence[Record]:
    event = {"eventType": "inAppOpen", "campaignId": 4711}
    fields = {"firstName": person.name.partition(" ")[0]}
    return [{"email": person.email, "dataFields": fields, "events": [event]}]


def _at_amplitude(person: Person, _: datetime) -> Sequence[Record]:
    known = {"email": person.email}
    events = [
        {"event_type": name, "user_properties": known}
        for name in ("opened app", "scanned label")
    ]
    number = int(person.name_at("amplitude"))
    user = {"user_id": person.customer_id, "amplitude_id": number}
    return [{**user, "events": events}]


def _at_cdp(person: Person, _: datetime) -> Sequence[Record]:
    identities = {
        "email": person.email,
        "controller_customer_id": person.customer_id,
    }
    return [{"identities": identities, "records": [{"event": "page_view", "n": 3}]}]


def _file(person: Person, *rows: Record) -> Sequence[Record]:
    """Return what a desk's filing cabinet has under the person's name."""
    named = {"email": person.email, "customer_id": person.customer_id}
    phone = {"phone": person.phone} if person.phone else {}
    return [{**named, **phone, "rows": [{"email": person.email, **it} for it in rows]}]


def _at_events(person: Person, _: datetime) -> Sequence[Record]:
    return _file(person, {"guest": person.name, "evening": "Autumn show", "row": "B"})


def _at_delivery(person: Person, now: datetime) -> Sequence[Record]:
    handed_over = (now - BOUGHT_AGO).date().isoformat()
    return _file(person, {"signed_by": person.name, "handed_over": handed_over})


def _at_bookings(person: Person, now: datetime) -> Sequence[Record]:
    return [
        {
            "reference": person.name_at("bookings"),
            "email": person.email,
            "customer_id": person.customer_id,
            "name": person.name,
            "kind": "appointment",
            "record_class": "booking",
            "since": (now - timedelta(days=90)).date().isoformat(),
        }
    ]


def _at_returns(person: Person, _: datetime) -> Sequence[Record]:
    return [
        {
            "reference": person.name_at("returns"),
            "email": person.email,
            "customer_id": person.customer_id,
            "name": person.name,
            "reason": "too large",
        }
    ]


def _at_vtex(person: Person, now: datetime) -> Sequence[Record]:
    first, _, last = person.name.partition(" ")
    client = {
        "firstName": first,
        "lastName": last,
        "document": None,
        "phone": person.phone,
        "isCorporate": False,
    }
    shopper = person.name_at("vtex")
    profile = {"id": f"cl-{shopper}", "userId": shopper, "createdIn": now.isoformat()}
    address = {"id": f"ad-{shopper}", "receiverName": person.name, "city": "Lyon"}
    order = {"orderId": f"v{shopper}-01", **client}
    return [
        {
            "email": person.email,
            "profile": {**profile, **client},
            "addresses": [address],
            "orders": [order],
        }
    ]


def _in_ledger(person: Person, now: datetime) -> Sequence[Record]:
    """Return a payee with a refund of two lines, and what they wrote about it."""
    payee = person.name_at("refunds")
    number = f"RF-{payee[:13]}"
    paid_on = (now - BOUGHT_AGO).date().isoformat()
    lines = (("teapot", 1499), ("lid", 500))
    return [
        {
            "table": "payees",
            "id": payee,
            "customer_no": person.customer_id,
            "email": person.email,
            "name": person.name,
            "iban": f"FR76{payee[:8]}",
        },
        {
            "table": "refunds",
            "number": number,
            "payee": payee,
            "paid_on": paid_on,
            "cents": 1999,
        },
        *(
            {
                "table": "refund_lines",
                "refund": number,
                "line": place,
                "paid_on": paid_on,
                "article": article,
                "cents": cents,
            }
            for place, (article, cents) in enumerate(lines, 1)
        ),
        {
            "table": "messages",
            "id": str(uuid5(SPACE, f"message/{person.customer_id}")),
            "payee": payee,
            "text": f"It leaks. Kind regards, {person.name}",
        },
    ]


def _at_zendesk(person: Person, now: datetime) -> Sequence[Record]:
    number = int(person.name_at("zendesk"))
    comment = {
        "id": number + 2,
        "author_id": number,
        "body": f"Where is my parcel? {person.name}",
    }
    ticket = {
        "id": number + 1,
        "subject": "Where is my parcel?",
        "comments": [comment],
        "created_at": (now - timedelta(days=20)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return [
        {
            "id": number,
            "name": person.name,
            "email": person.email,
            "phone": person.phone,
            "external_id": person.customer_id,
            "tickets": [ticket],
        }
    ]


_RECORDS: Final[Mapping[str, Callable[[Person, datetime], Sequence[Record]]]] = {
    "hubspot": at_hubspot,
    "klaviyo": at_klaviyo,
    "iterable": _at_iterable,
    "mixpanel": at_mixpanel,
    "amplitude": _at_amplitude,
    "cdp": _at_cdp,
    "events": _at_events,
    "bookings": _at_bookings,
    "commercetools": at_commercetools,
    "vtex": _at_vtex,
    "delivery": _at_delivery,
    "returns": _at_returns,
    "refunds": _in_ledger,
    "zendesk": _at_zendesk,
}
