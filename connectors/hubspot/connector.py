"""
HubSpot: the contacts of one portal.

Vendor file: HubSpot-public-api-spec-collection@9989379, CRM Contacts v3 (read
2026-11).  A GDPR deletion by an e-mail that HubSpot does not know puts the address on
a blocklist, so it would *create* data: we search first and delete by contact id only.
The answer 204 is the vendor's word; the purge behind it may take 30 days, therefore
the proof is a look.  Ids travel in bodies (batch reads), never in a URL.

What this cannot see: a search does not return contacts in the recycle bin (they are
seen by a look), and a phone number is found only as it is spelled in the contact.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar, TypeVar

from pydantic import BaseModel

from connectors.base import Api, OneAtATime, Options, Sink
from connectors.hubspot.contacts import (
    CONTACT_ID,
    Batch,
    Contact,
    Found,
    HubSpotOptions,
    are_conflicting,
    filters_for,
    identifiers_of,
    is_by_phone,
    is_strongly,
    wanted_properties,
)
from connectors.hubspot.export import rows_of
from connectors.transport.http import Answer, ProcessorError, Refused, TryLater
from schemas.connecting import (
    CUSTOMER_ID,
    EMAIL,
    PHONE,
    Absent,
    Action,
    Ambiguous,
    Candidate,
    ConnectorSpec,
    Done,
    Effect,
    Evidence,
    Exported,
    Finding,
    HeaderAuth,
    Installation,
    Item,
    ItemId,
    Located,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    Operation,
    Person,
    Present,
    Progress,
    Proof,
    Rate,
    ReadBack,
    Replay,
    Reply,
    TaskId,
    Work,
)

T = TypeVar("T")

_CONTACTS = "/crm/v3/objects/contacts"
_READS = frozenset({"crm.objects.contacts.read"})
_WRITES = frozenset({"crm.objects.contacts.write"})
_PAGE = 200  # the most a search returns at once
_GROUPS = 5  # the most filter groups in one search (alternatives to one another)
_BATCH = 100  # the most contacts in one batch read
_MOST = 10_000  # the vendor's own limit for one search


class _Account(BaseModel):
    """The part of the account's details we rely on."""

    portalId: int  # noqa: N815 (the vendor's spelling)


class _Property(BaseModel):
    name: str


class _Properties(BaseModel):
    results: list[_Property]


class _Error(BaseModel):
    """How HubSpot words a refusal."""

    category: str


class HubSpot(OneAtATime):
    """Find, export and erase the contacts of one HubSpot portal."""

    options: ClassVar[type[Options]] = HubSpotOptions
    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="hubspot",
        version="1",
        vendor="HubSpot",
        source="https://developers.hubspot.com/docs/api/crm/contacts, 2026-11",
        actions=frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE}),
        accepts=frozenset({EMAIL, PHONE, CUSTOMER_ID, CONTACT_ID}),
        yields=frozenset({EMAIL, CUSTOMER_ID, CONTACT_ID}),
        operations=MappingProxyType(
            {
                # Documented under "Account information"; the file leaves it out.
                "account": Operation(
                    "GET",
                    "/account-info/v3/details",
                    Effect.READ,
                    in_vendor_file=False,
                ),
                # Documented under "Properties"; the file leaves it out.
                "properties": Operation(
                    "GET",
                    "/crm/v3/properties/contacts",
                    Effect.READ,
                    in_vendor_file=False,
                ),
                "search": Operation(
                    "POST",
                    f"{_CONTACTS}/search",
                    Effect.READ,
                    rates=(Rate(5, timedelta(seconds=1)),),
                    scopes=_READS,
                ),
                "read": Operation(
                    "POST", f"{_CONTACTS}/batch/read", Effect.READ, scopes=_READS
                ),
                "gdpr_delete": Operation(
                    "POST", f"{_CONTACTS}/gdpr-delete", Effect.WRITE, scopes=_WRITES
                ),
            }
        ),
        auth=HeaderAuth(),
        rates=(Rate(100, timedelta(seconds=10)),),
        proof=Proof.LOOKUP,
        replay=MappingProxyType(
            {Action.ERASE: Replay.LOOK, Action.EXPORT: Replay.REPEAT}
        ),
        horizon=timedelta(days=30),
        record_classes=frozenset({"crm_contact"}),
        base_url="https://api.hubapi.com",
        items_per_call=MappingProxyType({Action.ERASE: 1}),
    )

    def __init__(self, api: Api, options: HubSpotOptions) -> None:
        super().__init__(api, options)
        self._settings = options

    async def ping(self) -> Installation:
        """Ask which portal the token belongs to."""
        answer = await self._api.call("account")
        return Installation(str(answer.parse(_Account).portalId))

    async def locate_one(self, person: Person) -> Finding:
        """
        Search by every identifier and keep what truly holds one of them.

        A search answers more than was asked (it compares tokens), so each match is
        compared again before it counts.
        """
        filters = filters_for(person.identifiers, self._settings)
        if not filters:
            # Nobody looked, so nobody may say that nothing was found.
            return NotApplicable("no_identifier")
        contacts = await self._search(filters)
        if len(contacts) >= _MOST:
            return NeedsHuman("too_many_matches")
        matches = [
            it
            for it in contacts
            if is_strongly(it, person, self._settings)
            or is_by_phone(it, person, self._settings)
        ]
        if not matches:
            return NothingFound()
        if are_conflicting(person, matches, self._settings):
            return Ambiguous(tuple(self._candidate(person.task, it) for it in matches))
        known = {(it.type, it.value.lower()) for it in person.identifiers}
        learned = dict.fromkeys(
            it
            for contact in matches
            for it in identifiers_of(contact, self._settings)
            if (it.type, it.value.lower()) not in known
        )
        items = tuple(_item(person.task, it) for it in matches)
        return Located(items, tuple(learned))

    async def erase_one(self, work: Work) -> Reply:
        """Delete each contact for good, by its id."""
        if not work.items:
            return NothingFound()
        done: list[ItemId] = []
        for item in work.items:
            try:
                await self._delete(item.reference)
            except TryLater:
                if not done:
                    raise
                return Progress(tuple(done), Evidence.E2)
            done.append(item.id)
        return Done("deleted", Evidence.E2)

    async def read_back_one(self, work: Work) -> ReadBack:
        """Read every contact by id, in the recycle bin too."""
        references = [item.reference for item in work.items]
        there: dict[str, Contact] = {}
        for archived in (False, True):
            async for contact in self._read(references, ["hs_object_id"], archived):
                there[contact.id] = contact
        still = tuple(it.id for it in work.items if it.reference in there)
        if not still:
            return Absent()
        return Present(still, min(it.created_at for it in there.values()).date())

    async def export(self, work: Work, sink: Sink) -> Reply:
        """Write every property of every contact to *sink*."""
        answer = await self._api.call("properties")
        names = [it.name for it in answer.parse(_Properties).results]
        references = [item.reference for item in work.items]
        rows = 0
        async for contact in self._read(references, names, archived=False):
            for row in rows_of(contact):
                await sink.write(row)
                rows += 1
        return Exported(rows) if rows else NothingFound()

    # --- requests -------------------------------------------------------------------

    async def _search(self, filters: Sequence[object]) -> Sequence[Contact]:
        """Return every contact that the search finds, once each, ordered by id."""
        found: dict[str, Contact] = {}
        for some in _slices(filters, _GROUPS):
            groups = [{"filters": [it]} for it in some]
            async for contact in self._pages(groups):
                found[contact.id] = contact
        return [found[it] for it in sorted(found)]

    async def _pages(self, groups: Sequence[object]) -> AsyncIterator[Contact]:
        after: str | None = "0"
        seen = 0
        while after is not None and seen < _MOST:
            # The file calls every one of these fields required.
            asked = {
                "filterGroups": groups,
                "properties": wanted_properties(self._settings),
                "sorts": [],
                "limit": _PAGE,
                "after": after,
            }
            page = (await self._api.call("search", json=asked)).parse(Found)
            for contact in page.results:
                seen += 1
                yield contact
            more = page.paging.next if page.paging else None
            after = more.after if more and page.results else None

    async def _read(
        self,
        references: Sequence[str],
        names: Sequence[str],
        archived: bool,  # noqa: FBT001 (the vendor's own switch)
    ) -> AsyncIterator[Contact]:
        """
        Read contacts by id; those that are not there are left out.

        HubSpot must say itself that it has no such contact: an id that is neither
        among the results nor among the missing is an answer we do not understand.
        """
        for some in _slices(references, _BATCH):
            asked = {
                "inputs": [{"id": it} for it in some],
                "properties": list(names),
                "propertiesWithHistory": [],
            }
            query = {"archived": "true"} if archived else None
            answer = await self._api.call("read", query=query, json=asked)
            batch = answer.parse(Batch)
            read = {it.id for it in batch.results}
            if read | batch.missing() != set(some) or read & batch.missing():
                raise answer.unexpected()
            for contact in batch.results:
                yield contact

    async def _delete(self, reference: str) -> None:
        """Delete one contact; one that HubSpot no longer knows is gone already."""
        # By id only: `idProperty` is what would feed the blocklist.
        answer = await self._api.call(
            "gdpr_delete", json={"objectId": reference}, accept=(404,)
        )
        if answer.status == 404:  # noqa: PLR2004
            # A wrong base URL is a 404 too.
            if not _is_unknown_contact(answer):
                raise Refused(answer.status)
        elif answer.status != 204:  # noqa: PLR2004
            raise answer.unexpected()

    def _candidate(self, task: TaskId, contact: Contact) -> Candidate:
        return Candidate(
            items=(_item(task, contact),),
            label=f"contact {contact.id}, {contact.value('email') or 'no e-mail'}, "
            f"created {contact.created_at.date()}",
            learned=tuple(identifiers_of(contact, self._settings)),
        )


def _is_unknown_contact(answer: Answer) -> bool:
    try:
        return answer.parse(_Error).category == "OBJECT_NOT_FOUND"
    except ProcessorError:
        return False


def _slices(values: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Cut *values* into runs of at most *size*."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def _item(task: TaskId, contact: Contact) -> Item:
    # The same each time, and salted: a bare hash of a short number betrays it.
    name = sha256(f"{task}/{contact.id}".encode()).hexdigest()[:32]
    return Item(
        id=ItemId(name),
        reference=contact.id,
        kind="contact",
        record_class="crm_contact",
        started_on=contact.created_at.date(),
    )
