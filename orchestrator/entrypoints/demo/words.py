"""The words of the demo's pages: short, and none without its explanation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

TITLES: Final = {
    "hubspot": "HubSpot",
    "klaviyo": "Klaviyo",
    "mixpanel": "Mixpanel",
    "commercetools": "commercetools",
}
KIND_OF_SYSTEM: Final = {
    "hubspot": "customer care",
    "klaviyo": "e-mail marketing",
    "mixpanel": "analytics",
    "commercetools": "the shop",
}
RESULTS: Final = {
    "complete": "complete",
    "complete_with_retention": "complete, some\nkept by law",
    "partial": "partial",
    "open": "under way",
}
OUTCOMES: Final = {
    "done": "erased",
    "retained": "kept by law",
    "exported": "copied",
    "nothing_found": "not there",
    "not_applicable": "not asked",
}
GRADES: Final = {
    "E4": "we looked again, and the records are gone",
    "E2": "the system says so, and offers no way to look",
}


def joined_rights(rights: Iterable[str]) -> str:
    """Name rights in one order."""
    return " + ".join(sorted(str(right) for right in rights))
