"""
Invented commercetools objects, complete as the vendor's API description demands.

Every value is made of the person's number: no real person, the same in each run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID, uuid5

_SPACE = UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")
_SINCE = "2023-04-05T06:07:08.000Z"

Record = dict[str, Any]


def an_id(*parts: object) -> str:
    """Return the UUID that stands for these parts, in every run the same."""
    return str(uuid5(_SPACE, "/".join(map(str, parts))))


def a_record(kind: str, **fields: object) -> Record:
    """Return a whole object of *kind*; *fields* replace what is filled in."""
    number = fields.pop("number", 1)
    whole: Record = {
        "id": an_id(kind, number),
        "version": 1,
        "createdAt": _SINCE,
        "lastModifiedAt": _SINCE,
        **_REQUIRED[kind],
        **fields,
    }
    return {"kind": kind, **whole}


def a_shopper(
    email: str, customer_id: str | None = None, *, orders: int = 1, **account: object
) -> list[Record]:
    """
    Return a customer with an object of each of the eleven kinds, and messages.

    There are ten more objects than *orders*; *account* are fields of the customer.
    """
    customer_id = customer_id or an_id("customers", email)
    owned = {"customerId": customer_id, "customerEmail": email}
    refers = {"customer": _reference("customer", customer_id)}
    records = [
        a_record("customers", id=customer_id, email=email, **account),
        a_record("carts", number=email, **owned),
        *(a_record("orders", number=f"{email}/{n}", **owned) for n in range(orders)),
        *(
            a_record(kind, number=email, **refers)
            for kind in ("payments", "reviews", "shopping-lists", *_QUOTING)
        ),
        a_record(
            "discount-codes",
            number=email,
            custom=_custom_fields({"customerId": customer_id}),
        ),
        a_record("business-units", number=email, associates=[_associate(customer_id)]),
    ]
    return [*records, *_messages(records)]


def a_guest(email: str, *, session: str | None = None) -> list[Record]:
    """Return what somebody without an account leaves behind: an order, its payment."""
    paid = a_record("payments", number=f"guest/{email}")
    order = a_record(
        "orders",
        number=f"guest/{email}",
        customerEmail=email,
        paymentInfo={"payments": [_reference("payment", paid["id"])]},
    )
    if session:
        order["anonymousId"] = session
    return [order, paid]


def _messages(records: Iterable[Mapping[str, Any]]) -> list[Record]:
    """Return the message that tells of each customer's and order's creation."""
    told = {"customers": "CustomerDeleted", "orders": "OrderDeleted"}
    return [
        a_record(
            "messages",
            number=record["id"],
            type=told[record["kind"]],
            resource=_reference(record["kind"].rstrip("s"), record["id"]),
        )
        for record in records
        if record["kind"] in told
    ]


def _reference(type_id: str, id_: str) -> Record:
    return {"typeId": type_id, "id": id_}


def _custom_fields(fields: Mapping[str, str]) -> Record:
    return {"type": _reference("type", an_id("type")), "fields": dict(fields)}


def _associate(customer_id: str) -> Record:
    return {
        "associateRoleAssignments": [
            {
                "associateRole": {"typeId": "associate-role", "key": "admin"},
                "inheritance": "Disabled",
            }
        ],
        "customer": _reference("customer", customer_id),
    }


def _money(cents: int = 1999) -> Record:
    return {
        "type": "centPrecision",
        "currencyCode": "EUR",
        "centAmount": cents,
        "fractionDigits": 2,
    }


_QUOTING = ("quote-requests", "staged-quotes", "quotes")
_LINES = {"lineItems": [], "customLineItems": [], "totalPrice": _money()}
_TAXES = {
    "taxMode": "Platform",
    "priceRoundingMode": "HalfEven",
    "taxRoundingMode": "HalfEven",
    "taxCalculationMode": "LineItemLevel",
}
_SHIPPING = {
    "shippingMode": "Single",
    "shipping": [],
    "refusedGifts": [],
    "origin": "Customer",
    "itemShippingAddresses": [],
}
_REQUEST = _reference("quote-request", an_id("quote-request"))
_REQUIRED: Mapping[str, Record] = {
    "business-units": {
        "key": "a-company",
        "status": "Active",
        "storeMode": "Explicit",
        "unitType": "Company",
        "name": "A company",
        "addresses": [],
        "shippingAddressIds": [],
        "billingAddressIds": [],
        "associateMode": "Explicit",
        "associates": [],
        "topLevelUnit": {"typeId": "business-unit", "key": "a-company"},
        "approvalRuleMode": "Explicit",
    },
    "carts": {
        **_LINES,
        **_TAXES,
        **_SHIPPING,
        "inventoryMode": "None",
        "cartState": "Active",
        "discountCodes": [],
        "directDiscounts": [],
    },
    "custom-objects": {"container": "loyalty", "key": "k", "value": {"points": 7}},
    "customers": {
        "email": "somebody@example.com",
        "password": "****hash",
        "addresses": [],
        "shippingAddressIds": [],
        "billingAddressIds": [],
        "isEmailVerified": True,
        "customerGroupAssignments": [],
        "stores": [],
        "authenticationMode": "Password",
    },
    "discount-codes": {
        "code": "TEN",
        "cartDiscounts": [],
        "stores": [],
        "isActive": True,
        "references": [],
        "groups": [],
    },
    "messages": {
        "sequenceNumber": 1,
        "resourceVersion": 1,
        "type": "OrderDeleted",
        "order": _reference("order", an_id("order")),
    },
    "orders": {
        **_LINES,
        **_TAXES,
        **_SHIPPING,
        "orderState": "Complete",
        "syncInfo": [],
        "lastMessageSequenceNumber": 1,
    },
    "payments": {
        "amountPlanned": _money(),
        "paymentMethodInfo": {},
        "paymentStatus": {},
        "transactions": [],
        "interfaceInteractions": [],
    },
    "quote-requests": {**_LINES, **_TAXES, "quoteRequestState": "Submitted"},
    "quotes": {
        **_LINES,
        **_TAXES,
        "quoteState": "Pending",
        "quoteRequest": _REQUEST,
        "stagedQuote": _reference("staged-quote", an_id("staged-quote")),
    },
    "reviews": {"includedInStatistics": True, "rating": 5},
    "shopping-lists": {
        "name": {"en": "Wishes"},
        "lineItems": [],
        "textLineItems": [],
    },
    "staged-quotes": {
        "stagedQuoteState": "InProgress",
        "quoteRequest": _REQUEST,
        "quotationCart": _reference("cart", an_id("quotation-cart")),
    },
}
