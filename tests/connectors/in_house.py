"""A system of one's own to test on."""

from __future__ import annotations

from connectors.base import Identifier
from connectors.testing import Somebody
from schemas.connecting import CUSTOMER_ID, EMAIL


def a_member(somebody: Somebody, **changes: object) -> dict[str, object]:
    """Return a record to seed."""
    return {
        "reference": somebody.reference,
        "email": somebody.email,
        "phone": somebody.phone,
        "customer_id": somebody.customer_id,
        "name": somebody.name,
        "since": "2024-05-06",
        **changes,
    }


def of(somebody: Somebody) -> list[Identifier]:
    """Return the identifiers that find them."""
    return [
        Identifier(EMAIL, somebody.email),
        Identifier(CUSTOMER_ID, somebody.customer_id),
    ]
