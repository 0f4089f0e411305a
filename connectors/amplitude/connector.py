"""
Amplitude: product events of users, known by `user_id` or by Amplitude's own number.

Vendor API: https://amplitude.com/docs/apis/analytics/user-privacy and
https://amplitude.com/docs/apis/analytics/ccpa-dsar, read 2026-11.

There is no search: `locate` hands back the ids it was given as unproven items, and E2
is the best a line can reach.  A deletion job has no id: its day and the user's number
find it again.  The same call deletes in one project or in the whole organisation, so
the scope is declared and every answer is compared with it.  Amplitude goes on
accepting events of a deleted user and has no call to stop that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from types import MappingProxyType
from typing import ClassVar, Literal

from pydantic import (
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from connectors.amplitude.api import Analytics, Job
from connectors.amplitude.export import export_file
from connectors.amplitude.jobs import (
    STAGING,
    Batch,
    Copies,
    CopyRequest,
    marked_by,
    places_of,
    told_of,
)
from connectors.base import (
    Action,
    Api,
    Cancelled,
    ConnectorSpec,
    Effect,
    Evidence,
    Exported,
    Failed,
    Finding,
    IdentifierType,
    Installation,
    Item,
    ItemId,
    JobAccepted,
    Located,
    NeedsHuman,
    NotApplicable,
    NothingFound,
    OneAtATime,
    Operation,
    Options,
    Person,
    Proof,
    Rate,
    Replay,
    Reply,
    Retry,
    Sink,
    TaskId,
    Ticket,
    TooLate,
    Work,
)
from connectors.durations import Duration
from schemas.connecting import CUSTOMER_ID, EMAIL, PHONE, HeaderAuth

USER_ID = IdentifierType("amplitude.user_id")
AMPLITUDE_ID = IdentifierType("amplitude.amplitude_id")

# "Up to 100 users" a call.
MOST_IDS = 100
_SEARCHABLE = frozenset({USER_ID, AMPLITUDE_ID, CUSTOMER_ID, EMAIL, PHONE})
_UNREADABLE = NeedsHuman("unreadable_ticket")
_SECOND, _HOUR = timedelta(seconds=1), timedelta(hours=1)
# 14,400 points an hour; a request for a copy costs 8, every other one.
_COPY_RATES = (Rate(14_400, _HOUR, cost=8),)
_LOOK_RATES = (Rate(14_400, _HOUR),)
_ORGANISATION = HeaderAuth(secret="org_key", template="Basic {basic}")  # noqa: S106


class AmplitudeOptions(Options):
    """
    What the register must say of one Amplitude account.

    `scope` says how far a deletion goes and `projects` names the projects (the `app`
    of an answer) that it may reach: one for `project`, all of them for
    `organisation`.  `user_id_holds` names the identifier types that this retailer
    uses as `user_id` besides `amplitude.user_id` itself.  `requester` is shown to all
    administrators, so it names a team.
    """

    scope: Literal["project", "organisation"]
    projects: tuple[str, ...] = Field(min_length=1)
    requester: str = Field(default="privacy-team", min_length=1)
    user_id_holds: tuple[IdentifierType, ...] = ()
    check_after: Duration = Field(default=timedelta(hours=12), gt=timedelta(0))
    check_copy_after: Duration = Field(default=timedelta(minutes=20), gt=timedelta(0))

    @field_validator("user_id_holds")
    @classmethod
    def _are_searchable(
        cls, types: tuple[IdentifierType, ...]
    ) -> tuple[IdentifierType, ...]:
        """Refuse a type that the connector never receives."""
        if not (_SEARCHABLE - {AMPLITUDE_ID}).issuperset(types):
            raise ValueError(f"use some of {sorted(_SEARCHABLE - {AMPLITUDE_ID})}")
        return types

    @model_validator(mode="after")
    def _names_its_scope(self) -> AmplitudeOptions:
        """Refuse a scope that contradicts itself."""
        if self.scope == "project" and len(self.projects) != 1:
            raise ValueError("the scope project has exactly one of projects")
        return self


class Amplitude(OneAtATime):
    """Export and erase users of one Amplitude project or organisation."""

    options: ClassVar[type[Options]] = AmplitudeOptions
    spec: ClassVar = ConnectorSpec(
        name="amplitude",
        version="1",
        vendor="Amplitude",
        source="https://amplitude.com/docs/apis/analytics/user-privacy, 2026-11",
        actions=frozenset({Action.LOCATE, Action.EXPORT, Action.ERASE}),
        accepts=_SEARCHABLE,
        yields=frozenset(),
        operations=MappingProxyType(
            {
                "list_jobs": Operation("GET", "/api/2/deletions/users", Effect.READ),
                "create_job": Operation("POST", "/api/2/deletions/users", Effect.WRITE),
                "take_out": Operation(
                    "DELETE",
                    "/api/2/deletions/users/{amplitude_id}/{job_start_day}",
                    Effect.WRITE,
                    identifies=frozenset({"amplitude_id"}),
                ),
                "create_copy": Operation(
                    "POST",
                    "/api/2/dsar/requests",
                    Effect.READ,
                    rates=_COPY_RATES,
                    auth=_ORGANISATION,
                ),
                "read_copy": Operation(
                    "GET",
                    "/api/2/dsar/requests/{requestId}",
                    Effect.READ,
                    rates=_LOOK_RATES,
                    auth=_ORGANISATION,
                ),
                "read_output": Operation(
                    "GET",
                    "/api/2/dsar/requests/{requestId}/outputs/{outputId}",
                    Effect.READ,
                    rates=_LOOK_RATES,
                    auth=_ORGANISATION,
                ),
                # The object store that an output leads to.
                "download": Operation(
                    "GET", "/storage/{name}", Effect.READ, in_vendor_file=False
                ),
            }
        ),
        auth=HeaderAuth(secret="project_key", template="Basic {basic}"),  # noqa: S106
        rates=(Rate(1, _SECOND),),
        proof=Proof.STATUS,
        replay=MappingProxyType(
            {Action.ERASE: Replay.REPEAT, Action.EXPORT: Replay.REPEAT}
        ),
        horizon=timedelta(days=30),
        record_classes=frozenset({"analytics_profile"}),
        base_url="https://amplitude.com",
        cancels=frozenset({Action.ERASE}),
        people_per_call=MappingProxyType({Action.ERASE: MOST_IDS}),
        items_per_call=MappingProxyType({Action.ERASE: MOST_IDS}),
        # One list names every job of its days.
        polls_per_call=MappingProxyType({Action.ERASE: 100}),
    )

    def __init__(self, api: Api, options: AmplitudeOptions) -> None:
        super().__init__(api, options)
        self._settings = options
        self._analytics = Analytics(api)
        self._user_ids = frozenset({USER_ID, *options.user_id_holds})

    async def ping(self) -> Installation:
        """
        Ask for the jobs of a day without any; no answer names project or organisation.

        So the project's key is checked here, and its project with the first job.
        """
        await self._analytics.today()
        return Installation("unnamed")

    async def locate_one(self, person: Person) -> Finding:
        """Return the person's ids; nobody can ask Amplitude for them."""
        items: dict[ItemId, Item] = {}
        for it in person.identifiers:
            kind = "user_id" if it.type in self._user_ids else "amplitude_id"
            if it.type != AMPLITUDE_ID and kind == "amplitude_id":
                continue
            if kind == "amplitude_id" and not _is_number(it.value):
                return NeedsHuman("amplitude_id_is_no_number")
            item = _item(person.task, kind, it.value)
            items[item.id] = item
        return (
            Located(tuple(items.values())) if items else NotApplicable("no_identifier")
        )

    async def erase(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """
        Mark as many people as fit into one call; the others come again.

        Safe to repeat: a user who is marked already stays marked.
        """
        replies: dict[TaskId, Reply] = {}
        taken: list[Work] = []
        count = 0
        for one in work:
            if not 1 <= len(one.items) <= MOST_IDS:
                replies[one.task] = NeedsHuman("wrong_number_of_ids")
            elif count + len(one.items) > MOST_IDS:
                replies[one.task] = Retry("batch_full", timedelta(0))
            else:
                count += len(one.items)
                taken.append(one)
        if taken:
            replies.update(await self._mark(taken))
        return replies

    async def export(self, work: Work, sink: Sink) -> Reply:  # noqa: ARG002
        """Ask for a copy for each id, so that each file is about nobody else."""
        if not work.items:
            return NeedsHuman("wrong_number_of_ids")
        today = await self._analytics.today()
        requests: list[CopyRequest] = []
        for item in work.items:
            value: str | int = item.reference
            name: Literal["userId", "amplitudeId"] = "userId"
            if item.kind == "amplitude_id":
                name, value = "amplitudeId", int(item.reference)
            number = await self._analytics.request_copy({name: value}, today)
            requests.append(
                CopyRequest(number=number, name=name, subject=item.reference)
            )
        value_ = Copies(requests=tuple(requests)).model_dump_json()
        ticket = Ticket(value_, Action.EXPORT, (work.task,))
        return JobAccepted(ticket, self._settings.check_copy_after, timedelta(days=3))

    async def poll(self, ticket: Ticket, sink: Sink | None) -> Mapping[TaskId, Reply]:
        """Ask once for all members of a deletion; a copy has one."""
        try:
            if ticket.action is Action.ERASE:
                batch = Batch.model_validate_json(ticket.value)
                return await self._ask(batch, ticket)
            if ticket.action is Action.EXPORT and sink is not None:
                copies = Copies.model_validate_json(ticket.value)
                reply = await self._fetch(copies, ticket, sink)
                return dict.fromkeys(ticket.members, reply)
        except ValidationError:
            return dict.fromkeys(ticket.members, _UNREADABLE)
        return dict.fromkeys(ticket.members, NeedsHuman("unexpected_ticket"))

    async def cancel(self, ticket: Ticket) -> Cancelled | TooLate:
        """Take the members' users out of their job, while all of them are staging."""
        try:
            batch = Batch.model_validate_json(ticket.value)
        except ValidationError:
            return TooLate("unreadable_ticket")
        jobs = await self._analytics.jobs(batch.first, batch.last)
        digests = {task: batch.people.get(task, ()) for task in ticket.members}
        places = places_of(digests, jobs, self._settings.projects)
        if any(job.status != STAGING for _, job in places):
            return TooLate()
        for number, job in places:
            if not await self._analytics.take_out(number, job.day):
                return TooLate()
        return Cancelled()

    # --- deletions ----------------------------------------------------------------

    async def _mark(self, work: Sequence[Work]) -> Mapping[TaskId, Reply]:
        """Send one call, and tell for each person what came of their ids."""
        items = [item for one in work for item in one.items]
        users = [it.reference for it in items if it.kind == "user_id"]
        numbers = [int(it.reference) for it in items if it.kind == "amplitude_id"]
        jobs = await self._analytics.mark(
            {
                "user_ids": list(dict.fromkeys(users)),
                "amplitude_ids": list(dict.fromkeys(numbers)),
            },
            requester=self._settings.requester,
            whole_organisation=self._settings.scope == "organisation",
        )
        replies: dict[TaskId, Reply] = {}
        people: dict[TaskId, tuple[str, ...]] = {}
        for one in work:
            marked = marked_by(one, jobs, self._settings.projects)
            if isinstance(marked, tuple):
                people[one.task] = marked
            else:
                replies[one.task] = marked
        if people:
            days = [job.day for job in jobs or ()]
            batch = Batch(first=min(days), last=max(days), people=people)
            replies.update(dict.fromkeys(people, self._later(batch)))
        return replies

    async def _ask(self, batch: Batch, ticket: Ticket) -> Mapping[TaskId, Reply]:
        """Find every member's users in the jobs of the batch's days."""
        jobs = await self._analytics.jobs(batch.first, batch.last)
        return self._told(batch, ticket, jobs)

    async def poll_many(self, tickets: Sequence[Ticket]) -> Mapping[TaskId, Reply]:
        """Read the list of jobs once for all deletions."""
        replies: dict[TaskId, Reply] = {}
        batches: list[tuple[Ticket, Batch]] = []
        for ticket in tickets:
            try:
                batches.append((ticket, Batch.model_validate_json(ticket.value)))
            except ValidationError:
                replies |= dict.fromkeys(ticket.members, _UNREADABLE)
        if batches:
            first = min(batch.first for _, batch in batches)
            last = max(batch.last for _, batch in batches)
            jobs = await self._analytics.jobs(first, last)
            for ticket, batch in batches:
                replies.update(self._told(batch, ticket, jobs))
        return replies

    def _told(
        self, batch: Batch, ticket: Ticket, jobs: Sequence[Job]
    ) -> Mapping[TaskId, Reply]:
        """Judge every member by the jobs of the batch's days."""
        told, left = told_of(batch, ticket.members, jobs, self._settings.projects)
        later = {} if left is None else dict.fromkeys(left.people, self._later(left))
        return {**told, **later}

    def _later(self, batch: Batch) -> JobAccepted:
        ticket = Ticket(batch.model_dump_json(), Action.ERASE, tuple(batch.people))
        return JobAccepted(ticket, self._settings.check_after, self.spec.horizon)

    # --- copies -------------------------------------------------------------------

    async def _fetch(self, copies: Copies, ticket: Ticket, sink: Sink) -> Reply:
        """Fetch all files at once when every copy is ready."""
        found = [(it, await self._analytics.copy(it.number)) for it in copies.requests]
        states = {copy.status for _, copy in found}
        if "failed" in states:
            return Failed("copy_failed", "Ask Amplitude; it copies no more than "
                          "100,000 events a month.")  # fmt: skip
        if states - {"staging", "submitted", "done"}:
            return NeedsHuman("unknown_job_state")
        if states != {"done"}:
            return JobAccepted(
                ticket, self._settings.check_copy_after, timedelta(days=3)
            )
        files = []
        for request, copy in found:
            for url in copy.urls:
                pieces = await self._analytics.file(request.number, url)
                if pieces is None:
                    return Retry("files_expired", timedelta(0))
                files.append((request, pieces))
        rows = 0
        for request, pieces in files:
            rows += await export_file(pieces, sink, request.name, request.subject)
        return Exported(rows) if rows else NothingFound(Evidence.E2)


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdecimal()


def _item(task: TaskId, kind: str, value: str) -> Item:
    # Salted with the task: an id may be an e-mail address, which a bare hash betrays.
    name = sha256(f"{task}/{kind}/{value}".encode()).hexdigest()[:32]
    return Item(
        id=ItemId(name),
        reference=value,
        kind=kind,
        record_class="analytics_profile",
        proven=False,
    )
