"""
How Zendesk erases: first softly, then for good, and then product by product.

Every step may be repeated, so an erasure that was interrupted is simply begun again: a
ticket or user in the trash is not put there twice, and one that is nowhere is gone.
Tickets go a hundred a job.  A user is only gone when every Zendesk product that the
account uses says `complete`; an hour after a job ended Zendesk has forgotten it, then
a look decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from enum import Enum, auto

from pydantic import BaseModel, ConfigDict, ValidationError

from connectors.base import (
    Action,
    Done,
    Evidence,
    Item,
    ItemId,
    JobAccepted,
    NeedsHuman,
    Progress,
    Reply,
    Retry,
    TaskId,
    Ticket,
    Work,
)
from connectors.errors import TryLater
from connectors.zendesk.api import END_USER, Desk, Status
from connectors.zendesk.jobs import Job
from connectors.zendesk.people import ZendeskOptions

TICKET, USER = "ticket", "user"
# "Accepts a comma-separated list of up to 100 ticket ids" (tickets reference).
MOST_TICKETS = 100
HORIZON = timedelta(days=30)

_WAITING = frozenset({"queued", "working"})
_KNOWN_STATES = frozenset({"request_deletion", "started", "complete"})
_EVERY_PRODUCT = "all"  # stands for the request itself, not for a product


class Spread(Enum):
    """How far a permanent deletion has gone through the products."""

    RUNNING = auto()
    COMPLETE = auto()
    UNKNOWN = auto()


class Awaited(BaseModel):
    """A ticket's value: what a job or the products must still confirm."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    job: str | None = None
    # Zendesk's name of each record, by ours.
    records: dict[ItemId, int]
    # Items of the call that were not begun: the user, while the tickets go.
    is_whole: bool = True


def spread_of(statuses: Iterable[Status], products: Sequence[str]) -> Spread:
    """
    Judge the lines of one user.

    Complete takes every product that the account uses and every one that has spoken:
    one that has not begun yet is missing among the lines.
    """
    lines = [(it.application, it.action) for it in statuses]
    if any(action not in _KNOWN_STATES for _, action in lines):
        return Spread.UNKNOWN
    spoken = {application for application, _ in lines} - {_EVERY_PRODUCT}
    complete = {application for application, action in lines if action == "complete"}
    return Spread.COMPLETE if complete >= spoken | {*products} else Spread.RUNNING


class Erasure:
    """The two deletions of tickets and users, and the questions about them."""

    def __init__(self, desk: Desk, options: ZendeskOptions) -> None:
        self._desk = desk
        self._options = options

    async def begin(self, work: Work) -> Reply:
        """Delete the tickets of a call, or its users where it has no tickets."""
        tickets = [it for it in work.items if it.kind == TICKET][:MOST_TICKETS]
        users = [it for it in work.items if it.kind == USER]
        if tickets:
            is_whole = len(tickets) == len(work.items)
            return await self._tickets(work.task, tickets, is_whole=is_whole)
        if not users or len(users) != len(work.items):
            return NeedsHuman("unexpected_items")
        return await self._users(work.task, users)

    async def poll(self, ticket: Ticket) -> Reply:
        """Ask about the job, or every product about every user."""
        if ticket.action is not Action.ERASE:
            return NeedsHuman("unexpected_ticket")
        awaited = _awaited(ticket)
        if awaited is None:
            return NeedsHuman("unreadable_ticket")
        if awaited.job is None:
            return await self._ask_products(ticket, awaited)
        job = await self._desk.job(awaited.job)
        return await self._after_job(ticket, awaited, job)

    async def poll_many(self, tickets: Sequence[Ticket]) -> Mapping[TaskId, Reply]:
        """Ask about all jobs in one request; about users, product by product."""
        replies: dict[TaskId, Reply] = {}
        named: list[tuple[Ticket, Awaited, str]] = []
        for ticket in tickets:
            awaited = _awaited(ticket)
            if awaited is not None and awaited.job is not None:
                named.append((ticket, awaited, awaited.job))
            else:
                replies.update(dict.fromkeys(ticket.members, await self.poll(ticket)))
        if named:
            jobs = await self._desk.jobs([name for _, _, name in named])
            for ticket, awaited, name in named:
                reply = await self._after_job(ticket, awaited, jobs.get(name))
                replies.update(dict.fromkeys(ticket.members, reply))
        return replies

    async def left(self, tickets: Iterable[int]) -> frozenset[int] | None:
        """Return the tickets that are live or in the trash; nothing if unknown."""
        there: set[int] = set()
        elsewhere: set[int] = set()
        for number in tickets:
            ticket = await self._desk.ticket(number)
            (elsewhere if ticket is None else there).add(number)
        if elsewhere:
            trash = await self._desk.trash()
            if trash is None:
                return None
            there |= elsewhere & trash
        return frozenset(there)

    async def is_gone(self, user: str) -> bool:
        """Say whether nothing of a user remains, in the record and in each product."""
        found = await self._desk.user(user)
        if found is None:
            return True
        if not found.is_forgotten():
            return False
        statuses = await self._desk.statuses(user)
        if statuses is None:
            return True
        return spread_of(statuses, self._options.products) is Spread.COMPLETE

    # --- tickets --------------------------------------------------------------------

    async def _tickets(
        self, task: TaskId, items: Sequence[Item], *, is_whole: bool
    ) -> Reply:
        """Put tickets into the trash, and ask for all of them to be destroyed."""
        live: list[int] = []
        for item in items:
            ticket = await self._desk.ticket(number_of(item))
            if ticket is None:
                continue
            if ticket.reference != item.reference:
                # Merging users moves tickets: this one is somebody else's now.
                return NeedsHuman("requester_changed")
            live.append(ticket.id)
        for number in live:
            await self._desk.trash_ticket(number)
        try:
            job = await self._desk.destroy_tickets([number_of(it) for it in items])
        except TryLater as later:
            if later.cause == "throttled" and later.after is None:
                # 30 jobs are queued already; Zendesk names no time.
                return Retry("jobs_full", self._options.full_after)
            raise
        records = {it.id: number_of(it) for it in items}
        awaited = Awaited(job=job, records=records, is_whole=is_whole)
        return self._later(awaited, (task,), self._options.check_job_after)

    async def _after_job(
        self, ticket: Ticket, awaited: Awaited, job: Job | None
    ) -> Reply:
        """Say what a job's state means; where it says too little, look."""
        match job.status if job else "forgotten":
            case status if status in _WAITING:
                return self._later(
                    awaited, ticket.members, self._options.check_job_after
                )
            case "completed" if job and job.succeeded(awaited.records.values()):
                return _gone(awaited, awaited.records)
            case "completed" | "forgotten":
                return await self._looked(awaited)
            case "failed":
                return Retry("job_failed", self._options.failed_after)
            case _:
                return NeedsHuman("unknown_job_state")

    async def _looked(self, awaited: Awaited) -> Reply:
        """Count as gone only what is neither live nor in the trash."""
        left = await self.left(awaited.records.values())
        if left is None:
            return NeedsHuman("trash_too_large_to_read")
        gone = [id_ for id_, number in awaited.records.items() if number not in left]
        if not gone:
            return NeedsHuman("tickets_not_deleted")
        return _gone(awaited, gone)

    # --- users ----------------------------------------------------------------------

    async def _users(self, task: TaskId, items: Sequence[Item]) -> Reply:
        """Delete users softly, then for good; whoever works there is never deleted."""
        there = {}
        for item in items:
            user = await self._desk.user(item.reference)
            if user is None:
                continue
            # Read again, because a customer may have been hired since the search.
            if user.role != END_USER and not user.is_forgotten():
                return NeedsHuman("agent_or_admin")
            there[item.id] = user
        for user in there.values():
            number = str(user.id)
            if user.active is not False and not await self._desk.trash_user(number):
                return NeedsHuman("user_has_open_tickets")
            await self._desk.destroy_user(number)
        if not there:
            return Done("deleted", Evidence.E2)
        awaited = Awaited(records={it.id: int(it.reference) for it in items})
        return self._confirmed(awaited, (task,))

    async def _ask_products(self, ticket: Ticket, awaited: Awaited) -> Reply:
        """Every product must say complete about every user."""
        spreads: set[Spread] = set()
        for number in awaited.records.values():
            statuses = await self._desk.statuses(str(number))
            if statuses is not None:
                spreads.add(spread_of(statuses, self._options.products))
        if Spread.UNKNOWN in spreads:
            return NeedsHuman("unknown_deletion_state")
        if Spread.RUNNING in spreads:
            return self._confirmed(awaited, ticket.members)
        return _gone(awaited, awaited.records)

    def _confirmed(self, awaited: Awaited, members: tuple[TaskId, ...]) -> JobAccepted:
        """Wait for the products' word: no job is queued for it."""
        later = self._later(awaited, members, self._options.check_after)
        return replace(later, is_queued=False)

    def _later(
        self, awaited: Awaited, members: tuple[TaskId, ...], after: timedelta
    ) -> JobAccepted:
        ticket = Ticket(awaited.model_dump_json(), Action.ERASE, members)
        return JobAccepted(ticket, after, HORIZON)


def _awaited(ticket: Ticket) -> Awaited | None:
    """Read a ticket; nothing if it is no ticket of ours."""
    try:
        return Awaited.model_validate_json(ticket.value)
    except ValidationError:
        return None


def number_of(item: Item) -> int:
    """Return a ticket's number out of the item's reference."""
    return int(item.reference.partition(":")[0])


def _gone(awaited: Awaited, gone: Iterable[ItemId]) -> Reply:
    """Say which items are gone, and that the others are still to do."""
    done = tuple(gone)
    if awaited.is_whole and len(done) == len(awaited.records):
        return Done("deleted", Evidence.E2)
    return Progress(done, Evidence.E2)
