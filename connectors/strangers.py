"""
When records that only a telephone number holds together are of several people.

A household shares a number, so addresses that share nothing tell its people apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import combinations

from schemas.connecting import EMAIL, Person

_NOT_DIGITS = re.compile(r"\D")


def are_strangers(
    person: Person, records: Iterable[tuple[bool, frozenset[str]]]
) -> bool:
    """
    Tell whether *records* speak of more than one person by their e-mail addresses.

    Of each: whether it holds something of *person* that is not a telephone number,
    and its addresses in lower case; without an address it tells nothing.
    """
    emails = {it.value.lower() for it in person.identifiers if it.type == EMAIL}
    weak: list[frozenset[str]] = []
    for is_strong, addresses in records:
        if is_strong:
            emails |= addresses
        elif addresses:
            weak.append(addresses)
    if emails:
        return any(emails.isdisjoint(it) for it in weak)
    return any(one.isdisjoint(other) for one, other in combinations(weak, 2))


def digits_of(number: str) -> str:
    """Return a telephone number's digits, by which its spellings are compared."""
    return _NOT_DIGITS.sub("", number)
