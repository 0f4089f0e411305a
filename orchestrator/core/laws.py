"""Which law a request is answered by: those that this program counts and words."""

from __future__ import annotations

from enum import StrEnum


class Law(StrEnum):
    """A law by its place (ISO 3166), and what it is called there."""

    EU = "EU"
    """The GDPR, and every place without a law of its own here."""
    UNITED_KINGDOM = "GB"
    """The UK GDPR and the Data Protection Act 2018."""
    CALIFORNIA = "US-CA"
    """The CCPA (Civil Code, title 1.81.5) and its regulations (11 CCR)."""
    BRAZIL = "BR"
    """The LGPD."""
    CHINA = "CN"
    """The PIPL."""


# ISO 3166-2 lists them under CN as well, but the PIPL does not reach them.
_WITHOUT_PIPL = frozenset({"CN-HK", "CN-MO", "CN-TW"})


def law_of(jurisdiction: str) -> Law:
    """
    Return the law of a place.

    A place without one here is answered by the law of the Union, which is the
    controller's own: it answers to it in any case.
    """
    if jurisdiction in _WITHOUT_PIPL:
        return Law.EU
    for name in (jurisdiction, jurisdiction.partition("-")[0]):
        if name in {law.value for law in Law}:
            return Law(name)
    return Law.EU
