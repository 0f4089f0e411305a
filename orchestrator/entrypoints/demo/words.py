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
    "complete_with_retention": "complete; a law\nkeeps records",
    "partial": "partial",
}
OUTCOMES: Final = {
    "done": "erased",
    "retained": "kept by law",
    "exported": "copied",
    "nothing_found": "not there",
    "not_applicable": "not asked",
}
GRADES: Final = {
    "E4": "gone: we looked again and found nothing",
    "E2": "gone: the system says so, and offers no way to look",
}


def joined_rights(rights: Iterable[str]) -> str:
    """Name rights in one order."""
    return " + ".join(sorted(str(right) for right in rights))
