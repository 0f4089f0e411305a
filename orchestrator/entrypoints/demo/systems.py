"""
The systems of the demo, under their names in the example register and in its order.

Four of them are enough to see how it works; all of them show every connector there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class System:
    """
    What the demo says of one system.

    `best` is the grade that its connector can reach: more would be made up, and less
    would be a proof that was lost.
    """

    title: str
    connector: str
    used_for: str
    habit: str
    best: str


SYSTEMS: Final[Mapping[str, System]] = {
    "hubspot": System(
        "HubSpot", "hubspot", "customer care", "fails twice (HTTP 500)", "E4"
    ),
    "klaviyo": System(
        "Klaviyo",
        "klaviyo",
        "e-mail marketing",
        "asks us to wait a second (HTTP 429)",
        "E4",
    ),
    "iterable": System(
        "Iterable", "iterable", "app messages", "forgets after it said yes", "E4"
    ),
    "ads": System(
        "Ads Exchange",
        "notify",
        "advertising",
        "decides for itself, so it is told; loses an answer",
        "E3",
    ),
    "mixpanel": System(
        "Mixpanel", "mixpanel", "analytics", "works by jobs that take their time", "E2"
    ),
    "amplitude": System(
        "Amplitude", "amplitude", "app analytics", "has one job for many people", "E2"
    ),
    "cdp": System(
        "mParticle",
        "opendsr",
        "customer data",
        "never says when asked: it calls back, signed",
        "E3",
    ),
    "events": System(
        "Guest lists", "manual", "events", "has no API: a person attests", "M"
    ),
    "bookings": System(
        "Bookings", "webhook", "appointments", "signs what it answers", "E4"
    ),
    "commercetools": System(
        "commercetools",
        "commercetools",
        "the shop",
        "holds an invoice that a law keeps",
        "E4",
    ),
    "vtex": System(
        "VTEX", "vtex", "a second shop", "says yes to anybody, so we look", "E4"
    ),
    "delivery": System(
        "Carrier", "manual", "delivery", "has no API: a person attests", "M"
    ),
    "returns": System(
        "Returns",
        "participant",
        "returns",
        "reads a topic; what it is told is sealed",
        "E3",
    ),
    "refunds": System(
        "Ledger", "sql", "refunds", "holds a refund that a law keeps", "E4"
    ),
    "zendesk": System(
        "Zendesk", "zendesk", "service desk", "deletes everything twice", "E4"
    ),
}
TITLES: Final[Mapping[str, str]] = {name: it.title for name, it in SYSTEMS.items()}

FOUR: Final[Sequence[str]] = ("hubspot", "klaviyo", "mixpanel", "commercetools")
ALL: Final[Sequence[str]] = tuple(SYSTEMS)
