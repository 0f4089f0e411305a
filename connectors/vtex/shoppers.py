"""
Whose an order is, and how a shopper's orders can be searched.

No request leaves here.  In an order VTEX shows an alias instead of the address, and by
default one that tells nothing ("hard"; "soft" keeps the address in it:
help.vtex.com/tutorial/understanding-the-conversation-tracker, read 2026-11).  Then the
profile's `userId`, which the order carries as `userProfileId`, tells whose it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from connectors.vtex.api import MOST_ORDERS, PAGE, Client, Order, Profile

_ALIAS = "ct.vtex.com.br"
_SOFT = re.compile(r"(?P<address>.+@.+)-[0-9a-z]+\.ct\.vtex\.com\.br", re.IGNORECASE)


class Owner(Enum):
    """What an order's client tells."""

    THEIRS = auto()
    OTHERS = auto()
    UNTOLD = auto()


@dataclass(frozen=True, slots=True)
class Search:
    """One full-text search of the orders; more than `most` hits are too many."""

    text: str
    most: int


@dataclass(frozen=True, slots=True)
class Shopper:
    """What was found of one address."""

    email: str
    profiles: tuple[Profile, ...]
    orders: tuple[Order, ...]

    def is_known(self) -> bool:
        """Say whether anything was found."""
        return bool(self.profiles or self.orders)


def searches_for(email: str, profiles: Sequence[Profile]) -> list[Search]:
    """
    Return how the orders of an address can be searched.

    "The `+` character is not allowed in Fulltext Search" (the file): such an address
    is searched by its profile's document or, carefully, by its name.
    """
    if "+" not in email:
        return [Search(email, MOST_ORDERS)]
    found: dict[str, Search] = {}
    for profile in profiles:
        if profile.document and "+" not in profile.document:
            found[profile.document] = Search(profile.document, MOST_ORDERS)
        elif profile.name and "+" not in profile.name:
            # Namesakes have orders too, and each hit is read: one page of them at most.
            found[profile.name] = Search(profile.name, PAGE)
        else:
            return []
    return list(found.values())


def user_ids(profiles: Sequence[Profile]) -> frozenset[str]:
    """Return what the orders of these profiles carry as `userProfileId`."""
    return frozenset(it.user_id for it in profiles if it.user_id)


def owner_of(client: Client, email: str, known: frozenset[str]) -> Owner:
    """Say whether an order's client is the shopper with *email* and a *known* id."""
    shown = _shown(client.email)
    if shown == email.lower() or client.user_id in known:
        return Owner.THEIRS
    if shown is not None or (known and client.user_id):
        return Owner.OTHERS
    return Owner.UNTOLD


def _shown(email: str | None) -> str | None:
    """Return the address that an order shows, if it shows one."""
    if not email:
        return None
    soft = _SOFT.fullmatch(email)
    if soft is not None:
        return soft["address"].lower()
    return None if email.lower().endswith(_ALIAS) else email.lower()
