"""
The export of one HubSpot contact, split by where its properties came from.

What HubSpot watched is observed and what it computed is inferred; a guideline on
portability draws that line (WP242 rev.01, page 10).  The rest was provided by the
person or entered about them.
"""

from __future__ import annotations

from collections.abc import Iterator

from connectors.hubspot.contacts import Contact
from schemas.connecting import Provenance, Row

_OBSERVED = (
    "hs_analytics_", "hs_email_", "hs_latest_", "hs_sa_", "hs_social_", "hs_time_",
    "first_conversion_", "recent_conversion_", "num_", "notes_last_", "ip_",
)  # fmt: skip
_INFERRED = ("hs_predictive", "hubspotscore", "hs_persona", "hs_calculated_")


def rows_of(contact: Contact) -> Iterator[Row]:
    """Return up to three rows, each bound to the contact's id."""
    parts: dict[tuple[str, Provenance], dict[str, object]] = {}
    for name, value in sorted(contact.properties.items()):
        if value not in (None, ""):
            parts.setdefault(_place_of(name), {})[name] = value
    for (category, provenance), data in parts.items():
        yield Row(category, provenance, contact.id, {"id": contact.id, **data})


def _place_of(name: str) -> tuple[str, Provenance]:
    if name.startswith(_INFERRED):
        return "contact_scores", Provenance.INFERRED
    if name.startswith(_OBSERVED):
        return "contact_activity", Provenance.OBSERVED
    return "contact", Provenance.PROVIDED
