"""
The few requests to Zendesk that the connector needs, and the shapes it relies on.

Zendesk words "no such record" as `RecordNotFound`; any other 404 is a wrong address,
which must not pass for an erasure.  Nobody follows a URL out of an answer: of a next
page only its cursor or its number is taken.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, JsonValue

from connectors.base import Api
from connectors.errors import (
    ContractChanged,
    CredentialsRefused,
    ProcessorError,
    Refused,
)
from connectors.transport.http import Answer
from connectors.zendesk.jobs import Job, ManyJobs, OneJob

# What a user's name becomes (reference of "List Deleted Users", read 2026-11).
FORGOTTEN_NAME = "Permanently Deleted User"
END_USER = "end-user"

_DOMAIN = ".zendesk.com"
_DELETED = 204
_NOT_FOUND = 404
_INVALID = 422
_PAGE = "100"
# Ten requests a minute are allowed: more pages of the trash would take too long.
_MOST_TRASH_PAGES = 20


class _Loose(BaseModel):
    """An answer of which only some fields matter; none of it shows in an error."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)


class User(_Loose):
    """One user; a deleted one is not active, a forgotten one says nothing more."""

    id: int
    name: str
    role: str | None = None
    active: bool | None = None
    email: str | None = None
    phone: str | None = None
    shared_phone_number: bool | None = None
    external_id: str | None = None
    created_at: datetime | None = None
    user_fields: dict[str, JsonValue] = {}

    def is_forgotten(self) -> bool:
        """Say whether the record remains and nothing in it names a person."""
        return (
            self.active is False
            and self.name == FORGOTTEN_NAME
            and not (self.email or self.phone)
        )


class Identity(_Loose):
    """One address or number of a user."""

    id: int
    user_id: int
    type: str
    value: str
    verified: bool | None = None


class Ticket(_Loose):
    """One ticket, as the search or the read gives it."""

    id: int
    requester_id: int
    created_at: datetime | None = None

    @property
    def reference(self) -> str:
        """The ticket and whose it is: a ticket that moved is another item."""
        return f"{self.id}:{self.requester_id}"


class Comment(_Loose):
    """One message of a ticket."""

    id: int
    author_id: int


class Status(_Loose):
    """One line of what became of a user in one Zendesk product."""

    application: str
    action: str
    user_id: int


class _Cursor(_Loose):
    has_more: bool = False
    after_cursor: str | None = None


class _OneUser(_Loose):
    user: User


class _Users(_Loose):
    users: list[User]
    next_page: str | None = None


class _Deleted(_Loose):
    deleted_user: User


class _Identities(_Loose):
    identities: list[Identity]
    next_page: str | None = None


class _OneTicket(_Loose):
    ticket: Ticket


class _Found(_Loose):
    results: list[Ticket]
    meta: _Cursor


class _Comments(_Loose):
    comments: list[Comment]
    meta: _Cursor


class _TrashedTicket(_Loose):
    id: int


class _Trash(_Loose):
    deleted_tickets: list[_TrashedTicket]
    meta: _Cursor


class _Statuses(_Loose):
    compliance_deletion_statuses: list[Status]
    next_page: str | None = None


class _Me(_Loose):
    id: int | None
    url: str = ""


class _OneMe(_Loose):
    user: _Me


class _Error(_Loose):
    error: str


PageT = TypeVar("PageT", _Found, _Comments, _Trash)


class Desk:
    """One Zendesk account's API, in the connector's words."""

    def __init__(self, api: Api) -> None:
        self._api = api

    # --- reading --------------------------------------------------------------------

    async def subdomain(self) -> str:
        """Return the account's own name, out of the address of our own user."""
        answer = await self._api.call("me")
        me = answer.parse(_OneMe).user
        if me.id is None:
            # Zendesk answers 200 to nobody: "Anonymous user".
            raise CredentialsRefused("anonymous")
        host = urlsplit(me.url).hostname or ""
        if not host.endswith(_DOMAIN):
            raise answer.unexpected()
        return host.removesuffix(_DOMAIN)

    async def search(self, name: str, value: str) -> Sequence[User] | None:
        """Search users by one parameter; nothing where there are too many to see."""
        answer = await self._api.call("search_users", query={name: value})
        page = answer.parse(_Users)
        return None if page.next_page else page.users

    async def user(self, number: str) -> User | None:
        """Return one user, deleted ones too; nothing if Zendesk knows none."""
        answer = await self._read("read_user", user_id=number)
        if answer is None:
            return None
        user = answer.parse(_OneUser).user
        if str(user.id) != number:
            raise answer.unexpected()
        return user

    async def identities(self, number: str) -> AsyncIterator[Identity]:
        """Give every address and number of a user."""
        for page in range(1, 101):
            answer = await self._api.call(
                "identities",
                path={"user_id": number},
                query={"page": str(page)} if page > 1 else None,
            )
            found = answer.parse(_Identities)
            for identity in found.identities:
                yield identity
            if not found.next_page:
                return
        raise ContractChanged("identities_without_end")

    async def tickets(self, number: str) -> AsyncIterator[Ticket]:
        """Give every ticket that the user asked for; raises if it is another's."""
        query = {"query": f"requester:{number}", "filter[type]": "ticket"}
        async for page in self._pages("search_tickets", _Found, {}, query):
            for ticket in page.results:
                if str(ticket.requester_id) != number:
                    raise ContractChanged("search_ignored_its_filter")
                yield ticket

    async def ticket(self, number: int) -> Ticket | None:
        """Return one ticket; nothing if it is in the trash or nowhere."""
        answer = await self._read("read_ticket", ticket_id=str(number))
        return None if answer is None else answer.parse(_OneTicket).ticket

    async def comments(self, ticket: int) -> AsyncIterator[Comment]:
        """Give every message of a ticket, oldest first."""
        path = {"ticket_id": str(ticket)}
        async for page in self._pages("comments", _Comments, path, {}):
            for comment in page.comments:
                yield comment

    async def trash(self) -> frozenset[int] | None:
        """Return the soft-deleted tickets; nothing if there are too many to list."""
        seen: set[int] = set()
        pages = 0
        async for page in self._pages("deleted_tickets", _Trash, {}, {}):
            seen.update(it.id for it in page.deleted_tickets)
            pages += 1
            if pages == _MOST_TRASH_PAGES and page.meta.has_more:
                return None
        return frozenset(seen)

    async def job(self, name: str) -> Job | None:
        """Return a job; nothing once Zendesk has forgotten it (after an hour)."""
        answer = await self._read("read_job", job_status_id=name)
        return None if answer is None else answer.parse(OneJob).job_status

    async def jobs(self, names: Sequence[str]) -> Mapping[str, Job]:
        """Return those of up to 100 jobs that Zendesk still knows, by name."""
        answer = await self._api.call("read_jobs", query={"ids": ",".join(names)})
        return {job.id: job for job in answer.parse(ManyJobs).job_statuses}

    async def statuses(self, number: str) -> Sequence[Status] | None:
        """Return what each product says; nothing if Zendesk knows no such user."""
        answer = await self._read("deletion_statuses", user_id=number)
        if answer is None:
            return None
        page = answer.parse(_Statuses)
        lines = page.compliance_deletion_statuses
        if page.next_page or any(str(it.user_id) != number for it in lines):
            raise answer.unexpected()
        return lines

    # --- deleting -------------------------------------------------------------------

    async def trash_ticket(self, number: int) -> None:
        """Delete a ticket softly; one that is not there is in the trash or nowhere."""
        answer = await self._api.call(
            "delete_ticket", path={"ticket_id": str(number)}, accept=(_NOT_FOUND,)
        )
        if answer.status == _NOT_FOUND:
            _must_be_unknown(answer)
        elif answer.status != _DELETED:
            raise answer.unexpected()

    async def destroy_tickets(self, numbers: Sequence[int]) -> str:
        """Delete up to 100 tickets of the trash for good; return the job's name."""
        if not numbers:
            raise ContractChanged("no_tickets_to_destroy")
        answer = await self._api.call(
            "destroy_tickets", query={"ids": ",".join(map(str, numbers))}
        )
        return answer.parse(OneJob).job_status.id

    async def trash_user(self, number: str) -> bool:
        """Delete a user softly; false if Zendesk says that tickets forbid it."""
        answer = await self._api.call(
            "delete_user", path={"user_id": number}, accept=(_NOT_FOUND, _INVALID)
        )
        if answer.status == _INVALID:
            if _error(answer) != "RecordInvalid":
                raise Refused(answer.status)
            return False
        if answer.status == _NOT_FOUND:
            _must_be_unknown(answer)
        else:
            user = answer.parse(_OneUser).user
            if str(user.id) != number or user.active is not False:
                raise answer.unexpected()
        return True

    async def destroy_user(self, number: str) -> None:
        """Delete a user of the trash for good; asked before is as good."""
        answer = await self._api.call(
            "destroy_user", path={"deleted_user_id": number}, accept=(_NOT_FOUND,)
        )
        if answer.status == _NOT_FOUND:
            _must_be_unknown(answer)
        elif str(answer.parse(_Deleted).deleted_user.id) != number:
            raise answer.unexpected()

    # --- requests -------------------------------------------------------------------

    async def _read(self, operation: str, **path: str) -> Answer | None:
        """Read one record; nothing only where Zendesk itself knows none."""
        answer = await self._api.call(operation, path=path, accept=(_NOT_FOUND,))
        if answer.status != _NOT_FOUND:
            return answer
        if _error(answer) != "RecordNotFound":
            raise ContractChanged("undocumented_404")
        return None

    async def _pages(
        self,
        operation: str,
        model: type[PageT],
        path: dict[str, str],
        query: dict[str, str],
    ) -> AsyncIterator[PageT]:
        """Give every page; a cursor that comes again would never end."""
        used: set[str] = set()
        paged = {**query, "page[size]": _PAGE}
        while True:
            answer = await self._api.call(operation, path=path, query=paged)
            page = answer.parse(model)
            yield page
            if not page.meta.has_more:
                return
            cursor = page.meta.after_cursor
            if not cursor or cursor in used:
                raise ContractChanged("next_page_without_cursor")
            used.add(cursor)
            paged["page[after]"] = cursor


def _error(answer: Answer) -> str | None:
    """Return the vendor's own code; nothing if somebody else answered."""
    try:
        return answer.parse(_Error).error
    except ProcessorError:
        return None


def _must_be_unknown(answer: Answer) -> None:
    """Take only the vendor's own "no such record": a wrong base URL is a 404 too."""
    if _error(answer) != "RecordNotFound":
        raise Refused(answer.status)
