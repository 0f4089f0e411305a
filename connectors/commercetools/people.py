"""Who is meant: one person with several accounts, or several people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connectors.commercetools.options import CommercetoolsOptions
from connectors.commercetools.records import Resource
from schemas.connecting import (
    CUSTOMER_ID,
    EMAIL,
    Identifier,
    IdentifierType,
    Person,
)

OWN_ID = IdentifierType("commercetools.customer_id")

Customers = dict[str, Resource]


@dataclass(frozen=True, slots=True)
class Wanted:
    """
    What to search by: customer ids of the vendor's, of the portal's, e-mails.

    `emails` are in lower case; `spellings` are those and the ones we were given.
    """

    ids: frozenset[str]
    portal_ids: frozenset[str]
    emails: frozenset[str]
    spellings: frozenset[str]

    @classmethod
    def of(cls, person: Person, options: CommercetoolsOptions) -> Wanted:
        """Sort a person's identifiers by what they mean in this project."""
        ids = _values(person, OWN_ID)
        portal_ids = _values(person, CUSTOMER_ID)
        if options.customer_id == "id":
            ids, portal_ids = ids | portal_ids, frozenset()
        given = _values(person, EMAIL)
        emails = frozenset(value.lower() for value in given)
        return cls(ids, portal_ids, emails, emails | given)

    def is_empty(self) -> bool:
        """Say whether there is nothing to search by."""
        return not (self.ids or self.portal_ids or self.emails)


def told_apart(
    named: Mapping[str, Resource],
    mailed: Mapping[str, Resource],
    emails: frozenset[str],
) -> list[Customers]:
    """
    Group the customers matched by id and by e-mail into the people they may be.

    Several accounts under verified addresses are one person (a shop can have stores
    with accounts of their own).  An account named by id but kept under an address
    that nobody verified may be a stranger's: it stands apart.  Without any e-mail
    address, each address is a person.
    """
    if emails:
        same = {i: c for i, c in named.items() if has_one_of(c, emails)}
        return [{**mailed, **same}, *({i: named[i]} for i in named if i not in same)]
    groups: dict[str | None, Customers] = {}
    for key, customer in named.items():
        address = customer.email.lower() if customer.email else None
        groups.setdefault(address, {})[key] = customer
    return list(groups.values()) or [{}]


def has_one_of(customer: Resource, emails: frozenset[str]) -> bool:
    """Say whether the account's address is among the verified ones."""
    return bool(customer.email) and (customer.email or "").lower() in emails


def learned(
    customers: Mapping[str, Resource], options: CommercetoolsOptions
) -> tuple[Identifier, ...]:
    """Return the identifiers that a person's accounts hold, each once."""
    fields = {options.customer_id: CUSTOMER_ID, **options.yields}
    known: dict[Identifier, None] = {}
    for customer in customers.values():
        known[Identifier(OWN_ID, customer.id)] = None
        if customer.email:
            known[Identifier(EMAIL, customer.email.lower())] = None
        for name, kind in fields.items():
            if value := customer.field(name):
                known[Identifier(kind, value)] = None
    return tuple(known)


def label(customers: Mapping[str, Resource]) -> str:
    """Say to the person who must choose which accounts these are."""
    accounts = [
        f"{customer.email or customer.id}, since {customer.created_at.date()}"
        for customer in customers.values()
    ]
    return "; ".join(accounts) or "orders without an account"


def _values(person: Person, kind: IdentifierType) -> frozenset[str]:
    return frozenset(i.value for i in person.identifiers if i.type == kind)
