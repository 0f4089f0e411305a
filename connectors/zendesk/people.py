"""
Whose a Zendesk user is: the searches for a person, and the judgements on matches.

No request leaves here.  In Zendesk anybody may write to support under any address, so
a match counts only for what it truly carries, and teaches only addresses that Zendesk
calls verified.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from pydantic import Field

from connectors.base import Options
from connectors.durations import Duration
from connectors.strangers import are_strangers, digits_of
from connectors.zendesk.api import END_USER, Identity, User
from schemas.connecting import (
    CUSTOMER_ID,
    EMAIL,
    PHONE,
    Identifier,
    IdentifierType,
    Person,
)

USER_ID = IdentifierType("zendesk.user_id")
EXTERNAL_ID = IdentifierType("zendesk.external_id")
SEARCHABLE = frozenset({EMAIL, PHONE, CUSTOMER_ID, USER_ID, EXTERNAL_ID})

_FEWEST_DIGITS = 6
_NUMBER = "phone_number"
# They end a quoted word of the search syntax, or stand for any text in it.
_NOT_QUOTABLE = frozenset('"*\\')


class ZendeskOptions(Options):
    """
    What the register must say of one Zendesk account.

    `products` are the Zendesk products in use (`support`, `chat`, `explore` …): a
    product that has not begun yet says nothing, and silence is not completeness.
    `external_id_holds` says which identifier type the account keeps in a user's
    `external_id`; without it no customer id is searched there.
    """

    products: tuple[str, ...] = Field(min_length=1)
    external_id_holds: IdentifierType | None = None
    check_after: Duration = Field(default=timedelta(hours=6), gt=timedelta(0))
    # Zendesk forgets a job after an hour.
    check_job_after: Duration = Field(default=timedelta(minutes=1), gt=timedelta(0))
    full_after: Duration = Field(default=timedelta(minutes=5), gt=timedelta(0))
    failed_after: Duration = Field(default=timedelta(hours=1), ge=timedelta(0))


@dataclass(frozen=True, slots=True)
class Search:
    """One request: by a user's number, or by a search parameter and its value."""

    parameter: str
    value: str

    def is_possible(self) -> bool:
        """Say whether the request can ask for exactly this value."""
        if self.parameter == "id":
            return self.value.isascii() and self.value.isdecimal()
        return True


@dataclass(frozen=True, slots=True)
class Account:
    """A user with all their addresses and numbers."""

    user: User
    identities: tuple[Identity, ...]

    @property
    def number(self) -> str:
        """The user's id as text."""
        return str(self.user.id)

    def emails(self, *, verified: bool = False) -> frozenset[str]:
        """Return the addresses in lower case."""
        found = {
            it.value.lower()
            for it in self.identities
            if it.type == "email" and (it.verified or not verified)
        }
        if not verified and self.user.email:
            found.add(self.user.email.lower())
        return frozenset(found)

    def numbers(self) -> frozenset[str]:
        """Return the telephone numbers as digits."""
        found = {digits_of(it.value) for it in self.identities if it.type == _NUMBER}
        return frozenset(found | {digits_of(self.user.phone or "")} - {""})


def searches_for(person: Person, options: ZendeskOptions) -> list[Search] | None:
    """Return a request for each identifier; nothing if one cannot be asked for."""
    found: list[Search] = []
    for identifier in person.identifiers:
        search = _search_for(identifier, options)
        if search is None:
            continue
        quoted = identifier.type in (EMAIL, PHONE) and search.parameter == "query"
        if not search.is_possible() or (
            quoted and _NOT_QUOTABLE & set(identifier.value)
        ):
            return None
        found.append(search)
    return found


def _search_for(identifier: Identifier, options: ZendeskOptions) -> Search | None:
    type_, value = identifier.type, identifier.value
    if type_ in (EXTERNAL_ID, options.external_id_holds):
        return Search("external_id", value)
    if type_ == USER_ID:
        return Search("id", value)
    if type_ == EMAIL:
        return Search("query", f'email:"{value}"')
    if type_ == PHONE and len(digits_of(value)) >= _FEWEST_DIGITS:
        # The asterisk finds a number however it is written.
        return Search("query", f"phone:*{digits_of(value)}")
    return None


def is_strongly(account: Account, person: Person, options: ZendeskOptions) -> bool:
    """Say whether a user carries one of the person's identifiers but a phone."""
    external = (account.user.external_id or "").lower()
    for it in person.identifiers:
        if it.type == USER_ID and it.value == account.number:
            return True
        if it.type == EMAIL and it.value.lower() in account.emails():
            return True
        names_external = it.type in (EXTERNAL_ID, options.external_id_holds)
        # "The API treats the id as case insensitive" (users reference).
        if names_external and external and it.value.lower() == external:
            return True
    return False


def is_by_phone(account: Account, person: Person) -> bool:
    """Say whether a user carries one of the person's numbers."""
    wanted = {digits_of(it.value) for it in person.identifiers if it.type == PHONE}
    return any(len(it) >= _FEWEST_DIGITS for it in account.numbers() & wanted)


def is_staff(account: Account) -> bool:
    """Say whether the user is anything but a customer; nobody deletes staff."""
    return account.user.role != END_USER


def are_conflicting(
    person: Person, accounts: Sequence[Account], options: ZendeskOptions
) -> bool:
    """
    Say whether the matches speak of more than one person.

    Two external ids do, and so do addresses that share nothing where only a
    telephone number, which a household shares, holds the records together.
    """
    names = (EXTERNAL_ID, options.external_id_holds)
    known = {it.value.lower() for it in person.identifiers if it.type in names}
    carried = {(it.user.external_id or "").lower() for it in accounts} - {""}
    if carried - known and (known or len(carried) > 1):
        return True
    return are_strangers(
        person,
        [(is_strongly(it, person, options), it.emails()) for it in accounts],
    )


def identifiers_of(account: Account, options: ZendeskOptions) -> Iterator[Identifier]:
    """
    Give what a user teaches about their person.

    Not the telephone numbers: households share them, so a number that nobody verified
    must not lead to records elsewhere.
    """
    user = account.user
    yield Identifier(USER_ID, account.number)
    for email in sorted(account.emails(verified=True)):
        yield Identifier(EMAIL, email)
    if user.external_id:
        yield Identifier(options.external_id_holds or EXTERNAL_ID, user.external_id)
    for name, type_ in sorted(options.yields.items()):
        value = user.user_fields.get(name)
        if isinstance(value, str | int) and value != "":
            yield Identifier(type_, str(value))
