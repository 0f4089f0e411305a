"""The shapes in which the imitated VTEX keeps and shows orders."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import Any

Record = dict[str, Any]

_FIRST = datetime(2025, 3, 1, 9, tzinfo=UTC)
_CLIENT = ("firstName", "lastName", "document", "phone", "isCorporate", "userProfileId")
# What the list of orders repeats of no interest here; the file requires each.
_LISTED: Mapping[str, object] = MappingProxyType(
    {
        "items": None,
        "totalValue": 7453,
        "paymentNames": "Mastercard",
        "status": "invoiced",
        "statusDescription": "Invoiced",
        "marketPlaceOrderId": None,
        "sequence": "502559",
        "salesChannel": "1",
        "affiliateId": "",
        "origin": "Marketplace",
        "workflowInErrorState": False,
        "workflowInRetry": False,
        "lastMessageUnread": None,
        "ShippingEstimatedDate": None,
        "ShippingEstimatedDateMax": None,
        "ShippingEstimatedDateMin": None,
        "orderIsComplete": True,
        "listId": None,
        "listType": None,
        "authorizedDate": None,
        "callCenterOperatorName": None,
        "totalItems": 1,
        "currencyCode": "BRL",
    }
)


def order_of(record: Mapping[str, Any], number: int) -> Record:
    """Return an order to keep; each is a minute younger than the one before."""
    created = (_FIRST + timedelta(minutes=number)).isoformat()
    known = {name: record.get(name) for name in ("email", *_CLIENT)}
    return {
        "creationDate": created,
        "old": False,
        **known,
        **record,
        "email": record["email"].lower(),
    }


def matches(order: Mapping[str, Any], text: str) -> bool:
    """Search as VTEX does: by address, document or name, and by parts of them."""
    wanted = text.lower()
    name = f"{order['firstName']} {order['lastName']}".lower()
    return (
        order["orderId"].lower() == wanted
        or wanted in (order["email"] or "")
        or wanted == (order["document"] or "").lower()
        or all(part in name for part in wanted.split())
    )


def listed(order: Mapping[str, Any]) -> Record:
    """Return an order as the list shows it."""
    name = " ".join(it for it in (order["firstName"], order["lastName"]) if it)
    return {
        **_LISTED,
        "orderId": order["orderId"],
        "status": order.get("status", "invoiced"),
        "creationDate": order["creationDate"],
        "clientName": name,
    }


def shown(order: Mapping[str, Any], mask: str, account: str) -> Record:
    """Return an order as it is read, its address behind an alias."""
    client = {name: order[name] for name in _CLIENT}
    return {
        "orderId": order["orderId"],
        "sequence": "502559",
        "status": order.get("status", "invoiced"),
        "value": 7453,
        "creationDate": order["creationDate"],
        "hostname": account,
        "clientProfileData": {
            "id": "clientProfileData",
            "email": _masked(order["email"], mask),
            **client,
        },
    }


def without_a_name(order: Mapping[str, Any]) -> Record:
    """Return an order of which nothing but the figures is left."""
    return {**order, "email": None, **dict.fromkeys(_CLIENT)}


def stats(count: int) -> Record:
    """Return the figures that stand beneath a list; the file requires each."""
    plain: Record = {
        "Count": count,
        "Max": 7453,
        "Mean": 7453,
        "Min": 7453,
        "Missing": 0,
        "StdDev": 0,
        "Sum": 7453 * count,
        "SumOfSquares": 7453**2 * count,
    }
    leaf = {**plain, "Facets": None}
    facets = {
        "origin": {"Fulfillment": leaf, "Marketplace": leaf},
        "currencyCode": {"BRL": leaf},
    }
    figures = {**plain, "Facets": facets}
    return {"stats": {"totalValue": figures, "totalItems": figures}}


def _masked(email: str | None, mask: str) -> str | None:
    if not email or mask == "none":
        return email
    if mask == "soft":
        return f"{email}-207700027841b.ct.vtex.com.br"
    return f"{sha256(email.encode()).hexdigest()[:32]}@ct.vtex.com.br"
