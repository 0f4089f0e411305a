"""
The record classes of the generic connectors, which retention rules go by.

One word for one thing, whoever holds it: a person at a desk, a system of one's own, a
platform of the open protocol.  Vendors' connectors have some of their own beside these,
and a database has those that the register gives its tables.
"""

from __future__ import annotations

from typing import Final

CUSTOMER_ACCOUNT: Final = "customer_account"

# Never change: registers, receipts and statements carry these words.
RECORD_CLASSES: Final = frozenset(
    {
        "analytics_profile",
        "booking",
        CUSTOMER_ACCOUNT,
        "delivery",
        "event_participation",
        "invoice",
        "marketing_profile",
        "order",
        "payment",
        "refund",
        "return",
        "support_ticket",
    }
)
