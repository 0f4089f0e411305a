"""
HubSpot's contacts as its API shows them, and which of them are whom.

No request leaves here: the shapes we rely on, the search by identifiers, and the two
judgements that keep strangers apart are pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from pydantic import BaseModel, Field

from connectors.base import Options
from connectors.strangers import are_strangers, digits_of
from schemas.connecting import (
    CUSTOMER_ID,
    EMAIL,
    PHONE,
    Identifier,
    IdentifierType,
    Person,
)

CONTACT_ID = IdentifierType("hubspot.contact_id")

_NUMBER = "hs_object_id"
_MORE_EMAILS = "hs_additional_emails"
_FEWEST_DIGITS = 6


class HubSpotOptions(Options):
    """
    What the register may set for one HubSpot account.

    `yields` maps a contact property to the identifier type it holds, for example
    `{"customer_number": "customer_id"}`; those properties are searched too.
    `exclusive` names the types of which nobody has two: two values mean two people.
    """

    phone_properties: tuple[str, ...] = ("phone", "mobilephone")
    exclusive: frozenset[IdentifierType] = frozenset({CUSTOMER_ID})


class Contact(BaseModel):
    """The part of a contact we rely on; what is not set arrives as null."""

    id: str = Field(min_length=1)
    properties: dict[str, str | None]
    created_at: datetime = Field(alias="createdAt")

    def value(self, name: str) -> str:
        """Return a property, empty where it is not set."""
        return (self.properties.get(name) or "").strip()

    def emails(self) -> frozenset[str]:
        """Return the primary and the additional addresses, in lower case."""
        found = [self.value("email"), *self.value(_MORE_EMAILS).split(";")]
        return frozenset(it.strip().lower() for it in found if it.strip())


class NextPage(BaseModel):
    """Where a search goes on."""

    after: str


class Paging(BaseModel):
    """The paging of a search; no `next` on its last page."""

    next: NextPage | None = None


class Found(BaseModel):
    """One page of a search."""

    results: list[Contact]
    paging: Paging | None = None


class BatchError(BaseModel):
    """Why some contacts of a batch were not read."""

    category: str
    context: dict[str, list[str]] = {}


class Batch(BaseModel):
    """The answer to a batch read: contacts, and the ids nobody has."""

    results: list[Contact]
    errors: list[BatchError] = []

    def missing(self) -> frozenset[str]:
        """Return the ids of which HubSpot itself says that there is no such contact."""
        lost = (it for it in self.errors if it.category == "OBJECT_NOT_FOUND")
        return frozenset(name for it in lost for name in it.context.get("ids", ()))


def wanted_properties(options: HubSpotOptions) -> list[str]:
    """Return the properties that searching and comparing need."""
    fixed = ("email", _MORE_EMAILS, *options.phone_properties)
    return list(dict.fromkeys((*fixed, *options.yields)))


def filters_for(
    identifiers: Iterable[Identifier], options: HubSpotOptions
) -> list[Mapping[str, str]]:
    """Return a search filter for each way an identifier may stand in a contact."""
    filters: list[Mapping[str, str]] = []
    for identifier in identifiers:
        for name in _properties_of(identifier.type, options):
            operator = "CONTAINS_TOKEN" if name == _MORE_EMAILS else "EQ"
            rule = {"propertyName": name, "operator": operator}
            filters.append({**rule, "value": identifier.value})
    return filters


def _properties_of(type_: IdentifierType, options: HubSpotOptions) -> list[str]:
    mapped = [name for name, held in options.yields.items() if held == type_]
    if type_ == EMAIL:
        return ["email", _MORE_EMAILS, *mapped]
    if type_ == PHONE:
        return [*options.phone_properties, *mapped]
    if type_ == CONTACT_ID:
        return [_NUMBER, *mapped]
    return mapped


def identifiers_of(contact: Contact, options: HubSpotOptions) -> list[Identifier]:
    """
    Return what a contact teaches about its person.

    Not its phone numbers: households share them, so a number that nobody verified
    must not lead to records elsewhere.
    """
    mapped = [
        Identifier(type_, contact.value(name))
        for name, type_ in sorted(options.yields.items())
        if contact.value(name)
    ]
    emails = [Identifier(EMAIL, it) for it in sorted(contact.emails())]
    return [Identifier(CONTACT_ID, contact.id), *emails, *mapped]


def is_strongly(contact: Contact, person: Person, options: HubSpotOptions) -> bool:
    """Say whether a contact holds one of the person's identifiers but a phone."""
    held = {(it.type, it.value.lower()) for it in identifiers_of(contact, options)}
    return any((it.type, it.value.lower()) in held for it in person.identifiers)


def is_by_phone(contact: Contact, person: Person, options: HubSpotOptions) -> bool:
    """Say whether a contact holds one of the person's phone numbers."""
    numbers = {digits_of(contact.value(it)) for it in options.phone_properties}
    wanted = {digits_of(it.value) for it in person.identifiers if it.type == PHONE}
    return any(len(it) >= _FEWEST_DIGITS for it in numbers & wanted)


def are_conflicting(
    person: Person, contacts: Sequence[Contact], options: HubSpotOptions
) -> bool:
    """
    Say whether the matches speak of more than one person.

    Two values of an exclusive identifier do; so do e-mails that share nothing where
    only a phone number, which a household shares, holds the records together.
    """
    return _two_of_a_kind(person, contacts, options) or _shared_phone(
        person, contacts, options
    )


def _two_of_a_kind(
    person: Person, contacts: Sequence[Contact], options: HubSpotOptions
) -> bool:
    for type_ in options.exclusive:
        verified = {it.value for it in person.identifiers if it.type == type_}
        carried = {
            it.value
            for contact in contacts
            for it in identifiers_of(contact, options)
            if it.type == type_
        }
        strangers = carried - verified
        if strangers and (verified or len(strangers) > 1):
            return True
    return False


def _shared_phone(
    person: Person, contacts: Sequence[Contact], options: HubSpotOptions
) -> bool:
    return are_strangers(
        person,
        [(is_strongly(it, person, options), it.emails()) for it in contacts],
    )
