"""
Acme Mail: newsletter contacts and what was sent to them.

An invented processor, for docs/add-a-connector.md.  A real module names here the
vendor's page and the day it was read.  A deletion is answered at once; the proof is
that the contact can no longer be read.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar

from pydantic import BaseModel, Field, JsonValue

from connectors.base import (
    Absent,
    Action,
    ConnectorSpec,
    Done,
    Effect,
    Evidence,
    Exported,
    Finding,
    Identifier,
    IdentifierType,
    Installation,
    Item,
    ItemId,
    Located,
    NotApplicable,
    NothingFound,
    OneAtATime,
    Operation,
    Person,
    Present,
    Proof,
    Provenance,
    Rate,
    ReadBack,
    Replay,
    Reply,
    Row,
    Sink,
    TaskId,
    Work,
)
from connectors.transport.http import Answer
from schemas.connecting import EMAIL, HeaderAuth

CONTACT_ID = IdentifierType("acme-mail.contact_id")

_DELETED = 204
_NOT_FOUND = 404


class _Account(BaseModel):
    account: str


class _Contact(BaseModel):
    id: str = Field(min_length=1)
    email: str
    name: str
    created_at: datetime


class _Contacts(BaseModel):
    contacts: list[_Contact]


class _Message(BaseModel):
    contact: str
    sent: dict[str, JsonValue]


class _Messages(BaseModel):
    messages: list[_Message]
    next: str | None = None


class _Error(BaseModel):
    code: str


class AcmeMail(OneAtATime):
    """Find, export and erase the contacts of one Acme Mail account."""

    spec: ClassVar[ConnectorSpec] = ConnectorSpec(
        name="acme-mail",
        version="1",
        vendor="Acme Mail",
        source="https://acme-mail.example/docs/v3, invented",
        actions=frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE}),
        accepts=frozenset({EMAIL, CONTACT_ID}),
        yields=frozenset({EMAIL, CONTACT_ID}),
        operations=MappingProxyType(
            {
                "account": Operation("GET", "/v3/account", Effect.READ),
                # A read although it is a POST: the address travels in the body.
                "search": Operation("POST", "/v3/contacts/search", Effect.READ),
                "read": Operation(
                    "GET",
                    "/v3/contacts/{id}",
                    Effect.READ,
                    identifies=frozenset({"id"}),
                ),
                "messages": Operation(
                    "GET",
                    "/v3/contacts/{id}/messages",
                    Effect.READ,
                    identifies=frozenset({"id"}),
                ),
                "delete": Operation(
                    "DELETE",
                    "/v3/contacts/{id}",
                    Effect.WRITE,
                    identifies=frozenset({"id"}),
                ),
            }
        ),
        auth=HeaderAuth(),
        rates=(Rate(10, per=timedelta(seconds=1)),),
        proof=Proof.LOOKUP,
        replay=MappingProxyType(
            {Action.ERASE: Replay.LOOK, Action.EXPORT: Replay.REPEAT}
        ),
        horizon=timedelta(days=1),
        record_classes=frozenset({"newsletter_contact"}),
        base_url="https://api.acme-mail.example",
        items_per_call=MappingProxyType({Action.ERASE: 1}),
    )

    async def ping(self) -> Installation:
        """Ask which account the token belongs to."""
        answer = await self._api.call("account")
        return Installation(answer.parse(_Account).account)

    async def locate_one(self, person: Person) -> Finding:
        """Search by e-mail and read by id; Acme keeps one contact an address."""
        if not person.identifiers:
            # Nobody looked, so nobody may say that nothing was found.
            return NotApplicable("no_identifier")
        found: dict[str, _Contact] = {}
        for identifier in person.identifiers:
            contacts = (
                await self._by_email(identifier.value)
                if identifier.type == EMAIL
                else await self._by_id(identifier.value)
            )
            found.update({contact.id: contact for contact in contacts})
        if not found:
            return NothingFound()
        items = tuple(_item(person.task, found[id_]) for id_ in sorted(found))
        known = set(person.identifiers)
        learned = [
            one
            for contact in found.values()
            for one in (
                Identifier(CONTACT_ID, contact.id),
                Identifier(EMAIL, contact.email),
            )
            if one not in known
        ]
        return Located(items, tuple(learned))

    async def erase_one(self, work: Work) -> Reply:
        """Delete the one contact of this call by the id that the search froze."""
        (item,) = work.items
        answer = await self._api.call(
            "delete", path={"id": item.reference}, accept=(_NOT_FOUND,)
        )
        if answer.status == _NOT_FOUND:
            _must_be_unknown_contact(answer)
        elif answer.status != _DELETED:
            # An unknown 2xx is not done.
            raise answer.unexpected()
        return Done("deleted", Evidence.E2)

    async def read_back_one(self, work: Work) -> ReadBack:
        """Look for each contact by its id."""
        there = [it.id for it in work.items if await self._by_id(it.reference)]
        return Present(tuple(there)) if there else Absent()

    async def export(self, work: Work, sink: Sink) -> Reply:
        """Write each contact and every message it was sent."""
        rows = 0
        for item in work.items:
            for contact in await self._by_id(item.reference):
                data = contact.model_dump(mode="json")
                await sink.write(Row("contact", Provenance.PROVIDED, contact.id, data))
                rows += 1
            async for message in self._messages(item.reference):
                await sink.write(
                    Row(
                        "messages",
                        Provenance.OBSERVED,
                        message.contact,
                        message.sent,
                    )
                )
                rows += 1
        return Exported(rows)

    async def _by_email(self, email: str) -> Sequence[_Contact]:
        answer = await self._api.call("search", json={"email": email})
        # A search may answer more than was asked: compare again.
        return [
            it for it in answer.parse(_Contacts).contacts if it.email == email.lower()
        ]

    async def _by_id(self, id_: str) -> Sequence[_Contact]:
        answer = await self._api.call("read", path={"id": id_}, accept=(_NOT_FOUND,))
        if answer.status == _NOT_FOUND:
            _must_be_unknown_contact(answer)
            return []
        return [answer.parse(_Contact)]

    async def _messages(self, id_: str) -> AsyncIterator[_Message]:
        after: str | None = ""
        while after is not None:
            answer = await self._api.call(
                "messages", path={"id": id_}, query={"after": after}
            )
            page = answer.parse(_Messages)
            for message in page.messages:
                yield message
            after = page.next


def _must_be_unknown_contact(answer: Answer) -> None:
    """Take only the vendor's own "no such contact": a wrong base URL is a 404 too."""
    if answer.parse(_Error).code != "contact_not_found":
        raise answer.unexpected()


def _item(task: TaskId, contact: _Contact) -> Item:
    # The same each time, and salted: a bare hash of a short id betrays it.
    name = sha256(f"{task}/contact/{contact.id}".encode()).hexdigest()[:32]
    return Item(
        id=ItemId(name),
        reference=contact.id,
        kind="contact",
        record_class="newsletter_contact",
        started_on=contact.created_at.date(),
    )
