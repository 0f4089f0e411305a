"""
Zendesk: customers of one support account, their tickets and the messages in them.

Vendor API: https://developer.zendesk.com/api-reference/ticketing/users/users/, a copy
of the Support API's OpenAPI file (jentic/jentic-public-apis@bc155f7), read 2026-11.

A deletion takes two steps, softly and then for good, tickets before their user; the
second spreads from product to product for up to 30 days and is done only when each
says so.  A user whose tickets are open cannot be deleted, and staff never is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar

from connectors.base import (
    Absent,
    Action,
    Ambiguous,
    Api,
    Candidate,
    CannotTell,
    ConnectorSpec,
    Effect,
    Exported,
    Finding,
    Installation,
    Item,
    ItemId,
    Located,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    OneAtATime,
    Operation,
    Options,
    Person,
    Present,
    Proof,
    Rate,
    ReadBack,
    Replay,
    Reply,
    Sink,
    TaskId,
    Work,
)
from connectors.base import Ticket as JobTicket
from connectors.zendesk.api import Desk, Ticket
from connectors.zendesk.erasure import (
    HORIZON,
    MOST_TICKETS,
    TICKET,
    USER,
    Erasure,
    number_of,
)
from connectors.zendesk.export import export_ticket, export_user
from connectors.zendesk.people import (
    EXTERNAL_ID,
    SEARCHABLE,
    USER_ID,
    Account,
    Search,
    ZendeskOptions,
    are_conflicting,
    identifiers_of,
    is_by_phone,
    is_staff,
    is_strongly,
    searches_for,
)
from schemas.connecting import CUSTOMER_ID, EMAIL, HeaderAuth

_MINUTE = timedelta(minutes=1)
# The smallest plan's; the register raises it for a larger one.
_ACCOUNT = Rate(200, _MINUTE)
_USER = frozenset({"user_id"})
_TICKET = frozenset({"ticket_id"})


def _read(path: str, *identifies: str, in_vendor_file: bool = True) -> Operation:
    return Operation(
        "GET",
        path,
        Effect.READ,
        identifies=frozenset(identifies),
        in_vendor_file=in_vendor_file,
    )


class Zendesk(OneAtATime):
    """Find, export and erase the customers of one Zendesk account."""

    options: ClassVar[type[Options]] = ZendeskOptions
    spec: ClassVar = ConnectorSpec(
        name="zendesk",
        version="1",
        vendor="Zendesk",
        source="https://developer.zendesk.com/api-reference/ticketing, 2026-11",
        actions=frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE}),
        accepts=SEARCHABLE,
        yields=frozenset({EMAIL, CUSTOMER_ID, USER_ID, EXTERNAL_ID}),
        operations=MappingProxyType(
            {
                # Documented under "Show Self"; the file leaves it out.
                "me": _read("/api/v2/users/me", in_vendor_file=False),
                # The search asks in the query and has no other form.
                "search_users": _read("/api/v2/users/search", "query", "external_id"),
                "read_user": _read("/api/v2/users/{user_id}", *_USER),
                "identities": _read("/api/v2/users/{user_id}/identities", *_USER),
                "deletion_statuses": _read(
                    "/api/v2/users/{user_id}/compliance_deletion_statuses", *_USER
                ),
                "search_tickets": Operation(
                    "GET",
                    "/api/v2/search/export",
                    Effect.READ,
                    identifies=frozenset({"query"}),
                    rates=(Rate(100, _MINUTE), _ACCOUNT),
                ),
                "read_ticket": _read("/api/v2/tickets/{ticket_id}", *_TICKET),
                "comments": _read(
                    "/api/v2/tickets/{ticket_id}/comments",
                    *_TICKET,
                    in_vendor_file=False,
                ),
                "deleted_tickets": Operation(
                    "GET",
                    "/api/v2/deleted_tickets",
                    Effect.READ,
                    in_vendor_file=False,
                    rates=(Rate(10, _MINUTE), _ACCOUNT),
                ),
                "read_job": _read("/api/v2/job_statuses/{job_status_id}"),
                # Documented under "Show Many Job Statuses"; the file leaves it out.
                "read_jobs": _read(
                    "/api/v2/job_statuses/show_many", in_vendor_file=False
                ),
                "delete_ticket": Operation(
                    "DELETE",
                    "/api/v2/tickets/{ticket_id}",
                    Effect.WRITE,
                    identifies=_TICKET,
                    rates=(Rate(400, _MINUTE), _ACCOUNT),
                ),
                "destroy_tickets": Operation(
                    "DELETE",
                    "/api/v2/deleted_tickets/destroy_many",
                    Effect.WRITE,
                    identifies=frozenset({"ids"}),
                ),
                "delete_user": Operation(
                    "DELETE",
                    "/api/v2/users/{user_id}",
                    Effect.WRITE,
                    identifies=_USER,
                ),
                "destroy_user": Operation(
                    "DELETE",
                    "/api/v2/deleted_users/{deleted_user_id}",
                    Effect.WRITE,
                    identifies=frozenset({"deleted_user_id"}),
                    rates=(Rate(700, timedelta(minutes=10)), _ACCOUNT),
                ),
            }
        ),
        # The whole header: `Bearer …` of OAuth or `Basic …` of an API token.
        auth=HeaderAuth(secret="authorization", template="{secret}"),  # noqa: S106
        rates=(_ACCOUNT,),
        proof=Proof.LOOKUP,
        replay=MappingProxyType(
            {Action.ERASE: Replay.LOOK, Action.EXPORT: Replay.REPEAT}
        ),
        horizon=HORIZON,
        record_classes=frozenset({"support_ticket", "support_user"}),
        items_per_call=MappingProxyType({Action.ERASE: MOST_TICKETS}),
        # "30 jobs queued or running"; what waits for the products is none of them.
        jobs_at_once=MappingProxyType({Action.ERASE: 30}),
        # "Up to 100" jobs in one question; a job is forgotten after an hour.
        polls_per_call=MappingProxyType({Action.ERASE: 100}),
        poll_most=timedelta(minutes=30),
    )

    def __init__(self, api: Api, options: ZendeskOptions) -> None:
        super().__init__(api, options)
        self._settings = options
        self._desk = Desk(api)
        self._erasure = Erasure(self._desk, options)

    async def ping(self) -> Installation:
        """Ask whose account the credentials open: its subdomain."""
        return Installation(await self._desk.subdomain())

    async def locate_one(self, person: Person) -> Finding:
        """Search by every identifier, and find the tickets of whoever truly matches."""
        searches = searches_for(person, self._settings)
        if searches is None:
            return NeedsHuman("identifier_not_searchable")
        if not searches:
            # Nobody looked, so nobody may say that nothing was found.
            return NotApplicable("no_identifier")
        accounts = await self._matches(person, searches)
        if accounts is None:
            return NeedsHuman("too_many_matches")
        if not accounts:
            return NothingFound()
        return await self._told(person, accounts)

    async def erase_one(self, work: Work) -> Reply:
        """Delete the tickets of a call; or, in a call without any, the users."""
        return await self._erasure.begin(work)

    async def poll_one(self, ticket: JobTicket, sink: Sink | None) -> Reply:  # noqa: ARG002
        """Ask how a deletion is going, job by job or product by product."""
        return await self._erasure.poll(ticket)

    async def poll_many(self, tickets: Sequence[JobTicket]) -> Mapping[TaskId, Reply]:
        """Ask about many jobs of tickets in one request."""
        return await self._erasure.poll_many(tickets)

    async def read_back_one(self, work: Work) -> ReadBack:
        """Look for each record, the trash included, and for the person by e-mail."""
        tickets = {number_of(it): it.id for it in work.items if it.kind == TICKET}
        users = [it for it in work.items if it.kind == USER]
        left = await self._erasure.left(tickets) if tickets else frozenset()
        if left is None:
            return CannotTell()
        still = {tickets[number] for number in left}
        for item in users:
            if not await self._erasure.is_gone(item.reference):
                still.add(item.id)
        if users and not still and await self._is_back(work):
            # Re-created, or a second record: either way the person is here.
            still.update(it.id for it in users)
        if not still:
            return Absent()
        return Present(tuple(it.id for it in work.items if it.id in still))

    async def export(self, work: Work, sink: Sink) -> Reply:
        """Write each user with their addresses, and each ticket with its messages."""
        rows = 0
        for item in work.items:
            if item.kind == USER:
                rows += await export_user(self._desk, item.reference, sink)
            else:
                rows += await export_ticket(self._desk, number_of(item), sink)
        return Exported(rows) if rows else NothingFound()

    # --- searching ------------------------------------------------------------------

    async def _matches(
        self, person: Person, searches: list[Search]
    ) -> list[Account] | None:
        """Return who truly carries an identifier; nothing if too many might."""
        found: dict[int, Account] = {}
        for search in searches:
            if search.parameter == "id":
                one = await self._desk.user(search.value)
                users = [one] if one else []
            else:
                several = await self._desk.search(search.parameter, search.value)
                if several is None:
                    return None
                users = list(several)
            for user in users:
                if user.id not in found and not user.is_forgotten():
                    identities = [i async for i in self._desk.identities(str(user.id))]
                    found[user.id] = Account(user, tuple(identities))
        return [
            account
            for _, account in sorted(found.items())
            if is_strongly(account, person, self._settings)
            or is_by_phone(account, person)
        ]

    async def _told(self, person: Person, accounts: list[Account]) -> Finding:
        """Say whose records these are, or what a person must look at first."""
        if any(is_staff(it) for it in accounts):
            return NeedsHuman("agent_or_admin")
        if are_conflicting(person, accounts, self._settings):
            found = [await self._candidate(person.task, it) for it in accounts]
            return Ambiguous(tuple(found))
        known = {(it.type, it.value.lower()) for it in person.identifiers}
        learned = dict.fromkeys(
            it
            for account in accounts
            for it in identifiers_of(account, self._settings)
            if (it.type, it.value.lower()) not in known
        )
        return Located(await self._items(person.task, *accounts), tuple(learned))

    async def _is_back(self, work: Work) -> bool:
        """Say whether the search by e-mail finds the person again."""
        emails = tuple(it for it in work.identifiers if it.type == EMAIL)
        person = Person(work.task, emails)
        searches = searches_for(person, self._settings)
        return bool(searches) and await self._matches(person, searches or []) != []

    async def _items(self, task: TaskId, *accounts: Account) -> tuple[Item, ...]:
        """Name the records, tickets first: with open ones a user cannot be deleted."""
        tickets: dict[int, Ticket] = {}
        for account in accounts:
            async for ticket in self._desk.tickets(account.number):
                tickets[ticket.id] = ticket
        return (
            *(_ticket_item(task, tickets[number]) for number in sorted(tickets)),
            *(_user_item(task, account) for account in accounts),
        )

    async def _candidate(self, task: TaskId, account: Account) -> Candidate:
        user = account.user
        created = user.created_at.date() if user.created_at else "at an unknown time"
        return Candidate(
            items=await self._items(task, account),
            label=f"user {user.id}, {user.email or 'no e-mail'}, created {created}",
            learned=tuple(identifiers_of(account, self._settings)),
        )


def _ticket_item(task: TaskId, ticket: Ticket) -> Item:
    created = ticket.created_at
    return Item(
        id=_name(task, f"ticket/{ticket.id}"),
        reference=ticket.reference,
        kind=TICKET,
        record_class="support_ticket",
        started_on=created.date() if created else None,
    )


def _user_item(task: TaskId, account: Account) -> Item:
    created = account.user.created_at
    return Item(
        id=_name(task, f"user/{account.number}"),
        reference=account.number,
        kind=USER,
        record_class="support_user",
        started_on=created.date() if created else None,
    )


def _name(task: TaskId, record: str) -> ItemId:
    # The same each time, and salted: a bare hash of a short number betrays it.
    return ItemId(sha256(f"{task}/{record}".encode()).hexdigest()[:32])
