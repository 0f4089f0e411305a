"""
The kinds of object that can hold a person's data, and how each names its person.

Eleven kinds have a DELETE by id in the vendor's API description
(commercetools-api-reference, read 2026-11); custom objects are deleted by container
and key.  Messages have no DELETE: `dataErasure=true` erases those of the object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from schemas.connecting import Provenance


@dataclass(frozen=True, slots=True)
class Kind:
    """
    One kind of object; `name` is its segment in the API's paths.

    The three predicates ask for the objects of customer ids (`:customers`), of
    guests' e-mail addresses (`:emails`), and of nameless sessions (`:sessions`);
    the last only matches what names nobody else.
    """

    name: str
    record_class: str
    provenance: Provenance
    by_customer: str | None = None
    by_email: str | None = None
    by_session: str | None = None


_CUSTOMER_REFERENCE = "customer(id in :customers)"
_NAMELESS = "anonymousId in :sessions and customer is not defined"
_NAMELESS_GUEST = (
    "anonymousId in :sessions and customerId is not defined"
    " and customerEmail is not defined"
)

# The order in which they are erased: what refers to others before those, the person's
# account last.
_ALL = (
    Kind(
        "carts",
        "cart",
        Provenance.OBSERVED,
        by_customer="customerId in :customers",
        by_email="customerEmail in :emails",
        by_session=_NAMELESS_GUEST,
    ),
    Kind(
        "orders",
        "order",
        Provenance.OBSERVED,
        by_customer="customerId in :customers",
        by_email="customerEmail in :emails",
        by_session=_NAMELESS_GUEST,
    ),
    Kind(
        "payments",
        "payment",
        Provenance.OBSERVED,
        by_customer=_CUSTOMER_REFERENCE,
        by_session=_NAMELESS,
    ),
    Kind("reviews", "review", Provenance.PROVIDED, by_customer=_CUSTOMER_REFERENCE),
    Kind(
        "shopping-lists",
        "shopping_list",
        Provenance.PROVIDED,
        by_customer=_CUSTOMER_REFERENCE,
        by_session=_NAMELESS,
    ),
    Kind("quotes", "quote", Provenance.OBSERVED, by_customer=_CUSTOMER_REFERENCE),
    Kind(
        "staged-quotes",
        "staged_quote",
        Provenance.OBSERVED,
        by_customer=_CUSTOMER_REFERENCE,
    ),
    Kind(
        "quote-requests",
        "quote_request",
        Provenance.PROVIDED,
        by_customer=_CUSTOMER_REFERENCE,
    ),
    # A code names nobody by itself: the register says which custom field does.
    Kind("discount-codes", "discount_code", Provenance.OBSERVED),
    # Found through the customer's record, by container and key out of the register.
    Kind("custom-objects", "custom_object", Provenance.OBSERVED),
    Kind(
        "business-units",
        "business_unit",
        Provenance.PROVIDED,
        by_customer="associates(customer(id in :customers))",
        by_email="contactEmail in :emails",
    ),
    Kind("customers", "customer_account", Provenance.PROVIDED),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
ERASED_IN_ORDER: Mapping[str, int] = MappingProxyType(
    {kind.name: place for place, kind in enumerate(_ALL)}
)
# Those that are read and deleted by id.
BY_ID: tuple[str, ...] = tuple(name for name in KINDS if name != "custom-objects")
# A custom object may hold what a retention rule names, for example an invoice.
INVOICE = "invoice"
RECORD_CLASSES = frozenset({kind.record_class for kind in _ALL} | {INVOICE})
